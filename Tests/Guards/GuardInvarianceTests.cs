using Managed.Cache;
using Managed.Guards;
using Managed.Kernels;
using Managed.Tests.Models;
using static Managed.Guards.GuardPoints;

namespace Managed.Tests.Guarding;

/// <summary>A guarded row gives the same bits alone, in any batch, in any chunks, after a fork; a guard that does nothing changes nothing.</summary>
public class GuardInvarianceTests
{
    private static readonly LanguageModel Model = TestModels.Hearth;
    private static readonly Random Numbers = new(11);
    private static readonly float[] Direction = Random(1f), Other = Random(1f), Probe = Random(0.3f);

    private static float[] Random(float scale) => [.. Enumerable.Range(0, Model.Width).Select(_ => (float)((Numbers.NextDouble() * 2) - 1) * scale)];

    private static int[] Ids(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(Model.VocabularySize))];
    }

    // Every kind of edit and read, at several points, with conditions over what was read before.
    internal static GuardProgram Everything() => Guard.Define(g =>
    {
        GuardValue length = g.At(ResidPre(0)).ReadNorm("length");
        GuardValue share = g.At(AttnOut(1)).ReadProjection(Direction, "share");
        g.At(ResidMid(1)).On(GuardPositions.EveryNth(3)).When(share > 0f | length > 3f).Add(Direction, 0.1f);
        GuardValue harm = g.At(ResidPost(1)).ReadProbe(new LinearProbe(Probe, 0.1f), "harm");
        g.At(ResidPost(1)).When(harm > 0.5f, sticky: true).AddSparse(Other, keep: 9, strength: 0.2f);
        g.At(MlpOut(2)).From(LastPromptToken).ProjectOut(Direction);
        g.At(ResidPost(2)).On(Prompt).Clamp(Other, -0.5f, 0.25f);
        g.At("blocks.3.attn.hook_z").On(GuardPositions.From(4)).Scale(0.9f);
        g.At("blocks.3.mlp.hook_post").On(GuardPositions.Range(2, 30)).Scale(1.1f);
        g.At(ResidPost(3)).On(GuardPositions.Range(3, 4)).Record("third");
        g.At(ResidPre(4)).On(GuardPositions.Range(9, 12)).ReplaceFrom("third");
        g.At(ResidPost(4)).On(GuardPositions.All).Times(harm, signOnly: true).LowRank(Direction, [0.1f], Other, rank: 1, strength: 0.05f, relu: true);
        g.At(FinalNorm).ReadCosine(Other, into: "end");
    }, "everything");

    private static float[] Logits(Sequence sequence, int[] ids) =>
        Model.Transformer.View(Model.Transformer.Forward([new StepInput(sequence, ids)], LogitsWanted.All)).ToArray();

    private static Sequence Guarded(CompiledGuard guard, int promptLength)
    {
        Sequence sequence = Model.Transformer.Cache.Create();
        sequence.Edits = guard.CreateState(promptLength);
        return sequence;
    }

    private static float[] Whole(CompiledGuard? guard, int[] ids, int promptLength)
    {
        using Sequence sequence = Model.Transformer.Cache.Create();
        sequence.Edits = guard?.CreateState(promptLength);
        return Logits(sequence, ids);
    }

    [SetUp]
    public void Exact() => Model.Transformer.Precision = Precision.Exact;

    [Test]
    public void Chunks_batches_forks_and_truncation_do_not_change_a_bit_of_a_guarded_row()
    {
        using CompiledGuard guard = Everything().Compile(Model), other = Guard.Define(g => g.At(ResidPost(0)).Add(Other, 0.3f)).Compile(Model);
        int[] ids = Ids(3, 41);
        const int Prompt = 30;
        int vocabulary = Model.VocabularySize;
        float[] whole = Whole(guard, ids, Prompt);
        Assert.That(whole, Is.Not.EqualTo(Whole(null, ids, Prompt)), "the guard does something");
        var random = new Random(5);
        foreach (int most in new[] { 13, 1 })
        {
            using Sequence chunked = Guarded(guard, Prompt);
            for (int from = 0; from < ids.Length;)
            {
                int to = Math.Min(ids.Length, from + 1 + random.Next(most));
                Assert.That(Logits(chunked, ids[from..to]), Is.EqualTo(whole[(from * vocabulary)..(to * vocabulary)]), $"tokens {from} to {to}, chunks of at most {most}");
                from = to;
            }
        }

        using (Sequence first = Guarded(other, 5), second = Guarded(guard, Prompt), third = Model.Transformer.Cache.Create())
        {
            Rows rows = Model.Transformer.Forward([new StepInput(first, Ids(8, 9)), new StepInput(second, ids), new StepInput(third, Ids(9, 12))], LogitsWanted.All);
            float[] batch = Model.Transformer.View(rows).ToArray();
            Assert.That(batch[..(9 * vocabulary)], Is.EqualTo(Whole(other, Ids(8, 9), 5)), "another guard in the batch");
            Assert.That(batch[(9 * vocabulary)..((9 + 41) * vocabulary)], Is.EqualTo(whole), "in a batch of three");
            Assert.That(batch[((9 + 41) * vocabulary)..], Is.EqualTo(Whole(null, Ids(9, 12), 12)), "an unguarded row beside guarded ones");
        }

        using (Sequence original = Guarded(guard, Prompt))
        {
            Logits(original, ids[..21]);
            using Sequence fork = original.Fork();
            Logits(original, Ids(13, 7));
            Assert.That(Logits(fork, ids[21..]), Is.EqualTo(whole[(21 * vocabulary)..]), "after a fork");
            original.Truncate(21);
            Assert.That(Logits(original, ids[21..]), Is.EqualTo(whole[(21 * vocabulary)..]), "after truncating");
            Assert.That(original.Edits!.Line(35).ToArray(), Is.EqualTo(fork.Edits!.Line(35).ToArray()), "and so is what was read");
        }

        using LanguageModel threaded = TestModels.Load(TestModels.HearthPath, threads: 2);
        using CompiledGuard again = Everything().Compile(threaded);
        using Sequence elsewhere = threaded.Transformer.Cache.Create();
        elsewhere.Edits = again.CreateState(Prompt);
        Assert.That(threaded.Transformer.View(threaded.Transformer.Forward([new StepInput(elsewhere, ids)], LogitsWanted.All)).ToArray(), Is.EqualTo(whole), "with 2 threads");
    }

    [Test]
    public void A_guard_that_does_nothing_changes_no_bit()
    {
        int[] ids = Ids(4, 33);
        float[] unguarded = Whole(null, ids, 20);
        var idle = new (string Why, GuardProgram Program)[]
        {
            ("strength 0", Guard.Define(g => { g.At("resid_post").Add(Direction, 0); g.At("mlp_out").ProjectOut(Direction, 0); g.At("attn_out").Scale(1); })),
            ("a condition that never holds", Guard.Define(g => { GuardValue length = g.At(ResidPre(0)).ReadNorm(); g.At("resid_post").When(length < 0f).Add(Direction, 5); })),
            ("reads alone", Guard.Define(g => { g.At(ResidPost(2)).ReadProbe(new LinearProbe(Probe)); g.At(FinalNorm).ReadNorm(); })),
            ("no steps", Guard.Define(_ => { })),
            ("positions that do not come", Guard.Define(g => g.At("resid_post").On(GuardPositions.From(1000)).Add(Direction, 5))),
        };
        foreach ((string why, GuardProgram program) in idle)
        {
            using CompiledGuard guard = program.Compile(Model);
            Assert.That(Whole(guard, ids, 20), Is.EqualTo(unguarded), why);
        }
        using CompiledGuard nothing = idle[0].Program.Compile(Model);
        Assert.That(nothing.Edits, Is.Null, "strength 0 compiles to nothing");
    }

    [Test]
    public void A_register_written_late_in_the_pass_is_seen_by_the_next_token_whatever_the_chunks()
    {
        using CompiledGuard guard = Guard.Define(g =>
        {
            GuardValue end = g.At(ResidPost(5)).On(LastPromptToken).ReadProjection(Direction, "end");
            g.At(ResidPre(0)).On(Generated).When(end * end >= 0f).Add(Other, 0.5f);
        }).Compile(Model);
        int[] ids = Ids(6, 24);
        const int Prompt = 15;
        using Sequence whole = Guarded(guard, Prompt), single = Guarded(guard, Prompt), unsplit = Guarded(guard, Prompt);
        Assert.That(() => Logits(unsplit, ids), Throws.ArgumentException.With.Message.Contains("allows 15"));
        float[] first = Logits(whole, ids[..Prompt]), rest = Logits(whole, ids[Prompt..]);
        float[] each = [.. ids.SelectMany(id => Logits(single, [id]))];
        Assert.That(each, Is.EqualTo(first.Concat(rest)));
        Assert.That(rest, Is.Not.EqualTo(Whole(null, ids, Prompt)[(Prompt * Model.VocabularySize)..]));
        GenerationResult generated = Model.Generate(ids[..Prompt], new GenerationOptions { MaxTokens = 6, IgnoreEndTokens = true, Guard = guard });
        Assert.That(generated.Receipt!.Steps.Single(step => step.Step == 1).Fired, Is.EqualTo(5), "every generated token that went through the model");
    }

    [Test]
    public void Requests_under_different_guards_give_in_one_batch_what_each_gives_alone()
    {
        using CompiledGuard everything = Everything().Compile(Model);
        CompiledGuard[] guards = [.. Enumerable.Range(0, 6).Select(i => Guard.Define(g => g.At(ResidPost(i)).Add(Direction, 0.2f * i + 0.1f), $"add{i}").Compile(Model))];
        GenerationRequest[] requests =
        [
            .. guards.Select((guard, i) => new GenerationRequest(Ids(i, 5 + (7 * i)), new GenerationOptions { MaxTokens = 12, Guard = guard, Precision = Precision.Exact })),
            new GenerationRequest(Ids(50, 20), new GenerationOptions { MaxTokens = 12, Precision = Precision.Exact }),
            new GenerationRequest(Ids(51, 31), new GenerationOptions { MaxTokens = 12, Guard = everything, Precision = Precision.Exact }),
        ];
        IReadOnlyList<GenerationResult> together = Model.GenerateBatch(requests);
        for (int i = 0; i < requests.Length; i++)
        {
            GenerationResult alone = Model.Generate([.. requests[i].Ids], requests[i].Options);
            Assert.That(together[i].Ids, Is.EqualTo(alone.Ids), $"request {i}");
            Assert.That(together[i].Receipt?.ToString(), Is.EqualTo(alone.Receipt?.ToString()), $"receipt {i}");
        }
        foreach (CompiledGuard guard in guards)
            guard.Dispose();
    }

    [Test]
    public void A_cached_prefix_is_used_again_only_as_far_as_no_other_guard_has_shaped_it()
    {
        using CompiledGuard late = Guard.Define(g => g.At(ResidPost(1)).From(LastPromptToken).Add(Direction, 2)).Compile(Model);
        using CompiledGuard all = Guard.Define(g => g.At(ResidPost(1)).Add(Direction, 2)).Compile(Model), twin = Guard.Define(g => g.At(ResidPost(1)).Add(Direction, 2)).Compile(Model);
        Assert.That(twin.Fingerprint, Is.EqualTo(all.Fingerprint));
        Assert.That(late.Fingerprint, Is.Not.EqualTo(all.Fingerprint));
        int[] turn = Ids(20, 12), next = [.. turn, .. Ids(21, 8)];
        (CompiledGuard? Before, CompiledGuard? After, int Kept)[] cases =
        [
            (null, null, 12), (null, late, 12), (late, null, 11), (late, late, 11), (all, all, 12), (all, twin, 12), (all, null, 0), (null, all, 0), (all, late, 0),
        ];
        foreach ((CompiledGuard? before, CompiledGuard? after, int kept) in cases)
        {
            using var cache = new ConversationCache();
            Say(turn, before, 1);
            GenerationResult second = Say(next, after, 6);
            Assert.That(second.CachedTokens, Is.EqualTo(kept), $"{before?.Fingerprint} then {after?.Fingerprint}");
            Assert.That(second.Ids, Is.EqualTo(Model.Generate(next, Options(after, 6)).Ids));

            GenerationResult Say(int[] ids, CompiledGuard? guard, int tokens) => Model.Generate(Model.CreateRun(ids, Options(guard, tokens), null, cache), default);
        }

        static GenerationOptions Options(CompiledGuard? guard, int tokens) => new() { MaxTokens = tokens, Guard = guard, IgnoreEndTokens = true };
    }
}
