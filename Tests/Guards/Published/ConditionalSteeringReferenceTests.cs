using Managed.Guards;
using Managed.Guards.Published;
using Managed.Kernels;
using static Managed.Guards.GuardPoints;

namespace Managed.Tests.Guarding;

/// <summary>Conditional steering as IBM's activation-steering has it, beside what is done here.</summary>
public class ConditionalSteeringReferenceTests
{
    private static readonly LanguageModel Model = Thornvale.Model;
    private static readonly float[] Vector = Thornvale.Tensor("harm.2");

    private static ConditionalSteering With(string rule, SteeringVectors vectors, float strength, GuardFidelity fidelity, params ConditionReading[] readings) =>
        new() { Readings = readings, Rules = [new SteeringRule(rule, vectors, strength)], Fidelity = fidelity };

    private static double[][] States(string text, string at)
    {
        int[] ids = Thornvale.Ask(text);
        float[] values = Model.Run(ids, new RunOptions { Names = [at], Precision = Precision.Exact }).Cache[at].Values.ToArray();
        return [.. values.Chunk(Model.Width).Select(row => Array.ConvertAll(row, value => (double)value))];
    }

    private static double Cosine(double[] a, double[] b) => Dot(a, b) / Math.Sqrt(Dot(a, a) * Dot(b, b));

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    // cos(y, tanh(c cᵀ y / c·c)), in float64.
    private static double Published(double[] y, double[] c)
    {
        double along = Dot(c, y) / Dot(c, c);
        return Cosine(y, [.. c.Select(value => Math.Tanh(along * value))]);
    }

    private static double Read(ConditionalSteering guard, string text)
    {
        using CompiledGuard compiled = guard.Build().Compile(Model);
        GuardReceipt receipt = Model.Generate(Thornvale.Ask(text), new GenerationOptions { Guard = compiled, MaxTokens = 2, Precision = Precision.Exact }).Receipt!;
        return receipt.Registers["like"]!.Value;
    }

    [Test]
    public void What_is_read_is_the_mean_of_the_prompts_states_or_the_last_with_tanh_or_without(
        [Values] GuardFidelity fidelity, [Values] ConditionState of, [Values] bool tanh, [Values(1f, 40f)] float length)
    {
        double[] c = Array.ConvertAll(Vector, value => (double)(value * length));
        string at = fidelity == GuardFidelity.Reference ? ResidPre(3) : ResidPost(3);
        foreach (string text in Thornvale.Requests)
        {
            double[][] states = States(text, at);
            double[] y = of == ConditionState.LastPromptToken ? states[^1] : [.. Enumerable.Range(0, Model.Width).Select(i => states.Average(state => state[i]))];
            ConditionReading reading = ConditionReading.Cosine("like", 3, Array.ConvertAll(c, value => (float)value)) with { Of = of, Tanh = tanh };
            double read = Read(With("like > 2", Thornvale.Refusal(5), 1, fidelity, reading), text);
            Assert.That(read, Is.EqualTo(tanh ? Published(y, c) : Cosine(y, c)).Within(2e-6), text);
        }
    }

    [Test]
    public void Tanh_changes_the_similarity_where_the_projection_is_large_and_the_mean_is_not_the_last_state()
    {
        double[] c = Array.ConvertAll(Vector, value => (double)value);
        double[][] states = States(Thornvale.Dark, ResidPost(3));
        double[] large = [.. states[^1].Select(value => 1000 * value)], small = [.. states[^1].Select(value => 1e-4 * value)];
        Assert.That(Published(small, c), Is.EqualTo(Math.Abs(Cosine(small, c))).Within(1e-6), "small: |cos|, the paper's");
        Assert.That(Published(large, c), Is.LessThan(Math.Abs(Cosine(large, c)) - .01));
        ConditionReading last = ConditionReading.Cosine("like", 3, Vector) with { Tanh = false };
        double sane = Read(With("like > 2", Thornvale.Refusal(5), 1, GuardFidelity.Sane, last), Thornvale.Dark);
        double mean = Read(With("like > 2", Thornvale.Refusal(5), 1, GuardFidelity.Sane, last with { Of = ConditionState.PromptMean }), Thornvale.Dark);
        Assert.That(mean, Is.Not.EqualTo(sane).Within(.01));
    }

    [Test]
    public void By_default_the_released_semantics_are_mean_tanh_and_the_blocks_input_and_ours_none_of_them()
    {
        ConditionReading reading = ConditionReading.Cosine("like", 3, Vector);
        GuardProgram sane = With("like > 0", Thornvale.Refusal(4), 1, GuardFidelity.Sane, reading).Build(), released = With("like > 0", Thornvale.Refusal(4), 1, GuardFidelity.Reference, reading).Build();
        Assert.That(sane.Decide, Is.Empty);
        Assert.That(sane.Steps.Select(step => (step.Do, step.At, step.On, step.Link)),
            Is.EqualTo(new[] { ("cosine", ResidPost(3), GuardPositions.LastPromptToken, null), ("add", ResidPost(4), GuardPositions.FromLastPromptToken, (string?)null) }));
        Assert.That(released.Decide.Select(step => (step.Do, step.At, step.Mean, step.Link)), Is.EqualTo(new[] { ("record", ResidPre(3), true, null), ("cosine", ResidPre(3), false, "tanh") }));
        Assert.That(released.Steps.Select(step => (step.At, step.On)), Is.EqualTo(new[] { (ResidPre(4), GuardPositions.All) }));
    }

    // The released code's one pass over the prompt is past the blocks before the condition's when it knows.
    [Test]
    public void Released_edits_act_on_the_prompt_from_the_conditions_block_on_and_before_it_on_the_answer_alone()
    {
        GuardProgram guard = With("like > -2", Thornvale.Refusal(1, 3, 4), .2f, GuardFidelity.Reference, ConditionReading.Cosine("like", 3, Vector)).Build();
        int[] prompt = Thornvale.Ask(Thornvale.Framed);
        GenerationResult result = Thornvale.Answer(Thornvale.Framed, guard, 6);
        StepReceipt[] steps = [.. result.Receipt!.Steps];
        Assert.That(steps.Select(step => step.First), Is.EqualTo(new int?[] { prompt.Length, 0, 0 }));
        // As hooks that do the same: all of the prompt at 3 and 4, new tokens at 1 too.
        Assert.That(result.Ids, Is.EqualTo(Hooked(prompt, 6, position => position >= prompt.Length)));
        Assert.That(Thornvale.Answer(Thornvale.Framed, With("like > 2", Thornvale.Refusal(1, 3, 4), .2f, GuardFidelity.Reference, ConditionReading.Cosine("like", 3, Vector)).Build(), 6).Ids,
            Is.EqualTo(Thornvale.Answer(Thornvale.Framed, null, 6).Ids), "a condition that does not hold");
    }

    private static int[] Hooked(int[] prompt, int tokens, Func<int, bool> atFirst)
    {
        List<int> ids = [.. prompt];
        for (int i = 0; i < tokens; i++)
        {
            int length = ids.Count;
            GuardProgram edits = Guard.Define(g =>
            {
                foreach (int layer in new[] { 1, 3, 4 })
                    for (int position = 0; position < length; position++)
                        if (layer > 1 || atFirst(position))
                            g.At(ResidPre(layer)).On(GuardPositions.Range(position, position + 1)).Add(Thornvale.Tensor($"refusal.{layer}"), .2f);
            });
            using CompiledGuard compiled = edits.Compile(Model);
            int id = Model.Generate([.. ids], new GenerationOptions { Guard = compiled, MaxTokens = 1, IgnoreEndTokens = true }).Ids[0];
            ids.Add(id);
            if (Model.EndTokens.Contains(id))
                break;
        }
        return [.. ids.Skip(prompt.Length)];
    }

    [Test]
    public void Comparisons_are_told_from_the_thresholds_side()
    {
        SteeringVectors vectors = Thornvale.Refusal(5);
        Assert.That(SteeringRule.WhereThresholdIs("like", "smaller", .04f, vectors, 1).When.ToString(), Is.EqualTo("like > 0.04"), "the threshold is smaller than what is read");
        Assert.That(SteeringRule.WhereThresholdIs("like", "larger", .04f, vectors, 1).When.ToString(), Is.EqualTo("like < 0.04"));
        Assert.That(() => SteeringRule.WhereThresholdIs("like", "greater", .04f, vectors, 1), Throws.TypeOf<GuardException>().With.Message.Contains("greater"));
    }

    [Test]
    public void The_mean_is_the_same_whatever_the_pieces_the_batch_and_the_turns_before()
    {
        using CompiledGuard guard = With("like > 2", Thornvale.Refusal(5), 1, GuardFidelity.Reference, ConditionReading.Cosine("like", 3, Vector)).Build().Compile(Model);
        int[] longer = [.. Enumerable.Repeat(Thornvale.Ask(Thornvale.Craft), 40).SelectMany(ids => ids)];
        longer = longer[..Math.Min(longer.Length, GenerationBatch.PromptChunk + 100)]; // two pieces
        int[][] prompts = [longer, Thornvale.Ask(Thornvale.Framed), Thornvale.Ask(Thornvale.Fact)];
        GenerationRequest Request(int[] ids) => new(ids, new GenerationOptions { Guard = guard, MaxTokens = 3 });
        IReadOnlyList<GenerationResult> together = Model.GenerateBatch([.. prompts.Select(Request)]);
        for (int i = 0; i < prompts.Length; i++)
        {
            GenerationResult alone = Model.Generate(prompts[i], Request(prompts[i]).Options);
            Assert.That(together[i].Receipt!.Registers["like"], Is.EqualTo(alone.Receipt!.Registers["like"]));
        }
        // In a conversation whose first turns are in the cache already.
        using ChatSession session = Model.StartChat();
        var options = new GenerationOptions { Guard = guard, MaxTokens = 6 };
        session.Say(Thornvale.Craft, options);
        double? read = session.Say(Thornvale.Fact, options).Receipt!.Registers["like"];
        ChatMessage[] turns = [.. session.Messages.SkipLast(1)];
        Assert.That(read, Is.EqualTo(Model.Generate(Model.EncodeChat(turns), options).Receipt!.Registers["like"]));
    }

    [Test]
    public void What_cannot_be_read_is_refused()
    {
        ConditionReading probe = ConditionReading.Probe("harm", 4, Thornvale.Probe(4)), along = ConditionReading.Projection("along", 4, Vector);
        Assert.That(() => With("harm > 0", Thornvale.Refusal(5), 1, GuardFidelity.Sane, probe with { Of = ConditionState.PromptMean }).Build(), Throws.TypeOf<GuardException>().With.Message.Contains("mean"));
        Assert.That(() => With("along > 0", Thornvale.Refusal(5), 1, GuardFidelity.Sane, along with { Tanh = true }).Build(), Throws.TypeOf<GuardException>().With.Message.Contains("tanh"));
        Assert.That(() => Guard.Define(g => g.At(ResidPost(1)).On(GuardPositions.Prompt).Record("m", mean: true).At(ResidPost(1)).On(GuardPositions.LastPromptToken).ReadLikeness(Vector, "m")).Compile(Model),
            Throws.TypeOf<GuardException>().With.Message.Contains("decide"));
        Assert.That(() => Guard.Define(g => g.Decide(d => d.At(ResidPost(1)).Record("m", mean: true))).Compile(Model), Throws.TypeOf<GuardException>().With.Message.Contains("positions of the prompt"));
    }
}
