using FsCheck;
using FsCheck.Fluent;
using Managed.Cache;
using Managed.Conversion;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Loader;

namespace Managed.Tests.Models;

/// <summary>
/// A text's bits depend on nothing but the text: random texts, cut at random, beside random neighbours, forked anywhere, on one
/// thread and two, with random hooks that change nothing; on small models of many families, and on quantised weights in both precisions.
/// </summary>
internal class RandomInvarianceTests
{
    private static readonly Gen<(int Length, int Seed)> Texts =
        from length in Gen.Choose(1, 90)
        from seed in Gen.Choose(0, int.MaxValue)
        select (length, seed);

    private static IEnumerable<TestCaseData> Families()
    {
        foreach (string name in new[] { "gemma2", "gpt_oss", "deepseek_v3", "qwen2_moe", "falcon-new", "gpt2", "phi3-longrope" })
            yield return new TestCaseData(SharedFolder.Fixture($"arch/{name}"), Precision.Exact).SetArgDisplayNames(name);
        foreach (string name in new[] { "bloom", "mpt", "olmo3", "gemma3_text", "cohere2", "mixtral", "deepseek_v2" })
            if (SharedFolder.TryFind($"fixtures/arch/{name}") is { } directory)
                yield return new TestCaseData(directory, Precision.Exact).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Families))]
    public void Random_texts_of_many_families_keep_every_bit(string directory, Precision precision) => Check(directory, precision, cases: 8);

    [TestCase(TensorType.Q8_0, Precision.Exact)]
    [TestCase(TensorType.Q8_0, Precision.Fast)]
    [TestCase(TensorType.Q4_0, Precision.Exact)]
    [TestCase(TensorType.Q4_0, Precision.Fast)]
    [TestCase(TensorType.F16, Precision.Fast)]
    public void Random_texts_on_stored_types_keep_every_bit_in_both_precisions(TensorType type, Precision precision)
    {
        string folder = Directory.CreateTempSubdirectory("managed-bits-").FullName;
        try
        {
            string file = Path.Combine(folder, "hearth.gguf");
            using (Checkpoint hearth = Checkpoint.Open(TestModels.HearthPath))
                new Converter(type, _ => { }, CancellationToken.None).ToGguf(hearth, file);
            Check(file, precision, cases: 6);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Check(string path, Precision precision, int cases)
    {
        var options = new LoadOptions { Threads = 1, Precision = precision };
        using LanguageModel model = LanguageModel.Load(path, options), threaded = LanguageModel.Load(path, options with { Threads = 2 });
        model.Transformer.Precision = threaded.Transformer.Precision = precision;
        int longest = path.EndsWith("longrope", StringComparison.Ordinal) ? 48 : 90; // beyond that, earlier tokens are turned anew
        Prop.ForAll(Arb.From(Texts), one =>
        {
            var random = new Random(one.Seed);
            int[] ids = RandomIds(model, random, Math.Min(one.Length, longest));
            float[] whole = Logits(model, ids, random, whole: true);
            Assert.That(Logits(model, ids, random, whole: false), Is.EqualTo(whole), "cut at random, beside others");
            Assert.That(Logits(threaded, ids, random, whole: false), Is.EqualTo(whole), "on two threads");
            Assert.That(Forked(model, ids, random), Is.EqualTo(whole[^model.VocabularySize..]), "forked");
            Assert.That(Logits(model, ids, random, whole: random.Next(2) == 0, IdleHooks(model, random)), Is.EqualTo(whole), "with hooks that change nothing");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(cases).WithReplay(5, 9));
    }

    private static int[] RandomIds(LanguageModel model, Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(model.VocabularySize))];

    // The logits of every token; in several steps, each with up to three other texts of random length before and behind.
    private static float[] Logits(LanguageModel model, int[] ids, Random random, bool whole, HookTable? hooks = null)
    {
        var logits = new List<float>();
        Sequence[] rows = [.. Enumerable.Range(0, 4).Select(_ => model.Transformer.Cache.Create())];
        int most = whole ? ids.Length : 1 + random.Next(24);
        for (int from = 0; from < ids.Length;)
        {
            int count = whole ? ids.Length : Math.Min(ids.Length - from, 1 + random.Next(most)), place = whole ? 0 : random.Next(4);
            var inputs = new List<StepInput>();
            int before = 0;
            for (int row = 0; row < (whole ? 1 : 4); row++)
            {
                if (row != place && random.Next(3) == 0)
                    continue;
                if (row == place)
                {
                    inputs.Add(new StepInput(rows[3], ids.AsMemory(from, count)));
                    continue;
                }
                Sequence neighbour = rows[row < place ? row : row - 1];
                if (neighbour.Length > 40)
                    neighbour.Truncate(random.Next(20));
                int[] others = RandomIds(model, random, 1 + random.Next(6));
                inputs.Add(new StepInput(neighbour, others));
                before += row < place ? others.Length : 0;
            }
            Span2D all = model.Transformer.View(model.Transformer.Forward([.. inputs], LogitsWanted.All, hooks));
            for (int i = 0; i < count; i++)
                logits.AddRange(all.Row(before + i));
            from += count;
        }
        Array.ForEach(rows, row => row.Dispose());
        return [.. logits];
    }

    // The last token's logits, after forks of forks whose originals go other ways.
    private static float[] Forked(LanguageModel model, int[] ids, Random random)
    {
        Sequence sequence = model.Transformer.Cache.Create();
        Rows rows = default;
        for (int from = 0; from < ids.Length;)
        {
            int count = Math.Min(ids.Length - from, 1 + random.Next(20));
            Sequence fork = sequence.Fork();
            model.Transformer.Forward([new StepInput(sequence, RandomIds(model, random, 1 + random.Next(9)))], LogitsWanted.None);
            rows = model.Transformer.Forward([new StepInput(fork, ids.AsMemory(from, count))], LogitsWanted.Last);
            sequence.Dispose();
            sequence = fork;
            from += count;
        }
        float[] last = model.Transformer.View(rows).ToArray();
        sequence.Dispose();
        return last;
    }

    private static HookTable IdleHooks(LanguageModel model, Random random)
    {
        var hooks = new HookTable(model.LayerCount);
        var direction = new float[model.Width];
        Array.Fill(direction, 2.5f);
        foreach (HookAddress address in model.HookNames.All())
            if (random.Next(4) == 0)
                hooks.Add(address with { Expert = -1 }, (_, _) => { });
        hooks.Add(model.HookNames.ResolveOne($"resid_post{random.Next(model.LayerCount)}"), (stream, _) => stream.Row(^1).AddScaled(0, direction));
        return hooks;
    }
}
