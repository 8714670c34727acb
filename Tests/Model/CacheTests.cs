using FsCheck;
using FsCheck.Fluent;
using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed.Tests.Models;

/// <summary>The cache's rows against a model that remembers nothing and computes every text from its beginning.</summary>
public class CacheTests
{
    private enum Kind { Append, AppendTogether, Fork, Truncate, Drop, Begin }

    /// <summary>Something done to the rows: which one, how much, and which tokens.</summary>
    private readonly record struct Operation(Kind Kind, int Row, int Amount, int Seed);

    private static readonly Gen<Operation> Operations =
        from kind in Gen.Frequency(
            (5, Gen.Constant(Kind.Append)), (2, Gen.Constant(Kind.AppendTogether)), (3, Gen.Constant(Kind.Fork)),
            (3, Gen.Constant(Kind.Truncate)), (1, Gen.Constant(Kind.Drop)), (1, Gen.Constant(Kind.Begin)))
        from row in Gen.Choose(0, 7)
        from amount in Gen.Frequency((3, Gen.Choose(1, 3)), (2, Gen.Choose(4, 40)))
        from seed in Gen.Choose(0, int.MaxValue)
        select new Operation(kind, row, amount, seed);

    private static IEnumerable<TestCaseData> Directories() =>
        TestModels.ArchitectureDirectories()
            .Where(directory => !Path.GetFileName(directory).EndsWith("dynamic", StringComparison.Ordinal)) // its angles depend on the length of each step
            .Select(directory => new TestCaseData(directory).SetArgDisplayNames(Path.GetFileName(directory)));

    [TestCaseSource(nameof(Directories))]
    public void Any_sequence_of_operations_gives_the_logits_of_the_texts_and_holds_no_page_too_many(string directory)
    {
        using LanguageModel model = TestModels.Load(directory);
        Prop.ForAll(Arb.From(Gen.ListOf(Operations)), operations =>
        {
            var rows = new List<(Sequence Sequence, List<int> Text)> { (model.Transformer.Cache.Create(), []) };
            foreach (Operation operation in operations)
            {
                Do(model, rows, operation);
                CheckPages(model.Transformer.Cache, rows.ConvertAll(row => row.Sequence));
            }
            rows.ForEach(row => row.Sequence.Dispose());
            Assert.That(model.Transformer.Cache.PagesInUse, Is.Zero, "after all rows were dropped");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(12).WithStartSize(8).WithEndSize(24).WithReplay(11, 7));
    }

    private static void Do(LanguageModel model, List<(Sequence Sequence, List<int> Text)> rows, Operation operation)
    {
        int at = operation.Row % rows.Count;
        (Sequence sequence, List<int> text) = rows[at];
        switch (operation.Kind)
        {
            case Kind.Append:
                Append(model, [rows[at]], operation);
                break;
            case Kind.AppendTogether:
                Append(model, [.. rows.Skip(at).Concat(rows.Take(at)).Take(1 + (operation.Amount % 3))], operation);
                break;
            case Kind.Fork:
                rows.Add((sequence.Fork(), [.. text]));
                break;
            case Kind.Truncate:
                int kept = Math.Max(0, text.Count - operation.Amount);
                sequence.Truncate(kept);
                text.RemoveRange(kept, text.Count - kept);
                break;
            case Kind.Drop when rows.Count > 1:
                sequence.Dispose();
                rows.RemoveAt(at);
                break;
            case Kind.Begin:
                rows.Add((model.Transformer.Cache.Create(), []));
                break;
        }
    }

    private static void Append(LanguageModel model, List<(Sequence Sequence, List<int> Text)> rows, Operation operation)
    {
        var random = new Random(operation.Seed);
        var inputs = new StepInput[rows.Count];
        for (int i = 0; i < inputs.Length; i++)
        {
            int[] added = [.. Enumerable.Range(0, Math.Min(1 + random.Next(operation.Amount), 110 - rows[i].Text.Count)).Select(_ => random.Next(model.VocabularySize))];
            if (added.Length == 0)
                return; // long enough
            inputs[i] = new StepInput(rows[i].Sequence, added);
            rows[i].Text.AddRange(added);
        }
        float[] logits = model.Transformer.View(model.Transformer.Forward(inputs, LogitsWanted.Last)).ToArray();
        for (int i = 0; i < inputs.Length; i++)
        {
            using Sequence fresh = model.Transformer.Cache.Create();
            float[] expected = model.Transformer.View(model.Transformer.Forward([new StepInput(fresh, rows[i].Text.ToArray())], LogitsWanted.Last)).ToArray();
            Assert.That(logits.AsSpan(i * expected.Length, expected.Length).SequenceEqual(expected), Is.True, $"row {i} of {inputs.Length}, {rows[i].Text.Count} tokens");
            Assert.That(rows[i].Sequence.Tokens.SequenceEqual(rows[i].Text.ToArray()), Is.True);
        }
    }

    private static void CheckPages(KeyValueCache cache, List<Sequence> rows)
    {
        var holders = new Dictionary<CachePage, int>();
        foreach (Sequence row in rows)
        {
            Assert.That(row.Pages.Length, Is.EqualTo((row.Length + KeyValueCache.PagePositions - 1) / KeyValueCache.PagePositions));
            foreach (CachePage page in row.Pages)
                holders[page] = holders.GetValueOrDefault(page) + 1;
        }
        Assert.That(cache.PagesInUse, Is.EqualTo(holders.Count));
        Assert.That(holders.All(pair => pair.Key.References == pair.Value), Is.True, "references");
    }

    [Test]
    public void Forks_share_every_page_until_one_of_them_writes_and_then_copy_only_the_page_they_write_to()
    {
        using LanguageModel model = TestModels.Load(SharedFolder.Fixture("arch/gpt2"));
        KeyValueCache cache = model.Transformer.Cache;
        using Sequence original = cache.Create();
        model.Transformer.Forward([new StepInput(original, new int[70])], LogitsWanted.None); // two full pages and six positions
        Sequence[] forks = [.. Enumerable.Range(0, 10).Select(_ => original.Fork())];
        Assert.That(cache.PagesInUse, Is.EqualTo(3));
        model.Transformer.Forward([new StepInput(forks[0], new int[1]), new StepInput(forks[1], new int[1])], LogitsWanted.None);
        Assert.That(cache.PagesInUse, Is.EqualTo(5));
        original.Truncate(64);
        model.Transformer.Forward([new StepInput(original, new int[1])], LogitsWanted.None); // writes to a page of its own
        Assert.That(cache.PagesInUse, Is.EqualTo(6));
        foreach (Sequence fork in forks)
            fork.Dispose();
        Assert.That(cache.PagesInUse, Is.EqualTo(3));
        original.Dispose();
        Assert.That((cache.PagesInUse, cache.PageCount), Is.EqualTo((0, 6)), "kept for reuse");
        cache.Trim();
        Assert.That(cache.PageCount, Is.Zero);
    }

    [Test]
    public void A_longrope_text_that_shrinks_below_the_original_length_is_turned_back()
    {
        using LanguageModel model = TestModels.Load(SharedFolder.Fixture("arch/phi3-longrope"));
        int[] ids = [.. Enumerable.Range(0, 60).Select(i => (i * 37) % model.VocabularySize)]; // the original length is 48
        using Sequence sequence = model.Transformer.Cache.Create(), fresh = model.Transformer.Cache.Create();
        model.Transformer.Forward([new StepInput(sequence, ids)], LogitsWanted.None);
        sequence.Truncate(40);
        float[] back = model.Transformer.View(model.Transformer.Forward([new StepInput(sequence, ids.AsMemory(40, 2))], LogitsWanted.Last)).ToArray();
        float[] expected = model.Transformer.View(model.Transformer.Forward([new StepInput(fresh, ids.AsMemory(0, 42))], LogitsWanted.Last)).ToArray();
        Assert.That(back, Is.EqualTo(expected));
    }

    [Test]
    public void A_step_that_fails_leaves_every_row_as_it_was()
    {
        using LanguageModel model = TestModels.Load(SharedFolder.Fixture("arch/gemma2"));
        int[] ids = [.. Enumerable.Range(0, 50).Select(i => (i * 53) % model.VocabularySize)];
        float[] whole = model.Run(ids).Output.Values[^model.VocabularySize..].ToArray();
        using Sequence sequence = model.Transformer.Cache.Create(), other = model.Transformer.Cache.Create();
        model.Transformer.Forward([new StepInput(sequence, ids.AsMemory(0, 33))], LogitsWanted.None);
        var failing = new HookTable(model.LayerCount);
        failing.Add(new HookAddress(HookPoint.ResidualPost, 1), (_, _) => throw new HookPointException("no"));
        Assert.That(() => model.Transformer.Forward([new StepInput(sequence, ids.AsMemory(33)), new StepInput(other, ids)], LogitsWanted.Last, failing),
            Throws.TypeOf<HookPointException>());
        Assert.That((sequence.Length, other.Length), Is.EqualTo((33, 0)));
        Rows rows = model.Transformer.Forward([new StepInput(sequence, ids.AsMemory(33))], LogitsWanted.Last);
        Assert.That(model.Transformer.View(rows).ToArray(), Is.EqualTo(whole));
    }

    [Test]
    public void A_step_refuses_what_it_cannot_compute_and_changes_nothing()
    {
        using LanguageModel model = TestModels.Load(SharedFolder.Fixture("arch/gpt2")), foreign = TestModels.Load(SharedFolder.Fixture("arch/gpt2"));
        Transformer transformer = model.Transformer;
        using Sequence sequence = transformer.Cache.Create(), other = transformer.Cache.Create(), strange = foreign.Transformer.Cache.Create();
        void Refused(string because, params StepInput[] inputs)
        {
            Assert.That(() => transformer.Forward(inputs, LogitsWanted.Last), Throws.ArgumentException.With.Message.Contains(because));
            Assert.That((sequence.Length, other.Length), Is.EqualTo((0, 0)));
        }
        Refused("twice", new StepInput(sequence, new int[2]), new StepInput(sequence, new int[2]));
        Refused("another model", new StepInput(other, new int[2]), new StepInput(strange, new int[2]));
        Refused("vocabulary", new StepInput(other, new int[2]), new StepInput(sequence, new[] { 128 }));
        Refused("at least one token", new StepInput(sequence, ReadOnlyMemory<int>.Empty));
        Assert.That(() => transformer.Forward([new StepInput(sequence, new int[4])], LogitsWanted.Last), Throws.Nothing, "and the model goes on");
    }

    [Test]
    public void A_hook_that_runs_the_model_is_refused_in_words()
    {
        using LanguageModel model = TestModels.Load(SharedFolder.Fixture("arch/gpt2"));
        using (model.Hook("resid_post0", (_, _) => model.Run([1, 2])))
            Assert.That(() => model.Run([1, 2, 3]), Throws.InvalidOperationException.With.Message.Contains("inside a hook"));
        Assert.That(() => model.Run([1, 2, 3]), Throws.Nothing);
    }

    [Test]
    public void A_text_beyond_the_trained_context_warns_once_and_one_beyond_the_cache_is_refused()
    {
        var warnings = new List<string>();
        using LanguageModel model = LanguageModel.Load(SharedFolder.Fixture("arch/gemma2"), new LoadOptions { Threads = 1, Context = 300, Warn = warnings.Add });
        using Sequence first = model.Transformer.Cache.Create(), second = model.Transformer.Cache.Create();
        void Grow(Sequence sequence, int count) => model.Transformer.Forward([new StepInput(sequence, new int[count])], LogitsWanted.None);
        Grow(first, 256);
        Assert.That(warnings, Is.Empty);
        Grow(first, 1);
        Grow(first, 1);
        Grow(second, 290);
        Assert.That(warnings, Has.Count.EqualTo(1));
        Assert.That(warnings[0], Does.Contain("257").And.Contain("256"));
        Assert.That(() => Grow(second, 11), Throws.ArgumentException.With.Message.Contains("301").And.Message.Contains("300"));
        Assert.That(second.Length, Is.EqualTo(290));
        Grow(second, 10);
    }
}
