using Managed.Guards;
using Managed.Sampling;
using Managed.Tests.Models;
using static Managed.Guards.GuardPoints;

namespace Managed.Tests.Guarding;

/// <summary>Guards of edits with a draft model and with beams.</summary>
public class GuardedSearchTests
{
    private static readonly LanguageModel Model = TestModels.Hearth;

    private static CompiledGuard Steering() => Guard.Define(g =>
    {
        GuardValue harm = g.At(ResidPost(3)).On(LastPromptToken).ReadProbe(Thornvale.Probe(3), "harm");
        g.At(ResidPost(5)).From(LastPromptToken).When(harm > .5f).Add(Thornvale.Tensor("refusal.5"), .5f);
    }, "steering").Compile(Model);

    // What a token's end gives, the next one's beginning needs.
    private static CompiledGuard Backwards() => Guard.Define(g =>
    {
        GuardValue late = g.At(FinalNorm).ReadNorm("late");
        g.At(ResidPost(0)).On(Generated).When(late > 0f).Add(Thornvale.Tensor("refusal.0"), .2f);
    }, "backwards").Compile(Model);

    private static IEnumerable<TestCaseData> Guards => [new TestCaseData((Func<CompiledGuard>)Steering).SetArgDisplayNames("steering"), new TestCaseData((Func<CompiledGuard>)Backwards).SetArgDisplayNames("backwards")];

    [TestCaseSource(nameof(Guards))]
    public void A_draft_changes_neither_the_tokens_nor_the_receipt_of_a_guarded_row(Func<CompiledGuard> make)
    {
        using CompiledGuard guard = make();
        foreach (string text in Thornvale.Requests)
            for (int tokens = 1; tokens <= 6; tokens++)
            {
                var options = new GenerationOptions { MaxTokens = 24, Guard = guard, DraftTokens = tokens };
                GenerationResult plain = Model.Generate(Thornvale.Ask(text), options), drafted = Model.Generate(Thornvale.Ask(text), options with { Draft = Model });
                Assert.That(drafted.Ids, Is.EqualTo(plain.Ids), text);
                Assert.That(drafted.Receipt!.ToString(), Is.EqualTo(plain.Receipt!.ToString()), text);
                Assert.That(drafted.Draft!.Steps, Is.GreaterThan(0));
            }
    }

    [Test]
    public void Drawn_tokens_of_a_drafted_guarded_row_have_the_guarded_models_distribution()
    {
        using CompiledGuard guard = Steering();
        int[] ids = Thornvale.Ask(Thornvale.Framed);
        var first = new Dictionary<int, int>();
        const int Draws = 400;
        for (int seed = 0; seed < Draws; seed++)
        {
            var options = new GenerationOptions { MaxTokens = 2, Guard = guard, Draft = Model, DraftTokens = 2, Sampling = new SamplingOptions { Temperature = 1, Seed = seed } };
            int id = Model.Generate(ids, options).Ids[0];
            first[id] = first.GetValueOrDefault(id) + 1;
        }
        using var run = new Managed.Guards.Evaluation.LogitSource(Model) { Guard = guard, PromptLength = ids.Length }.Begin(ids.Length);
        run.Skip(ids.AsSpan(0, ids.Length - 1));
        float[] logits = run.Next(ids.AsSpan(ids.Length - 1)).Row(0).ToArray();
        double total = LogitFunctions.LogSumExp(logits);
        foreach (var (id, count) in first.Where(pair => pair.Value > 20))
        {
            double p = Math.Exp(logits[id] - total), sigma = Math.Sqrt(Draws * p * (1 - p));
            Assert.That(count, Is.EqualTo(Draws * p).Within((5 * sigma) + 1), $"token {id}");
        }
    }

    [TestCaseSource(nameof(Guards))]
    public void One_beam_is_the_guarded_greedy_answer_and_more_beams_are_scored_as_the_guarded_model_scores(Func<CompiledGuard> make)
    {
        using CompiledGuard guard = make();
        foreach (string text in Thornvale.Requests)
        {
            int[] ids = Thornvale.Ask(text);
            GenerationResult found = Model.Generate(ids, new GenerationOptions { MaxTokens = 12, Guard = guard, Beams = 3, ReturnedBeams = 3 });
            foreach (BeamText beam in found.Beams)
                Assert.That(beam.LogProbability, Is.EqualTo(LogProbability(guard, ids, beam.Ids)).Within(2e-2), "fast precision against exact");
            Assert.That(found.Receipt!.Steps, Is.Not.Empty);
            Assert.That(found.Receipt.Steps.Any(step => step.Fired > 0), Is.True);
        }
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.Zero);
    }

    [Test]
    public void A_guard_that_fails_refuses_drafted_rows_and_beams()
    {
        float[] huge = [.. Enumerable.Repeat(3e38f, Model.Width)];
        using CompiledGuard guard = Guard.Define(g => g.At(ResidPost(2)).On(Generated).Add(huge, 2), "huge").Compile(Model);
        foreach (GenerationOptions options in new[] { new GenerationOptions { Guard = guard, Draft = Model, MaxTokens = 8 }, new GenerationOptions { Guard = guard, Beams = 2, MaxTokens = 8 } })
        {
            GenerationResult refused = Model.GenerateBatch([new GenerationRequest(Thornvale.Ask(Thornvale.Craft), options)])[0];
            Assert.That(refused.Failure, Is.TypeOf<GuardException>().With.Message.Contains("not finite").Or.Message.Contains("too large"));
            Assert.That(refused.Receipt!.Refused, Is.EqualTo(refused.Failure!.Message));
        }
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.Zero);
    }

    [Test]
    public void Lanes_stages_and_decisions_do_not_go_with_drafts_and_beams()
    {
        using CompiledGuard guided = Guard.Define(g => g.Lane("other", system: "").Mix("other", .5f), "guided").Compile(Model);
        Assert.That(() => Model.Generate(Thornvale.Ask(Thornvale.Craft), new GenerationOptions { Guard = guided, Draft = Model }), Throws.ArgumentException.With.Message.Contains("lanes"));
        Assert.That(() => Model.Generate(Thornvale.Ask(Thornvale.Craft), new GenerationOptions { Guard = guided, Beams = 2 }), Throws.ArgumentException.With.Message.Contains("beam search"));
    }

    private static double LogProbability(CompiledGuard guard, int[] prompt, int[] answer)
    {
        using var run = new Managed.Guards.Evaluation.LogitSource(Model) { Guard = guard, PromptLength = prompt.Length, Precision = Kernels.Precision.Fast }.Begin(prompt.Length + answer.Length);
        run.Skip(prompt.AsSpan(0, prompt.Length - 1));
        double sum = 0;
        int newest = prompt[^1];
        foreach (int id in answer)
        {
            float[] logits = run.Next([newest]).Row(0).ToArray();
            sum += logits[id] - LogitFunctions.LogSumExp(logits);
            newest = id;
        }
        return sum;
    }
}
