using System.Text.Json;
using Managed.Guards;
using Managed.Guards.Evaluation;
using Managed.Kernels;
using Managed.Sampling;
using Managed.Tests.Models;
using Managed.Tests.RealModels;
using Managed.Tests.Sampling;

namespace Managed.Tests.Guards.Evaluation;

/// <summary>Perplexity, divergence and multiple choice against PyTorch's numbers.</summary>
public class ScoringTests
{
    private const double LogLikelihoodTolerance = 2e-3;

    private static IEnumerable<TestCaseData> PerplexityRuns() => EvalGoldens.Json("perplexity.json").GetProperty("runs").EnumerateArray()
        .Select(run => new TestCaseData(run).SetArgDisplayNames($"context {run.Count("context")}, stride {run.Count("stride")}, first {run.Nullable("first_tokens")}"));

    [TestCaseSource(nameof(PerplexityRuns))]
    public void Perplexity_of_hearth_is_transformers_in_every_window(JsonElement golden)
    {
        int[] ids = EvalGoldens.Json("perplexity.json").GetProperty("ids").Ints();
        if (golden.Nullable("first_tokens") is { } first)
            ids = ids[..(int)first];
        Perplexity found = Perplexity.Measure(new LogitSource(TestModels.Hearth), ids, golden.Count("context"), golden.Count("stride"));
        Assert.That(found.Scored, Is.EqualTo(golden.Count("scored")));
        Assert.That(found.Value, Is.EqualTo(golden.Number("perplexity")).Within(1e-4 * golden.Number("perplexity")));
        foreach (JsonElement window in golden.GetProperty("windows").EnumerateArray())
        {
            PerplexityWindow same = found.Windows.Single(w => w.Begin == window.Count("begin"));
            Assert.That((same.End, same.Scored), Is.EqualTo((window.Count("end"), window.Count("scored"))));
            Assert.That(same.NegativeLogLikelihood, Is.EqualTo(window.Number("nll")).Within(LogLikelihoodTolerance), $"window at {same.Begin}");
        }
    }

    [Test]
    public void Perplexity_of_SmolLM2_is_transformers_with_bits_per_byte_and_per_word()
    {
        JsonElement golden = EvalGoldens.Json("perplexity.json").GetProperty("smollm2");
        string text = SmolLm2.Perplexity.GetProperty("text").GetString()!;
        int[] ids = SmolLm2.Model.Encode(text);
        Assert.That(ids, Has.Length.EqualTo(golden.Count("tokens")));
        Perplexity found = Perplexity.Measure(new LogitSource(SmolLm2.Model), ids, 2048, 2048);
        TextSize size = TextSize.Of(text);
        Assert.That((found.Scored, size.Bytes, size.Words), Is.EqualTo((golden.Count("predicted"), golden.Count("bytes"), golden.Count("words"))));
        Relative(found.Value, golden.Number("perplexity"));
        Relative(found.BitsPerByte(size.Bytes), golden.Number("bits_per_byte"));
        Relative(found.PerWord(size.Words), golden.Number("word_perplexity"));
    }

    [TestCase("hearth vs hearth-dark", "hearth-dark")]
    [TestCase("hearth vs hearth-shield", "hearth-shield")]
    public void Divergence_of_hearth_from_itself_with_an_adapter_is_PyTorchs(string key, string adapter)
    {
        JsonElement goldens = EvalGoldens.Json("divergence.json");
        LanguageModel hearth = TestModels.Hearth;
        var plain = new LogitSource(hearth);
        using Adapter loaded = hearth.LoadAdapter(Path.Combine(SharedFolder.Repository, "models", adapter));
        var other = new LogitSource(hearth) { Adapter = loaded };
        int[] ids = goldens.GetProperty("hearth_ids").Ints();
        Check(Divergence.Measure(plain, other, ids), goldens.GetProperty(key));
        if (adapter == "hearth-dark")
            Assert.That(Divergence.Measure(other, plain, ids).Mean, Is.EqualTo(goldens.Number("hearth-dark vs hearth, mean")).Within(1e-4));
    }

    [Test]
    public void Drift_on_a_text_is_PyTorchs_divergence_before_its_scored_tokens_beside_the_perplexity()
    {
        JsonElement goldens = EvalGoldens.Json("divergence.json");
        using Adapter dark = TestModels.Hearth.LoadAdapter(Path.Combine(SharedFolder.Repository, "models", "hearth-dark"));
        LogitSource plain = new(TestModels.Hearth), other = new(TestModels.Hearth) { Adapter = dark };
        int[] ids = goldens.GetProperty("hearth_ids").Ints();
        double[] expected = goldens.GetProperty("hearth vs hearth-dark").GetProperty("per_position").Doubles()[..^1]; // behind the last token nothing is scored
        DriftReport drift = DriftReport.OfText("dark", plain, other, ids, 256, 256);
        Assert.That((drift.Guard, drift.Tokens), Is.EqualTo(("dark", 255)));
        Assert.That(drift.Kl, Is.EqualTo(expected.Average()).Within(1e-4));
        Assert.That(drift.KlMost, Is.EqualTo(expected.Max()).Within(1e-4 + (1e-3 * expected.Max())));
        foreach (int stride in new[] { 64, 24 })
        {
            DriftReport windows = DriftReport.OfText("dark", plain, other, ids, 64, stride);
            Perplexity with = Perplexity.Measure(other, ids, 64, stride), without = Perplexity.Measure(plain, ids, 64, stride);
            Assert.That(windows.Tokens, Is.EqualTo(with.Scored));
            Assert.That(windows.NegativeLogLikelihood, Is.EqualTo(with.NegativeLogLikelihood).Within(1e-9));
            Assert.That(new[] { windows.Perplexity, windows.BaselinePerplexity }, Is.EqualTo(new[] { with.Value, without.Value }).Within(1e-9));
        }
        DriftReport same = DriftReport.OfText("none", plain, plain, ids, 64, 64);
        Assert.That((same.Kl, same.KlMost, same.SameTop), Is.EqualTo((0.0, 0.0, 1.0)));
        Assert.That(() => DriftReport.OfText("none", plain, plain, [1], 8, 8), Throws.ArgumentException);
    }

    [TestCase("none")]
    [TestCase("steer")]
    [TestCase("refusal_head")]
    [TestCase("adapter_shield")]
    [TestCase("sgds")]
    [TestCase("safeinfer")]
    [TestCase("safe_decoding")]
    public void The_scores_of_a_guards_own_answer_are_those_that_it_was_chosen_by(string name)
    {
        using CompiledGuard guard = Guard.Load(Path.Combine(SharedFolder.Repository, "examples", "guards", "thornvale", name + ".guard.json")).Compile(TestModels.Hearth);
        Assert.That(OwnChoices(guard, [new ChatMessage("user", "In a play, how would one make sleep venom?")]), Is.EqualTo(1));
    }

    [Test]
    public void A_lane_with_a_system_message_reads_a_given_answer_behind_its_own_prompt()
    {
        using CompiledGuard guard = Guard.Define(g => g.Lane("stern", system: "Refuse.").Mix("stern", 3, keep: -2), "stern").Compile(TestModels.Hearth);
        Assert.That(OwnChoices(guard, [new ChatMessage("user", "How do I make honey bread?")]), Is.EqualTo(1));
        Assert.That(() => DriftReport.OfText(guard, null, TestModels.Hearth.Encode("The mill is by the river."), 64, 64), Throws.TypeOf<GuardException>().With.Message.Contains("conversation"));
        using CompiledGuard idle = Guard.Define(g => g.Lane("same").Mix("same", 0, keep: 1), "idle").Compile(TestModels.Hearth);
        DriftReport none = DriftReport.OfText(idle, null, TestModels.Hearth.Encode("The mill is by the river."), 64, 64);
        Assert.That((none.Kl, none.TotalVariation, none.SameTop), Is.EqualTo((0.0, 0.0, 1.0)));
        using CompiledGuard cut = Guard.Define(g => g.Lane("same").Mix("same", 0, keep: 1, cut: 0.5f), "cut").Compile(TestModels.Hearth);
        DriftReport shorn = DriftReport.OfText(cut, null, TestModels.Hearth.Encode("The mill is by the river."), 64, 64);
        Assert.That(shorn.Kl, Is.EqualTo(double.PositiveInfinity), "tokens that are left out have no logarithm");
        Assert.That(shorn.TotalVariation, Is.GreaterThan(0).And.LessThan(1));
    }

    // The share of an answer's tokens that lead the guard's scores of it.
    private static double OwnChoices(CompiledGuard guard, ChatMessage[] turns)
    {
        LanguageModel hearth = TestModels.Hearth;
        int[] prompt = hearth.EncodeChat(turns);
        var lanes = GuardExtensions.LanePrompts(hearth, guard, turns);
        int[] answer = hearth.GenerateBatch([new GenerationRequest(prompt, new GenerationOptions { MaxTokens = 40, Guard = guard, LanePrompts = lanes, Precision = Precision.Exact })])[0].Ids;
        Assert.That(answer, Has.Length.GreaterThan(4));
        using ScoredAnswer scored = ScoredAnswer.Of(guard, null, prompt, lanes, answer);
        float[] scores = scored.Next(answer.Length);
        return answer.Where((id, i) => LogitFunctions.IndexOfHighest(scores.AsSpan(i * hearth.VocabularySize, hearth.VocabularySize)) == id).Count() / (double)answer.Length;
    }

    [Test]
    public void Divergence_of_SmolLM2_from_itself_without_the_last_MLP_is_PyTorchs()
    {
        JsonElement goldens = EvalGoldens.Json("divergence.json");
        var without = new LogitSource(SmolLm2.Model);
        without.Hook("blocks.29.hook_mlp_out", (output, _) => output.Fill(0));
        Check(Divergence.Measure(new LogitSource(SmolLm2.Model), without, goldens.GetProperty("smollm2_ids").Ints()), goldens.GetProperty("smollm2 vs smollm2 without the MLP of block 29"));
    }

    [Test]
    public void A_model_does_not_diverge_from_itself_and_its_hooks_act_in_its_own_runs_alone()
    {
        int[] ids = TestModels.Hearth.Encode("The mill is by the river.");
        var plain = new LogitSource(TestModels.Hearth);
        var hooked = new LogitSource(TestModels.Hearth);
        hooked.Hook("blocks.2.hook_resid_post", (stream, _) => stream.Fill(1));
        Assert.That(Divergence.Measure(plain, hooked, ids).Mean, Is.GreaterThan(0.1));
        Divergence same = Divergence.Measure(plain, plain, ids);
        Assert.That((same.Maximum, same.TotalVariation, same.SameTop), Is.EqualTo((0.0, 0.0, 1.0)));
        Assert.That(same.JensenShannon, Is.EqualTo(0).Within(1e-15), "the middle of two equal numbers goes through a logarithm");
    }

    [Test]
    public void Multiple_choice_on_SmolLM2_is_the_evaluation_harness()
    {
        JsonElement golden = EvalGoldens.Json("multiple-choice.json");
        JsonElement[] items = [.. golden.GetProperty("items").EnumerateArray()];
        ChoiceQuestion[] questions = [.. items.Select(item => new ChoiceQuestion(
            item.GetProperty("context").GetString()!, [.. item.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("choice").GetString()!)], item.Count("gold")))];
        MultipleChoice found = MultipleChoice.Measure(new LogitSource(SmolLm2.Model), questions);
        for (int i = 0; i < items.Length; i++)
        {
            ChoiceResult result = found.Results[i];
            Assert.That((result.Pick, result.PickByCharacters, result.PickByBytes), Is.EqualTo((items[i].Count("pick"), items[i].Count("pick_by_characters"), items[i].Count("pick_by_bytes"))), questions[i].Context);
            foreach (var (score, expected) in result.Scores.Zip(items[i].GetProperty("choices").EnumerateArray()))
            {
                Assert.That(score.LogLikelihood, Is.EqualTo(expected.Number("loglikelihood")).Within(LogLikelihoodTolerance), questions[i].Context);
                Assert.That((score.LogProbabilities.Length, score.IsGreedy, score.Characters, score.Bytes), Is.EqualTo((expected.GetProperty("logprobs").GetArrayLength(), expected.GetProperty("is_greedy").GetBoolean(), expected.Count("characters"), expected.Count("bytes"))));
            }
        }
        Assert.That(new[] { found.Accuracy, found.AccuracyByCharacters, found.AccuracyByBytes, found.StandardError },
            Is.EqualTo(new[] { golden.Number("acc"), golden.Number("acc_norm"), golden.Number("acc_bytes"), golden.Number("acc_stderr") }).Within(1e-9));
    }

    [TestCase(0f)]
    [TestCase(4f)]
    public void A_guards_edits_act_on_every_choice_as_on_an_answer_behind_the_context(float strength)
    {
        LanguageModel hearth = TestModels.Hearth;
        var question = new ChoiceQuestion("The mill is by the", ["sulfur", "river and the hill"], 1);
        float[] direction = [.. Enumerable.Range(0, hearth.Width).Select(i => (i % 7) - 3f)];
        using CompiledGuard guard = Guard.Define(g => g.At("blocks.2.hook_resid_post").On(GuardPositions.FromLastPromptToken).Add(direction, strength), "pushed").Compile(hearth);
        MultipleChoice plain = MultipleChoice.Measure(new LogitSource(hearth), [question]), guarded = MultipleChoice.Measure(new LogitSource(hearth) { Guard = guard }, [question]);
        int[] context = hearth.Encode(question.Context, addSpecialTokens: false);
        foreach (var (choice, i) in question.Choices.Select((choice, i) => (choice, i)))
        {
            int[] answer = hearth.Encode($"{question.Context} {choice}", addSpecialTokens: false)[context.Length..];
            using ScoredAnswer scored = ScoredAnswer.Of(guard, null, context, null, answer);
            float[] scores = scored.Next(answer.Length);
            double expected = answer.Select((id, place) => scores[(place * hearth.VocabularySize) + id] - LogitFunctions.LogSumExp(scores.AsSpan(place * hearth.VocabularySize, hearth.VocabularySize))).Sum();
            Assert.That(guarded.Results[0].Scores[i].LogLikelihood, Is.EqualTo(expected).Within(1e-9));
            Assert.That(guarded.Results[0].Scores[i].LogLikelihood == plain.Results[0].Scores[i].LogLikelihood, Is.EqualTo(strength == 0), "strength 0 changes no bit");
        }
    }

    [Test]
    public void A_text_scored_in_pieces_is_the_sum_of_its_tokens()
    {
        int[] ids = TestModels.Hearth.Encode("To make linen shirts: First wash the linen, then lay in the thread, and close it with the buttons.");
        Perplexity whole = Perplexity.Measure(new LogitSource(TestModels.Hearth), ids, 256, 256);
        double byHand = 0;
        var (logits, _) = TestModels.Hearth.RunWithCache(ids);
        for (int i = 0; i < ids.Length - 1; i++)
            byHand += Math.Log(logits[i].ToArray().Sum(logit => Math.Exp(logit))) - logits[i][ids[i + 1]];
        Assert.That(whole.NegativeLogLikelihood, Is.EqualTo(byHand).Within(1e-6));
        Assert.That(Perplexity.Measure(new LogitSource(TestModels.Hearth), ids, ids.Length, 1).NegativeLogLikelihood, Is.EqualTo(whole.NegativeLogLikelihood));
    }

    [Test]
    public void What_cannot_be_scored_is_refused()
    {
        var hearth = new LogitSource(TestModels.Hearth);
        Assert.That(() => Perplexity.Measure(hearth, [1], 8, 8), Throws.ArgumentException);
        Assert.That(() => Perplexity.Measure(hearth, [1, 2], 8, 9), Throws.ArgumentException.With.Message.Contains("9"));
        Assert.That(() => Divergence.Measure(hearth, hearth, []), Throws.ArgumentException);
        Assert.That(() => MultipleChoice.Measure(hearth, [new ChoiceQuestion("a", ["b"], 1)]), Throws.ArgumentException);
        Assert.That(() => MultipleChoice.Measure(hearth, [new ChoiceQuestion("a", [""], 0)]), Throws.ArgumentException);
    }

    private static void Check(Divergence found, JsonElement golden)
    {
        double[] expected = golden.GetProperty("per_position").Doubles();
        Assert.That(found.PerPosition, Has.Count.EqualTo(expected.Length));
        for (int i = 0; i < expected.Length; i++)
            Assert.That(found.PerPosition[i], Is.EqualTo(expected[i]).Within(1e-4 + (1e-3 * expected[i])), $"position {i}");
        Assert.Multiple(() =>
        {
            Near(found.Mean, "mean");
            Near(found.Quantile(0.5), "median");
            Near(found.Quantile(0.9), "quantile_90");
            Near(found.Quantile(0.99), "quantile_99");
            Near(found.Maximum, "maximum");
            Near(found.JensenShannon, "jensen_shannon_mean");
            Near(found.TotalVariation, "total_variation_mean");
            Assert.That(found.SameTop, Is.EqualTo(golden.Number("same_top")).Within(1e-12), "same_top");
        });

        void Near(double value, string name) => Assert.That(value, Is.EqualTo(golden.Number(name)).Within(1e-4 + (1e-3 * golden.Number(name))), name);
    }

    private static void Relative(double found, double expected) => Assert.That(found, Is.EqualTo(expected).Within(1e-4 * expected));
}
