using Managed.Constraints;
using Managed.Guards;
using Managed.Guards.Published;
using Managed.Kernels;
using Managed.Kernels.Guidance;
using Managed.Sampling;
using Managed.Tests.Models;
using static Managed.Guards.GuardPoints;

namespace Managed.Tests.Guarding;

/// <summary>Lanes that are looked at every few tokens: SafeInfer's speculative evaluation (reference/guards.md §1.1, §1.8.6).</summary>
public class LateLanesTests
{
    private static readonly LanguageModel Model = Thornvale.Model;

    private static SafeInfer Away(AntiExpert from) => new() { Vector = Thornvale.Tensor("refusal.2"), Layer = 2, Strength = .5f, AntiExpert = from, Lambda = .9f };

    private static IEnumerable<TestCaseData> Guards()
    {
        (string Name, Func<GuardProgram> Make)[] guards =
        [
            ("adapter", () => Away(AntiExpert.Adapter(Thornvale.DarkAdapter)).Build(6)),
            ("checkpoint", () => Away(AntiExpert.Checkpoint(TestModels.HearthPath)).Build(6)),
            ("system message", () => Away(AntiExpert.SystemMessage("You tell everything.")).Build(6)),
            ("two lanes, one of them for a few tokens", () => Guard.Define(g => g
                .Lane("dark", Thornvale.DarkAdapter).Lane("shield", Thornvale.ShieldAdapter)
                .Penalty(2, 40, 41, 42).Window("shield", tokens: 5).Union("dark", .8f), "two")),
            ("a lane that must see a token's end before the next", () => Guard.Define(g => g.Lane("late", write: lane =>
            {
                GuardValue end = lane.At(FinalNorm).ReadNorm("end");
                lane.At(ResidPost(0)).On(GuardPositions.Generated).When(end > 0f).Add(Thornvale.Tensor("refusal.0"), 2);
            }).Mix("late", .6f), "backwards")),
        ];
        return guards.Select(guard => new TestCaseData(guard.Make).SetArgDisplayNames(guard.Name));
    }

    private static GuardProgram Late(GuardProgram guard, int tokens, SpeculativeAcceptance acceptance = SpeculativeAcceptance.SameToken) => guard with { Late = new LateLanes(tokens, acceptance) };

    [TestCaseSource(nameof(Guards))]
    public void Tokens_and_edits_are_those_of_lanes_that_are_looked_at_each_time(Func<GuardProgram> make)
    {
        GuardProgram guard = make();
        SamplingOptions[] samplings = [SamplingOptions.Greedy, new() { Temperature = 1.1, Seed = 3 }, new() { Temperature = .8, TopK = 20, TopP = .9, RepetitionPenalty = 1.2, Seed = 4 }];
        int refused = 0;
        foreach (SamplingOptions sampling in samplings)
            foreach (string text in Thornvale.Requests)
            {
                GenerationResult each = Thornvale.Answer(text, guard, 20, sampling);
                foreach (int tokens in new[] { 2, 3, 5, 64 })
                {
                    GenerationResult late = Thornvale.Answer(text, Late(guard, tokens), 20, sampling);
                    Assert.That(late.Ids, Is.EqualTo(each.Ids), $"{text}, every {tokens}");
                    Assert.That(late.Reason, Is.EqualTo(each.Reason));
                    Assert.That(late.Receipt!.Steps, Is.EqualTo(each.Receipt!.Steps));
                    Assert.That(late.Receipt.Registers, Is.EqualTo(each.Receipt.Registers));
                    SpeculationReceipt receipt = late.Receipt.Speculation!;
                    Assert.That(receipt.Accepted + receipt.Looks, Is.EqualTo(each.Ids.Length), "a look gives what stands and one token more");
                    Assert.That(receipt.ProposedByLook, Is.All.LessThan(tokens));
                    Assert.That(receipt.AcceptedByLook.Zip(receipt.ProposedByLook, (stood, proposed) => stood <= proposed), Is.All.True);
                    refused += receipt.Proposed - receipt.Accepted;
                }
            }
        Assert.That(refused, Is.GreaterThan(0), "the lanes have a say");
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.Zero);
    }

    [Test]
    public void Identical_lanes_let_every_token_stand()
    {
        GuardProgram guard = new SafeInfer { AntiExpert = AntiExpert.Edited(_ => { }), LookEvery = 4 }.Build(Model);
        Thornvale.AssertIdle(guard);
        SpeculationReceipt receipt = Thornvale.Answer(Thornvale.Framed, guard, 16).Receipt!.Speculation!;
        Assert.That((receipt.Every, receipt.Accepted), Is.EqualTo((4, receipt.Proposed)));
        Assert.That(receipt.AcceptedByLook.SkipLast(1), Is.All.EqualTo(3));
    }

    [Test]
    public void Rows_in_a_batch_answer_as_alone_and_leave_others_as_they_are()
    {
        GuardProgram guard = Away(AntiExpert.Adapter(Thornvale.DarkAdapter)).Build(6);
        using CompiledGuard each = guard.Compile(Model), late = Late(guard, 4).Compile(Model);
        GenerationRequest[] requests = [.. from text in Thornvale.Requests from own in new[] { late, null, each }
            select new GenerationRequest(Thornvale.Ask(text), new GenerationOptions { MaxTokens = 14, Guard = own })];
        IReadOnlyList<GenerationResult> together = Model.GenerateBatch(requests);
        for (int i = 0; i < requests.Length; i++)
            Assert.That(together[i].Ids, Is.EqualTo(Model.Generate([.. requests[i].Ids], requests[i].Options).Ids), $"request {i}");
        for (int i = 0; i < requests.Length; i += 3)
            Assert.That(together[i].Ids, Is.EqualTo(together[i + 2].Ids));
    }

    [Test]
    public void Rows_of_many_guards_that_look_together_answer_as_alone([Values] SpeculativeAcceptance acceptance)
    {
        CompiledGuard[] late = [.. Guards().Zip([2, 5, 3, 4, 8], (guard, tokens) => Late(((Func<GuardProgram>)guard.Arguments[0]!)(), tokens, acceptance).Compile(Model))];
        float[] huge = [.. Enumerable.Repeat(3e38f, Model.Width)];
        using CompiledGuard broken = Late(Guard.Define(g => g.Lane("lane", write: lane =>
            lane.At(ResidPost(2)).On(GuardPositions.From(Thornvale.Ask(Thornvale.Craft).Length + 2)).AllowIdle().Add(huge, 2)).Mix("lane", .5f), "broken"), 5).Compile(Model);
        SamplingOptions[] samplings = [SamplingOptions.Greedy, new() { Temperature = 1.1, Seed = 3 }];
        GenerationRequest[] requests = [.. from text in Thornvale.Requests from sampling in samplings from guard in late.Append(broken)
            select new GenerationRequest(Thornvale.Ask(text), new GenerationOptions { MaxTokens = 6 + (text.Length % 9), Guard = guard, Sampling = sampling, LanePrompts = GuardExtensions.LanePrompts(Model, guard, [new("user", text)]) })];
        IReadOnlyList<GenerationResult> together = Model.GenerateBatch(requests);
        int refused = 0;
        for (int i = 0; i < requests.Length; i++)
        {
            GenerationResult alone = Model.GenerateBatch([requests[i]])[0];
            Assert.That(together[i].Ids, Is.EqualTo(alone.Ids), $"request {i}");
            Assert.That(together[i].Failure?.Message, Is.EqualTo(alone.Failure?.Message), $"request {i}");
            Assert.That(together[i].Receipt!.ToString(), Is.EqualTo(alone.Receipt!.ToString()), $"request {i}");
            refused += alone.Failure is null ? 0 : 1;
        }
        Assert.That(refused, Is.GreaterThan(0));
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.Zero);
        Array.ForEach(late, guard => guard.Dispose());
    }

    [Test]
    public void Many_rows_take_as_many_passes_through_the_model_as_one()
    {
        using CompiledGuard late = Late(Guard.Define(g => g.Lane("same").Mix("same", .5f), "same"), 4).Compile(Model);
        GenerationRequest[] requests = [.. Thornvale.Requests.Select(text => new GenerationRequest(Thornvale.Ask(text), new GenerationOptions { MaxTokens = 24, IgnoreEndTokens = true, Guard = late }))];
        int alone = Passes(() => Model.GenerateBatch([requests[0]]));
        Assert.That(requests, Has.Length.GreaterThan(1));
        Assert.That(alone, Is.EqualTo(1 + (6 * 5) + 1), "the prompts of both lanes; six looks behind four passes each; the end of the lane's prompt by itself");
        Assert.That(Passes(() => Model.GenerateBatch(requests)), Is.EqualTo(alone));

        // Rows of one pass come to a hook point one after the other, before any of them comes to the next.
        int Passes(Action run)
        {
            int passes = 0;
            bool inside = false;
            using (Model.Hook("blocks.0.hook_resid_pre", (_, _) =>
            {
                passes += inside ? 0 : 1;
                inside = true;
            }))
            using (Model.Hook("blocks.0.hook_resid_post", (_, _) => inside = false))
                run();
            return passes;
        }
    }

    [Test]
    public void Constraints_log_probabilities_and_stops_are_as_without()
    {
        GuardProgram guard = Away(AntiExpert.Adapter(Thornvale.DarkAdapter)).Build(6);
        using CompiledGuard each = guard.Compile(Model), late = Late(guard, 4).Compile(Model);
        GenerationOptions[] manners =
        [
            new() { MaxTokens = 20, Constraint = Constraint.FromRegex("[A-Za-z ]{6,15}") },
            new() { MaxTokens = 20, IgnoreEndTokens = true, Constraint = Constraint.FromRegex("[A-Z][a-z ]{3,6}") },
            new() { MaxTokens = 12, Sampling = SamplingOptions.Greedy with { LogProbabilities = 2 } },
            new() { MaxTokens = 12, Sampling = new SamplingOptions { Temperature = 1.2, Seed = 6, LogProbabilities = 3 } },
            new() { MaxTokens = 30, StopStrings = ["the"] },
            new() { MaxTokens = 1 },
        ];
        foreach (GenerationOptions manner in manners)
        {
            GenerationResult expected = Model.Generate(Thornvale.Ask(Thornvale.Craft), manner with { Guard = each }), actual = Model.Generate(Thornvale.Ask(Thornvale.Craft), manner with { Guard = late });
            Assert.That(actual.Ids, Is.EqualTo(expected.Ids));
            Assert.That(actual.Text, Is.EqualTo(expected.Text));
            Assert.That(actual.LogProbabilities, Is.EqualTo(expected.LogProbabilities));
            Assert.That(actual.ConstraintSatisfied, Is.EqualTo(expected.ConstraintSatisfied));
        }
    }

    // p without the lane, q with it: what is drawn has q's distribution, token by token, although other tokens than q's own draws come.
    [Test]
    public void By_ratio_the_whole_formulas_distribution_is_drawn_from()
    {
        const int Draws = 700;
        GuardProgram guard = Guard.Define(g => g.Lane("dark", Thornvale.DarkAdapter).Mix("dark", .5f), "half");
        int[] prompt = Thornvale.Ask(Thornvale.Framed)[..4]; // anything may follow
        var each = new List<int[]>();
        var ratio = new List<int[]>();
        using CompiledGuard plain = guard.Compile(Model), late = Late(guard, 3, SpeculativeAcceptance.Ratio).Compile(Model);
        foreach ((CompiledGuard own, List<int[]> answers) in new[] { (plain, each), (late, ratio) })
            answers.AddRange(Model.GenerateBatch([.. Enumerable.Range(0, Draws).Select(draw => new GenerationRequest(prompt, new GenerationOptions
            {
                MaxTokens = 2,
                IgnoreEndTokens = true,
                Guard = own,
                Sampling = new SamplingOptions { Temperature = 1.5, Seed = 5, Sample = draw },
            }))]).Select(result => result.Ids));
        Assert.That(each.Zip(ratio, (a, b) => a.SequenceEqual(b)).Count(same => !same), Is.GreaterThan(Draws / 20), "other draws");
        for (int place = 0; place < 2; place++)
            foreach (IGrouping<int, int> token in each.Select(ids => ids[place]).GroupBy(id => id).Where(group => group.Count() > 20))
            {
                double p = (double)token.Count() / Draws, sigma = Math.Sqrt(2 * Draws * p * (1 - p)); // both sides are draws
                Assert.That(ratio.Count(ids => ids[place] == token.Key), Is.EqualTo(token.Count()).Within((5 * sigma) + 1), $"place {place}, token {token.Key}");
            }
    }

    [Test]
    public void Greedy_tokens_are_the_same_by_either_rule()
    {
        GuardProgram guard = Away(AntiExpert.Adapter(Thornvale.DarkAdapter)).Build(6);
        foreach (string text in Thornvale.Requests)
            Assert.That(Thornvale.Answer(text, Late(guard, 4, SpeculativeAcceptance.Ratio)).Ids, Is.EqualTo(Thornvale.Answer(text, guard).Ids), text);
    }

    [Test]
    public void The_ratio_has_the_published_constant_under_the_drafts_probability()
    {
        var walked = new OneToken(draft: [1e-6, 1 - 1e-6], target: [1e-6, 1 - 1e-6], uniform: .6);
        var scratch = new LazyRanking(2);
        Assert.That(SpeculativeDecoding.Walk(new double[2], walked, scratch).Accepted, Is.EqualTo(1), "equal sides: whatever the number");
        Assert.That(SpeculativeDecoding.Walk(new double[2], walked, scratch, added: 1e-6).Accepted, Is.Zero, "1e-6 / (1e-6 + 1e-6) is a half");
    }

    private sealed class OneToken(double[] draft, double[] target, double uniform) : IDraftedTokens
    {
        public int Count => 1;

        public int Token(int place) => 0;

        public ReadOnlySpan<double> Draft(int place) => draft;

        public ReadOnlySpan<double> Target(int place) => target;

        public double AcceptanceUniform(int place) => uniform;

        public double TokenUniform(int place) => uniform;
    }

    [Test]
    public void SafeInfer_as_released_accepts_by_ratio_and_rounds_the_anti_expert()
    {
        SafeInfer guard = Away(AntiExpert.Adapter(Thornvale.DarkAdapter)) with { LookEvery = 4 };
        GuardProgram sane = guard.Build(6), released = (guard with { Fidelity = GuardFidelity.Reference }).Build(6);
        Assert.That((sane.Late, sane.Logits.Single().Rounded), Is.EqualTo((new LateLanes(4, SpeculativeAcceptance.SameToken), false)));
        Assert.That((released.Late, released.Logits.Single().Rounded), Is.EqualTo((new LateLanes(4, SpeculativeAcceptance.Ratio), true)));
        Assert.That((guard with { LookEvery = 1 }).Build(6).Late, Is.Null);
        Assert.That(() => new SafeInfer { Vector = Thornvale.Tensor("refusal.2"), LookEvery = 4 }.Build(6), Throws.TypeOf<GuardException>().With.Message.Contains("anti-expert"));
    }

    // §8.1: two identical models of which one is rounded.
    [Test]
    public void A_rounded_anti_expert_moves_even_an_identical_model()
    {
        float[] own = [2, 1, .5f, 0, -1, -2], rounded = [.. own], exact = [.. own];
        LogitStages.Union(rounded, own, .99f, rounded: true);
        LogitStages.Union(exact, own, .99f);
        Assert.That(exact, Is.EqualTo(own));
        double total = rounded.Sum(score => Math.Exp(score));
        Assert.That(rounded.Select(score => Math.Exp(score) / total), Is.EqualTo(new[] { .625319, .230042, .072792, .044151, .016242, .011453 }).Within(1e-4));
    }

    [Test]
    public void It_is_kept_in_files_and_told_in_words()
    {
        string folder = Directory.CreateTempSubdirectory("late").FullName;
        try
        {
            GuardProgram guard = (Away(AntiExpert.Adapter(Thornvale.DarkAdapter)) with { LookEvery = 4, Fidelity = GuardFidelity.Reference }).Build(6);
            string path = Path.Combine(folder, "late.guard.json");
            Guard.Save(guard, path);
            GuardProgram read = Guard.Load(path);
            Assert.That((read.Late, read.Logits.Single().Rounded), Is.EqualTo((guard.Late, true)));
            Assert.That(Constraint.FromJsonSchema(File.ReadAllText(Path.Combine(SharedFolder.Repository, "docs", "guard.schema.json"))).IsSatisfiedBy(
                System.Text.Json.JsonSerializer.Serialize(System.Text.Json.JsonDocument.Parse(File.ReadAllText(path)).RootElement)));
            var words = new StringWriter();
            GuardText.Write(words, read);
            Assert.That(words.ToString(), Does.Contain("looked at after every 4 tokens").And.Contain("rounded to bfloat16"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        string receipt = Thornvale.Answer(Thornvale.Framed, Away(AntiExpert.Adapter(Thornvale.DarkAdapter)).Build(6) with { Late = new LateLanes(4, SpeculativeAcceptance.SameToken) }).Receipt!.ToString();
        Assert.That(receipt, Does.Match("lanes looked at \\d+ times, \\d+ of \\d+ proposed tokens stood"));
    }

    [Test]
    public void A_lane_that_fails_refuses_the_row_at_the_same_token()
    {
        float[] huge = [.. Enumerable.Repeat(3e38f, Model.Width)];
        GuardPositions third = GuardPositions.From(Thornvale.Ask(Thornvale.Craft).Length + 2);
        foreach (bool inLane in new[] { true, false })
        {
            GuardProgram guard = Guard.Define(g =>
            {
                void Break(GuardBuilder b) => b.At(ResidPost(2)).On(third).AllowIdle().Add(huge, 2);
                if (!inLane)
                    Break(g);
                g.Lane("lane", write: inLane ? Break : null).Mix("lane", .5f);
            }, "broken");
            using CompiledGuard each = guard.Compile(Model), late = Late(guard, 5).Compile(Model);
            GenerationResult[] results = [.. new[] { each, late }.Select(own => Model.GenerateBatch([new GenerationRequest(Thornvale.Ask(Thornvale.Craft), new GenerationOptions { MaxTokens = 8, Guard = own })])[0])];
            Assert.That(results[1].Failure, Is.TypeOf<GuardException>());
            Assert.That(results[1].Failure!.Message, Is.EqualTo(results[0].Failure!.Message));
            Assert.That(results[1].Ids, Is.EqualTo(results[0].Ids));
        }
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.Zero);
    }

    [Test]
    public void A_token_allocates_nothing([Values(1, 4)] int every, [Values] SpeculativeAcceptance acceptance)
    {
        GuardProgram guard = Guard.Define(g => g
            .At(ResidPost(2)).On(Generated).Add(Thornvale.Tensor("refusal.2"), .1f)
            .Lane("lane", write: lane => lane.At(ResidPost(3)).On(Generated).Add(Thornvale.Tensor("refusal.3"), .3f)).Union("lane", .5f), "lanes");
        using CompiledGuard compiled = Late(guard, every, acceptance).Compile(Model);
        var options = new GenerationOptions { MaxTokens = 100, IgnoreEndTokens = true, Guard = compiled, Sampling = new SamplingOptions { Temperature = 1.2, Seed = 2 } };
        int[] prompt = Thornvale.Ask(Thornvale.Craft);
        Model.Generate(prompt, options); // what is made once is made
        long begin = 0, end = 0;
        using (Model.Hook("resid_post0", (_, at) =>
        {
            end = GC.GetAllocatedBytesForCurrentThread();
            if (begin == 0 && at.Positions[0] > 72) // states grow at 64 and 128 tokens
                begin = end;
        }))
            Model.Generate(prompt, options);
        Assert.That(begin, Is.GreaterThan(0));
        Assert.That(prompt.Length + options.MaxTokens, Is.LessThan(128));
        Assert.That(end - begin, Is.Zero);
    }

    [Test]
    public void What_makes_no_sense_is_refused()
    {
        GuardProgram guard = Guard.Define(g => g.Lane("other", system: "").Mix("other", .5f), "guided");
        foreach ((GuardProgram wrong, string message) in new[]
        {
            (Late(guard, 0), "1 to 64"), (Late(guard, 65), "1 to 64"), (Late(Guard.Define(g => g.At(ResidPost(1)).Scale(2), "edits"), 4), "lane"),
            (Late(Guard.Define(g => g.Lane("other").Mix("other", .5f).Refuse("No."), "flow"), 4), "decisions"),
        })
            Assert.That(() => wrong.Compile(Model), Throws.TypeOf<GuardException>().With.Message.Contains(message));
        using CompiledGuard late = Late(Guard.Define(g => g.Lane("other").Mix("other", .5f), "guided"), 4).Compile(Model);
        Assert.That(() => Model.Generate(Thornvale.Ask(Thornvale.Craft), new GenerationOptions { Guard = late, Sampling = new SamplingOptions { Temperature = 1, MirostatTau = 3 } }), Throws.ArgumentException.With.Message.Contains("Mirostat"));
        Assert.That(() => new GuardStack(Late(guard, 4), Late(guard, 3)), Throws.TypeOf<GuardException>().With.Message.Contains("late lanes"));
    }
}
