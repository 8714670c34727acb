using Managed.Cache;
using Managed.Guards;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Tests.FamilyMappers;
using Managed.Tests.Models;

namespace Managed.Tests.Gpu;

/// <summary>Reading hook points on a GPU: what a hook would see, without its waiting.</summary>
public class CaptureTests
{
    private static readonly int[] s_ids = [5, 9, 2, 77, 30, 41, 8, 3, 66];

    private static LanguageModel Load(string family) =>
        LanguageModel.Load(FixtureSets.Folder(family), Accelerators.OpenGpu(), new LoadOptions { Precision = Precision.Exact });

    [TestCase("gpt2")]
    [TestCase("gemma2")]
    [TestCase("qwen2_moe")]
    public void What_is_read_is_what_hooks_see(string family)
    {
        using LanguageModel model = Load(family);
        using ActivationCache read = model.RunWithCache(s_ids, "*").Cache;
        var seen = new Dictionary<string, (int[] Shape, float[] Values)>();
        using (model.Hook("*", (values, at) => seen[at.Name] = (at.Shape.ToArray(), values.ToArray())))
            model.Run(s_ids);
        Assert.That(read.Names, Is.EqualTo(seen.Keys), "in the order of the forward pass");
        foreach (Activation activation in read.All)
        {
            Assert.That(activation.Shape.Sizes.ToArray(), Is.EqualTo(seen[activation.Name].Shape), activation.Name);
            Assert.That(activation.Values.ToArray(), Is.EqualTo(seen[activation.Name].Values), activation.Name);
        }
    }

    [TestCase("gemma2")]
    [TestCase("qwen2_moe")]
    public void Chosen_positions_are_those_of_the_whole(string family)
    {
        using LanguageModel model = Load(family);
        using ActivationCache all = model.RunWithCache(s_ids, "*").Cache;
        using ActivationCache last = model.Run(s_ids, new RunOptions { Names = ["*"], Positions = PositionFilter.Last }).Cache;
        foreach (Activation part in last.All)
        {
            Activation whole = all[part.Name];
            bool byHead = part.Name.EndsWith("hook_attn_scores", StringComparison.Ordinal) || part.Name.EndsWith("hook_pattern", StringComparison.Ordinal);
            for (int head = 0; head < (byHead ? whole.Shape[0] : 1); head++)
                Assert.That(part[head].ToArray(), Is.EqualTo(byHead ? whole[head][^whole.Shape[2]..].ToArray() : whole[^1].ToArray()), part.Name);
        }
    }

    [Test]
    public void Edits_of_hooks_are_read_as_they_left_them()
    {
        using LanguageModel model = Load("gpt2");
        using (model.Hook("blocks.0.hook_resid_post", (stream, _) => stream.Row(^1).Fill(0.25f)))
        {
            using ActivationCache cache = model.RunWithCache(s_ids, "resid_post", "resid_pre").Cache;
            Assert.That(cache["resid_post", 0][^1].IndexOfAnyExcept(0.25f), Is.EqualTo(-1));
            Assert.That(cache["resid_post", 0].Values.ToArray(), Is.EqualTo(cache["resid_pre", 1].Values.ToArray()));
        }
    }

    /// <summary>A guard's adds may be left to the norm that follows them; what is read between is read after them.</summary>
    [Test]
    public void Adds_of_guards_are_read_as_they_left_them()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath, Accelerators.OpenGpu(), new LoadOptions { Precision = Precision.Exact });
        var hooks = new HookTable(model.LayerCount);
        using CompiledGuard guard = Guard.Define(g => g.At(GuardPoints.ResidPost(1)).Add([.. Enumerable.Range(0, model.Width).Select(i => 0.01f * i)], 1)).Compile(model);
        using ActivationCache cache = new(model.HookNames);
        new ActivationReader(cache, PositionFilter.All, s_ids.Length).Attach(hooks, model.HookNames.Resolve("resid_post"));
        using Sequence sequence = model.Transformer.Cache.Create();
        sequence.Edits = guard.CreateState(s_ids.Length);
        model.Transformer.Precision = Precision.Exact;
        model.Transformer.Forward([new StepInput(sequence, s_ids)], LogitsWanted.Last, hooks);

        using ActivationCache run = model.Run(s_ids, new RunOptions { Names = ["resid_post"], Guard = guard }).Cache, plain = model.RunWithCache(s_ids, "resid_post").Cache;
        foreach (Activation activation in run.All)
            Assert.That(cache[activation.Name].Values.ToArray(), Is.EqualTo(activation.Values.ToArray()), activation.Name);
        Assert.That(cache["resid_post", 1].Values.ToArray(), Is.Not.EqualTo(plain["resid_post", 1].Values.ToArray()), "the guard does something");
    }

    [Test]
    public void What_was_given_back_cannot_be_read_and_what_was_not_outlives_the_model()
    {
        ActivationCache kept;
        float[] before;
        using (LanguageModel model = Load("gpt2"))
        {
            ActivationCache given = model.RunWithCache(s_ids, "resid_post").Cache;
            Activation activation = given["resid_post", 0];
            before = activation.Values.ToArray();
            given.Dispose();
            given.Dispose();
            Assert.That(() => activation.Values.Length, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => given["resid_post", 0], Throws.InstanceOf<HookPointException>());
            kept = model.RunWithCache(s_ids, "resid_post").Cache;
        }
        Assert.That(kept["resid_post", 0].Values.ToArray(), Is.EqualTo(before));
        kept.Dispose();
    }
}
