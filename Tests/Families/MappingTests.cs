using Managed.Architectures;
using Managed.Families;
using Managed.Kernels;
using Managed.Loader;

namespace Managed.Tests.FamilyMappers;

public sealed class MappingTests
{
    private static IEnumerable<string> Folders => FixtureSets.Folders;

    private static IEnumerable<string> GgufFiles => FixtureSets.GgufFiles;

    [TestCaseSource(nameof(Folders))]
    public void Every_folder_maps_and_every_tensor_is_used(string name) => Check(name, gguf: false);

    [TestCaseSource(nameof(GgufFiles))]
    public void Every_gguf_file_maps_and_every_tensor_is_used(string name) => Check(name, gguf: true);

    // The two formats of one checkpoint describe one model.
    [TestCaseSource(nameof(GgufFiles))]
    public void Both_formats_give_the_same_architecture(string name)
    {
        using Checkpoint folder = FixtureSets.Open(name, gguf: false), file = FixtureSets.Open(name, gguf: true);
        (Architecture a, _) = FamilyRegistry.Describe(folder);
        (Architecture b, _) = FamilyRegistry.Describe(file);
        Assert.That(b.Layers, Has.Length.EqualTo(a.Layers.Length));
        for (int i = 0; i < a.Layers.Length; i++)
        {
            AttentionSpec x = a.Layers[i].Attention, y = b.Layers[i].Attention;
            Assert.That((y.Heads, y.KeyHeads, y.KeyDimension, y.ValueDimension, y.Window), Is.EqualTo((x.Heads, x.KeyHeads, x.KeyDimension, x.ValueDimension, x.Window)));
            Assert.That(y.Scale, Is.EqualTo(x.Scale).Within(1e-6));
            Assert.That(b.Layers[i].Mlp with { Router = null }, Is.EqualTo(a.Layers[i].Mlp with { Router = null }));
            Assert.That(y.Rope is null, Is.EqualTo(x.Rope is null));
            if (x.Rope is { } rope)
                foreach (int length in new[] { 1, 4096 })
                {
                    RopeTable p = RopeFrequencies.Table(rope, length), q = RopeFrequencies.Table(y.Rope!, length);
                    Assert.That(q.InverseFrequencies, Is.EqualTo(p.InverseFrequencies).Within(1e-6));
                    Assert.That(q.Magnitude, Is.EqualTo(p.Magnitude).Within(1e-6));
                }
        }
    }

    private static void Check(string name, bool gguf)
    {
        using Checkpoint checkpoint = FixtureSets.Open(name, gguf);
        (Architecture architecture, ModelTensors tensors) = FamilyRegistry.Describe(checkpoint);
        var source = new FamilySource(checkpoint.Config, gguf, checkpoint.Tensors) { Family = checkpoint.Family };
        IReadOnlySet<string> used = TensorCheck.Check(source, architecture, tensors);
        // Rotary factors are read with the configuration; no other tensor may be left over.
        string[] rotary = ["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"];
        Assert.That(checkpoint.Tensors.Keys.Except(used).Except(rotary), Is.Empty);
        Assert.That(used, Is.SubsetOf(checkpoint.Tensors.Keys));
    }
}
