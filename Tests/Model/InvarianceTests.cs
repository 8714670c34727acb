using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed.Tests.Models;

/// <summary>Rule 5 of the design: a row's bits depend on nothing but the row.</summary>
public class InvarianceTests
{
    private static IEnumerable<TestCaseData> Directories() =>
        TestModels.ArchitectureDirectories()
            .Where(directory => !Path.GetFileName(directory).EndsWith("dynamic", StringComparison.Ordinal)) // its angles depend on the length of each step
            .Select(directory => new TestCaseData(directory).SetArgDisplayNames(Path.GetFileName(directory)));

    private static int[] RandomIds(LanguageModel model, Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(model.VocabularySize))];

    private static float[] Logits(LanguageModel model, Sequence sequence, int[] ids, HookTable? hooks = null)
    {
        Rows rows = model.Transformer.Forward([new StepInput(sequence, ids)], LogitsWanted.All, hooks);
        return model.Transformer.View(rows).ToArray();
    }

    private static float[] Whole(LanguageModel model, int[] ids, HookTable? hooks = null)
    {
        using Sequence sequence = model.Transformer.Cache.Create();
        return Logits(model, sequence, ids, hooks);
    }

    [TestCaseSource(nameof(Directories))]
    public void Chunks_batches_forks_threads_and_idle_hooks_do_not_change_a_bit(string directory)
    {
        using LanguageModel model = TestModels.Load(directory);
        var random = new Random(7);
        int[] ids = RandomIds(model, random, 41);
        int vocabulary = model.VocabularySize;
        float[] whole = Whole(model, ids);

        // chunks of random size, then token by token
        foreach (int most in new[] { 13, 1 })
        {
            using Sequence chunked = model.Transformer.Cache.Create();
            for (int from = 0; from < ids.Length;)
            {
                int to = Math.Min(ids.Length, from + 1 + random.Next(most));
                Assert.That(Logits(model, chunked, ids[from..to]), Is.EqualTo(whole[(from * vocabulary)..(to * vocabulary)]), $"tokens {from} to {to} in chunks of at most {most}");
                from = to;
            }
        }

        // in a ragged batch
        using (Sequence first = model.Transformer.Cache.Create(), second = model.Transformer.Cache.Create(), third = model.Transformer.Cache.Create())
        {
            int[] before = RandomIds(model, random, 9), after = RandomIds(model, random, 33);
            Rows rows = model.Transformer.Forward(
                [new StepInput(first, before), new StepInput(second, ids), new StepInput(third, after)], LogitsWanted.All);
            float[] batch = model.Transformer.View(rows).ToArray();
            Assert.That(batch[(9 * vocabulary)..((9 + 41) * vocabulary)], Is.EqualTo(whole), "in a batch of three");
        }

        // forked in the middle, while the original goes elsewhere
        using (Sequence original = model.Transformer.Cache.Create())
        {
            Logits(model, original, ids[..21]);
            using Sequence fork = original.Fork();
            Logits(model, original, RandomIds(model, random, 11));
            Assert.That(Logits(model, fork, ids[21..]), Is.EqualTo(whole[(21 * vocabulary)..]), "after a fork");
            original.Truncate(21);
            Assert.That(Logits(model, original, ids[21..]), Is.EqualTo(whole[(21 * vocabulary)..]), "after truncating");
        }

        // a hook everywhere that changes nothing
        var hooks = new HookTable(model.LayerCount);
        int calls = 0;
        foreach (HookAddress address in model.HookNames.All())
            hooks.Add(address with { Expert = -1 }, (_, _) => calls++);
        Assert.That(Whole(model, ids, hooks), Is.EqualTo(whole), "with hooks everywhere that change nothing");
        Assert.That(calls, Is.GreaterThan(20 * model.LayerCount));

        // an edit of strength 0
        var direction = new float[model.Width];
        Array.Fill(direction, 3f);
        var zero = new HookTable(model.LayerCount);
        foreach (HookAddress address in model.HookNames.Resolve("resid_post"))
            zero.Add(address, (stream, _) => stream.Row(^1).AddScaled(0f, direction));
        Assert.That(Whole(model, ids, zero), Is.EqualTo(whole), "with an edit of strength 0");

        QueuedStepsKeepTheBits(directory, ids, whole);
        using LanguageModel threaded = TestModels.Load(directory, threads: 2);
        Assert.That(Whole(threaded, ids), Is.EqualTo(whole), "with 2 threads");
    }

    // Steps of a token whose operations are queued, and all of them shared by three workers: plainly, looked at everywhere, and beside another text.
    private static void QueuedStepsKeepTheBits(string directory, int[] ids, float[] whole)
    {
        using LanguageModel model = LanguageModel.Load(directory, new CpuDevice(3, worthSharing: 0), new LoadOptions { Precision = Precision.Exact });
        int vocabulary = model.VocabularySize;
        var looks = new HookTable(model.LayerCount);
        foreach (HookAddress address in model.HookNames.All())
            looks.Add(address with { Expert = -1 }, (_, _) => { });
        using Sequence plain = model.Transformer.Cache.Create(), seen = model.Transformer.Cache.Create(), kept = model.Transformer.Cache.Create();
        using Sequence first = model.Transformer.Cache.Create(), second = model.Transformer.Cache.Create();
        for (int i = 0; i < ids.Length; i++)
        {
            float[] expected = whole[(i * vocabulary)..((i + 1) * vocabulary)];
            Assert.That(Logits(model, plain, [ids[i]]), Is.EqualTo(expected), $"token {i} queued");
            if (i < 12)
                Assert.That(Logits(model, seen, [ids[i]], looks), Is.EqualTo(expected), $"token {i} queued, with hooks everywhere");
            Rows both = model.Transformer.Forward([new StepInput(first, new[] { ids[^(i + 1)] }), new StepInput(second, new[] { ids[i] })], LogitsWanted.Last);
            Assert.That(model.Transformer.View(both).ToArray()[vocabulary..], Is.EqualTo(expected), $"token {i} queued, beside another text");
        }
    }
}
