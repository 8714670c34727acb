using Managed.Cache;
using Managed.Guards;
using Managed.Guards.Published;
using Managed.Kernels;
using Managed.Kernels.Guidance;
using Managed.Sampling;

namespace Managed.Tests.Guarding;

/// <summary>reference/guards.md §1.8, §8.1.</summary>
public class SafeInferTests
{
    private static readonly LanguageModel Model = Thornvale.Model;
    private static readonly float[] Vector = Thornvale.Tensor("refusal.2");
    private static readonly double[] Base = [2, 1, .5, 0, -1, -2], Unsafe = [3, .5, .5, -.5, 1, -3];

    private static double[] LogSoftmax(double[] logits)
    {
        double highest = logits.Max(), sum = highest + Math.Log(logits.Sum(logit => Math.Exp(logit - highest)));
        return [.. logits.Select(logit => logit - sum)];
    }

    // As the arithmetic of language models writes it: (log p − λ·max(log p, log p_anti)) / (1 − λ), normalised.
    private static double[] OperatorForm(double[] own, double[] anti, double lambda) =>
        LogSoftmax([.. LogSoftmax(own).Zip(LogSoftmax(anti), (a, b) => (a - (lambda * Math.Max(a, b))) / (1 - lambda))]);

    private static double[] Filtered(double[] own, double[] anti, float lambda)
    {
        float[] scores = Array.ConvertAll(own, value => (float)value);
        LogitStages.Union(scores, Array.ConvertAll(anti, value => (float)value), lambda);
        return LogSoftmax(Array.ConvertAll(scores, value => (double)value));
    }

    [TestCase(0, .557275, .205010, .124345, .075419, .027745, .010207)]
    [TestCase(.5, .494713, .245147, .148689, .090185, .009061, .012205)]
    [TestCase(.9, .084240, .452406, .274398, .166431, .000001, .022524)]
    [TestCase(.99, .000000, .494023, .299640, .181741, .000000, .024596)]
    public void Filter_gives_the_golden_distribution(double lambda, params double[] expected)
    {
        Assert.That(OperatorForm(Base, Unsafe, lambda).Select(Math.Exp), Is.EqualTo(expected).Within(1e-6), "float64, operator form");
        Assert.That(Filtered(Base, Unsafe, (float)lambda).Select(Math.Exp), Is.EqualTo(expected).Within(1e-4), "float32, closed form");
    }

    [Test]
    public void Filter_gives_the_golden_log_probabilities()
    {
        double[] expected = [-29.19524, -.705173, -1.205173, -1.705173, -131.19524, -3.705173];
        double[] exact = OperatorForm(Base, Unsafe, .99), single = Filtered(Base, Unsafe, .99f);
        for (int id = 0; id < expected.Length; id++)
        {
            Assert.That(exact[id], Is.EqualTo(expected[id]).Within(5e-6));
            Assert.That(single[id], Is.EqualTo(exact[id]).Within(1e-4 * Math.Max(1, Math.Abs(exact[id]))));
        }
    }

    // §8.1: what must not be computed by mistake.
    [Test]
    public void The_filter_is_neither_the_papers_difference_of_distributions_nor_the_form_without_division()
    {
        double[] own = LogSoftmax(Base), anti = LogSoftmax(Unsafe), larger = [.. own.Zip(anti, Math.Max)], filtered = [.. Filtered(Base, Unsafe, .99f).Select(Math.Exp)];
        double[] union = [.. LogSoftmax(larger).Select(Math.Exp)], difference = [.. own.Zip(union, (p, c) => Math.Exp(p) - (.99 * c))];
        Assert.That(union, Is.EqualTo(new[] { .592359, .161779, .098124, .059515, .080167, .008055 }).Within(1e-6), "equation 5");
        Assert.That(difference, Is.EqualTo(new[] { -.029161, .044848, .027202, .016499, -.051620, .002233 }).Within(1e-6), "equation 6");
        double[] undivided = [.. LogSoftmax([.. own.Zip(larger, (p, most) => p - (.99 * most))]).Select(Math.Exp)];
        Assert.That(undivided, Is.EqualTo(new[] { .151058, .200852, .199850, .198853, .054471, .194916 }).Within(1e-6), "without division");
        foreach (double[] other in new[] { difference, undivided })
            Assert.That(filtered.Zip(other, (a, b) => Math.Abs(a - b)).Max(), Is.GreaterThan(.1));
    }

    // §8.1: rounding is multiplied by λ/(1 − λ) = 99; rows of the same weights are therefore computed alike.
    [Test]
    public void A_second_model_rounded_to_bfloat16_moves_the_distribution_as_in_the_golden()
    {
        static double Round(double value)
        {
            uint bits = BitConverter.SingleToUInt32Bits((float)value);
            return BitConverter.UInt32BitsToSingle((bits + 0x7FFFu + ((bits >> 16) & 1)) & 0xFFFF0000u);
        }

        double[] own = LogSoftmax(Base), rounded = Array.ConvertAll(own, Round);
        double[] moved = LogSoftmax([.. own.Zip(rounded, (a, b) => a - (99 * Math.Max(0, b - a)))]);
        Assert.That(moved.Select(Math.Exp), Is.EqualTo(new[] { .625319, .230042, .072792, .044151, .016242, .011453 }).Within(1e-6));
        Assert.That(Filtered(Base, Base, .99f).Select(Math.Exp), Is.EqualTo(own.Select(Math.Exp)).Within(1e-7), "equal rows change nothing");
    }

    [Test]
    public void A_second_checkpoint_filters_as_a_lane_of_the_same_weights_does()
    {
        GuardProgram Under(AntiExpert other) => new SafeInfer { Vector = Vector, Layer = 2, Strength = 2, AntiExpert = other, Lambda = .9f }.Build(Model);
        using CompiledGuard lane = Under(AntiExpert.Edited(_ => { })).Compile(Model), checkpoint = Under(AntiExpert.Checkpoint(Models.TestModels.HearthPath)).Compile(Model);
        foreach (SamplingOptions sampling in new[] { SamplingOptions.Greedy, new SamplingOptions { Temperature = 1.1, Seed = 3 } })
        {
            // in one batch, with rows that have neither
            GenerationRequest Request(string text, CompiledGuard? guard) => new(Thornvale.Ask(text), new GenerationOptions { MaxTokens = 20, Guard = guard, Sampling = sampling });
            GenerationRequest[] requests = [.. Thornvale.Requests.SelectMany(text => new[] { Request(text, lane), Request(text, checkpoint), Request(text, null) })];
            IReadOnlyList<GenerationResult> answers = Model.GenerateBatch(requests);
            for (int i = 0; i < answers.Count; i += 3)
            {
                Assert.That(answers[i].Failure, Is.Null);
                Assert.That(answers[i + 1].Ids, Is.EqualTo(answers[i].Ids), Thornvale.Requests[i / 3]);
                Assert.That(Model.Generate(requests[i + 1].Ids.ToArray(), requests[i + 1].Options).Ids, Is.EqualTo(answers[i].Ids), "alone");
            }
            Assert.That(Enumerable.Range(0, answers.Count / 3).Any(i => !answers[3 * i].Ids.SequenceEqual(answers[(3 * i) + 2].Ids)), Is.True, "the guard does something");
        }
        Thornvale.AssertIdle(new SafeInfer { AntiExpert = AntiExpert.Checkpoint(Models.TestModels.HearthPath) }.Build(Model));
    }

    [Test]
    public void A_checkpoint_of_other_tokens_is_no_anti_expert()
    {
        string warden = Path.Combine(SharedFolder.Repository, "models", "warden");
        Assert.That(() => new SafeInfer { AntiExpert = AntiExpert.Checkpoint(warden) }.Build(Model).Compile(Model),
            Throws.TypeOf<GuardException>().With.Message.Contains("lane anti_expert, model").And.Message.Contains("warden"));
        Assert.That(() => new SafeInfer { AntiExpert = AntiExpert.Checkpoint("nowhere/at/all") }.Build(Model).Compile(Model), Throws.TypeOf<GuardException>().With.Message.Contains("nowhere"));
    }

    [Test]
    public void Closed_form_is_the_operator_form_on_a_large_vocabulary()
    {
        var random = new Random(8);
        double[] own = [.. Enumerable.Range(0, 32768).Select(_ => (random.NextDouble() * 16) - 8)], anti = [.. own.Select(value => value + random.NextDouble() - 0.5)];
        double[] exact = OperatorForm(own, anti, 0.5), single = Filtered(own, anti, 0.5f);
        for (int id = 0; id < own.Length; id++)
            Assert.That(single[id], Is.EqualTo(exact[id]).Within(1e-5));
    }

    [Test]
    public void Tokens_that_the_anti_expert_dislikes_keep_their_odds()
    {
        double[] before = LogSoftmax(Base), anti = LogSoftmax(Unsafe), after = Filtered(Base, Unsafe, .99f);
        int[] disliked = [.. Enumerable.Range(0, 6).Where(id => anti[id] < before[id])];
        Assert.That(disliked, Has.Length.GreaterThan(2));
        foreach (int id in disliked)
            Assert.That(after[id] - after[disliked[0]], Is.EqualTo(before[id] - before[disliked[0]]).Within(1e-5));
    }

    // Heads may have more rows than the tokenizer has tokens.
    [Test]
    public void Rows_that_no_token_has_are_no_part_of_the_distributions()
    {
        Assert.That(SurplusTokens.Between(6, 8), Is.EqualTo(new[] { 6, 7 }));
        Assert.That(SurplusTokens.Of(Model), Is.Empty);
        const float Never = float.NegativeInfinity;
        float[] own = [2, 1, .5f, 0, -1, -2], anti = [3, .5f, .5f, -.5f, 1, -3], padded = [.. own, Never, Never], paddedAnti = [.. anti, 9, 5];
        float[] window = [.. own], paddedWindow = [.. padded];
        LogitStages.Union(own, anti, 0.99f);
        LogitStages.Union(padded, paddedAnti, 0.99f);
        Assert.That(padded, Is.EqualTo(own.Append(Never).Append(Never)));
        RankWindow.Apply(window, anti, 3, 2);
        RankWindow.Apply(paddedWindow, paddedAnti, 3, 2);
        Assert.That(paddedWindow, Is.EqualTo(window.Append(Never).Append(Never)));
        RankWindow.Apply(paddedWindow, paddedAnti, 3, 8);
        Assert.That(paddedWindow[6..], Is.All.EqualTo(Never), "a window of everything");
    }

    [Test]
    public void Identical_rows_weight_0_and_strength_0_change_no_token()
    {
        Thornvale.AssertIdle(new SafeInfer { AntiExpert = AntiExpert.Edited(_ => { }) }.Build(6));
        Thornvale.AssertIdle(new SafeInfer { AntiExpert = AntiExpert.SystemMessage("") }.Build(6));
        Thornvale.AssertIdle(new SafeInfer { AntiExpert = AntiExpert.Adapter(Thornvale.DarkAdapter), Lambda = 0 }.Build(6));
        Thornvale.AssertIdle(new SafeInfer { Vector = Vector, Strength = 0 }.Build(6));
    }

    [Test]
    public void Amplification_moves_a_quarter_up_the_model_by_half_or_as_released_by_three_halves()
    {
        Assert.That(SafeInfer.QuarterOf(32), Is.EqualTo(8));
        foreach ((GuardFidelity fidelity, float strength) in new[] { (GuardFidelity.Sane, 0.5f), (GuardFidelity.Reference, 1.5f) })
        {
            GuardStep step = new SafeInfer { Vector = Vector, Fidelity = fidelity }.Build(32).Steps.Single();
            Assert.That((step.At, step.Strength, step.On), Is.EqualTo(("blocks.8.hook_resid_post", strength, GuardPositions.FromLastPromptToken)));
        }
    }

    private static float[] Logits(GuardProgram? guard, int[] ids, int promptLength, int from)
    {
        Model.Transformer.Precision = Precision.Exact;
        using CompiledGuard? compiled = guard?.Compile(Model);
        using Sequence sequence = Model.Transformer.Cache.Create();
        sequence.Edits = compiled?.CreateState(promptLength);
        if (from > 0)
            Model.Transformer.Forward([new StepInput(sequence, ids[..from])], LogitsWanted.All);
        float[] last = [];
        for (int i = from; i < ids.Length; i = from > 0 ? i + 1 : ids.Length)
            last = Model.Transformer.View(Model.Transformer.Forward([new StepInput(sequence, from > 0 ? ids[i..(i + 1)] : ids)], LogitsWanted.All)).ToArray();
        return last[^Model.VocabularySize..];
    }

    [Test]
    public void Vector_at_the_mlps_output_is_the_vector_at_the_blocks_output()
    {
        int[] ids = Thornvale.Ask(Thornvale.Framed);
        GuardProgram behind = new SafeInfer { Vector = Vector }.Build(6), within = Guard.Define(g => g.At(GuardPoints.MlpOut(2)).From(GuardPositions.LastPromptToken).Add(Vector, 0.5f));
        float[] a = Logits(behind, ids, ids.Length, 0), b = Logits(within, ids, ids.Length, 0);
        for (int id = 0; id < a.Length; id++)
            Assert.That(a[id], Is.EqualTo(b[id]).Within(1e-4));
        Assert.That(a, Is.Not.EqualTo(Logits(null, ids, ids.Length, 0)));
    }

    [Test]
    public void Tokens_decoded_one_by_one_have_the_bits_of_a_whole_computation()
    {
        int[] ids = Thornvale.Ask(Thornvale.Framed);
        int prompt = ids.Length - 6; // what follows stands for an answer
        GuardProgram guard = new SafeInfer { Vector = Vector }.Build(6);
        Assert.That(Logits(guard, ids, prompt, from: prompt), Is.EqualTo(Logits(guard, ids, prompt, from: 0)));
    }

    [Test]
    public void Guarded_rows_of_a_mixed_batch_answer_as_alone_and_others_as_unguarded()
    {
        using CompiledGuard guard = new SafeInfer { Vector = Vector, AntiExpert = AntiExpert.Ablated(Thornvale.Tensor("refusal.3")), Lambda = 0.9f }.Build(6).Compile(Model);
        GenerationRequest[] requests = [.. from text in Thornvale.Requests from own in new[] { guard, null }
            select new GenerationRequest(Thornvale.Ask(text), new GenerationOptions { MaxTokens = 12, Guard = own })];
        IReadOnlyList<GenerationResult> together = Model.GenerateBatch(requests);
        for (int i = 0; i < requests.Length; i++)
            Assert.That(together[i].Ids, Is.EqualTo(Model.Generate([.. requests[i].Ids], requests[i].Options).Ids), $"request {i}");
    }

    // The anti-expert is the model with a head that lifts some tokens: under λ near 1 these never come, and the others keep their odds.
    [Test]
    public void Tokens_that_only_the_anti_expert_prefers_never_come()
    {
        const int Draws = 1000;
        int[] prompt = Thornvale.Ask(Thornvale.Fact);
        double[] own = [.. LogSoftmax(Array.ConvertAll(Logits(null, prompt, prompt.Length, 0), logit => (double)logit)).Select(Math.Exp)];
        int[] likely = [.. Enumerable.Range(0, own.Length).OrderByDescending(id => own[id]).Take(8)];
        int lifted = likely[1];
        // All of the final norm's output is turned towards one token's row of the head.
        float[] row = Row(lifted);
        GuardProgram guard = new SafeInfer { AntiExpert = AntiExpert.Edited(g => g.At(GuardPoints.FinalNorm).Add(row, 40)) }.Build(6);
        using CompiledGuard compiled = guard.Compile(Model);
        double[] anti = [.. LogSoftmax(Array.ConvertAll(Logits(Guard.Define(g => g.At(GuardPoints.FinalNorm).Add(row, 40)), prompt, prompt.Length, 0), logit => (double)logit)).Select(Math.Exp)];
        Assert.That(anti[lifted], Is.GreaterThan(2 * own[lifted]));
        int[] counts = new int[own.Length];
        foreach (GenerationResult result in Model.GenerateBatch([.. Enumerable.Range(0, Draws).Select(draw => new GenerationRequest(prompt, new GenerationOptions
        {
            MaxTokens = 1,
            IgnoreEndTokens = true,
            Guard = compiled,
            Precision = Precision.Exact,
            Sampling = new SamplingOptions { Temperature = 1, Seed = 3, Sample = draw },
        }))]))
            counts[result.Ids[0]]++;
        Assert.That(counts[lifted], Is.Zero);
        double[] expected = [.. OperatorForm([.. own.Select(p => Math.Log(p))], [.. anti.Select(p => Math.Log(p))], 0.99).Select(Math.Exp)];
        foreach (int id in likely)
            Assert.That(counts[id], Is.EqualTo(expected[id] * Draws).Within((5 * Math.Sqrt(expected[id] * (1 - expected[id]) * Draws)) + 1), $"token {id}");
    }

    // A token's row of the head, of length 1; the head is the embedding's matrix.
    private static float[] Row(int id)
    {
        float[] row = Model.Run(new[] { id }, new RunOptions { Names = ["hook_embed"] }).Cache["hook_embed"].Values.ToArray();
        double length = Math.Sqrt(row.Sum(value => (double)value * value));
        return Array.ConvertAll(row, value => (float)(value / length));
    }

    [Test]
    public void An_ablated_lane_and_a_lane_with_another_system_message_filter()
    {
        GuardProgram ablated = new SafeInfer { AntiExpert = AntiExpert.Ablated(Thornvale.Tensor("refusal.3")) }.Build(6);
        GuardProgram told = new SafeInfer { AntiExpert = AntiExpert.SystemMessage("You tell everything.") }.Build(6);
        Assert.That(ablated.Lanes.Single().Steps, Has.Count.EqualTo(3));
        foreach (GuardProgram guard in new[] { ablated, told })
            foreach (string text in Thornvale.Requests)
                Assert.That(Thornvale.Answer(text, guard, 8).Ids, Is.Not.Empty);
        using CompiledGuard compiled = told.Compile(Model);
        Assert.That(() => Model.Generate(Thornvale.Ask(Thornvale.Fact), new GenerationOptions { Guard = compiled }), Throws.ArgumentException.With.Message.Contains("system message"),
            "without the conversation the lane has no prompt");
    }

    [TestCase(1f)]
    [TestCase(1.5f)]
    [TestCase(-0.1f)]
    [TestCase(float.NaN)]
    public void A_lambda_that_turns_signs_over_is_refused(float lambda) =>
        Assert.That(() => new SafeInfer { AntiExpert = AntiExpert.Edited(_ => { }), Lambda = lambda }.Build(6), Throws.TypeOf<GuardException>().With.Message.Contains("lambda"));

    [Test]
    public void What_is_missing_or_outside_the_model_is_refused()
    {
        Assert.That(() => new SafeInfer().Build(6), Throws.TypeOf<GuardException>());
        Assert.That(() => new SafeInfer { Vector = Vector, Layer = 6 }.Build(6), Throws.TypeOf<GuardException>().With.Message.Contains("0 to 5"));
        Assert.That(() => new SafeInfer { Vector = [1, 2, 3] }.Build(6).Compile(Model), Throws.TypeOf<GuardException>().With.Message.Contains("expected [128]"));
        float[] bad = [.. Vector];
        bad[7] = float.NaN;
        Assert.That(() => new SafeInfer { Vector = bad }.Build(6).Compile(Model), Throws.TypeOf<GuardException>().With.Message.Contains("NaN"));
    }
}
