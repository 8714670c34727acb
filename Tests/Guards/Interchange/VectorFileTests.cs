using System.Globalization;
using Managed.Guards;
using Managed.Guards.Interchange;
using Managed.Loader;
using Managed.Tests.RealModels;

namespace Managed.Tests.Interchange;

/// <summary>Directions from the files of other tools, and through every format and back.</summary>
public sealed class VectorFileTests
{
    private const string Steering = "6-steering";

    [Test]
    public void What_is_written_is_read_back_in_every_format([Values] VectorFormat format, [Values] VectorPlace place)
    {
        using var scratch = new Loader.Scratch();
        SteeringVectors vectors = Some([1, 2, 5]);
        vectors.Notes["model"] = "llama";
        vectors.Notes["method"] = "mean_difference";
        vectors.Notes["explained_variance.2"] = "0.25";
        string file = scratch.File("any-name");
        VectorFile.Write(file, vectors, format, place);
        SteeringVectors read = VectorFile.Read(file, new VectorReading { Place = place });
        CheckEqual(read, vectors, [1, 2, 5]);
        string[] kept = format switch
        {
            VectorFormat.Gguf or VectorFormat.Safetensors => ["model", "method", "explained_variance.2"],
            VectorFormat.Svec => ["model", "explained_variance.2"],
            _ => [],
        };
        foreach (string key in kept)
            Assert.That(read.Notes[key], Is.EqualTo(vectors.Notes[key]));
        Assert.That(read.Notes, Does.ContainKey("convention"));
    }

    [Test]
    public void The_same_directions_give_the_same_file([Values] VectorFormat format)
    {
        using var scratch = new Loader.Scratch();
        VectorFile.Write(scratch.File("a"), Some([1, 3]), format);
        VectorFile.Write(scratch.File("b"), Some([1, 3]), format);
        Assert.That(File.ReadAllBytes(scratch.File("a")), Is.EqualTo(File.ReadAllBytes(scratch.File("b"))));
    }

    [Test]
    public void What_a_format_cannot_hold_is_said()
    {
        using var scratch = new Loader.Scratch();
        SteeringVectors vectors = Some([0, 1, 3]);
        Assert.That(VectorFile.Write(scratch.File("a.gguf"), vectors, VectorFormat.Gguf), Has.One.Contains("layer 0"));
        CheckEqual(VectorFile.Read(scratch.File("a.gguf")), vectors, [1, 3]);
        Assert.That(VectorFile.Write(scratch.File("a.npy"), vectors, VectorFormat.Npy), Has.One.Contains("zeros: 2"));
        Assert.That(VectorFile.Write(scratch.File("a.svec"), vectors, VectorFormat.Svec), Has.One.Contains("variance"));
        Assert.That(VectorFile.Write(scratch.File("a.npz"), vectors, VectorFormat.Npz), Is.Empty);
        Assert.That(() => VectorFile.Write(scratch.File("b.gguf"), Some([0]), VectorFormat.Gguf), Throws.TypeOf<GuardException>().With.Message.Contains("block 0"));
        Assert.That(() => VectorFile.Write(scratch.File("b.npy"), new SteeringVectors(4), VectorFormat.Npy), Throws.TypeOf<GuardException>().With.Message.Contains("no directions"));
    }

    // repeng's file holds blocks 1 to 5 under their own numbers. llama.cpp's generator counts one further on.
    [TestCase("repeng.gguf", "repeng_pca_diff", VectorPlace.Measured, 1, 5, "repeng")]
    [TestCase("repeng.gguf", "repeng_pca_diff", VectorPlace.Applied, 1, 5, "repeng")]
    [TestCase("llama-cpp-pca.gguf", "llama_cpp_pca", VectorPlace.Measured, 0, 4, "llama.cpp's generator")]
    [TestCase("pca-center.svec", "repeng_pca_center", VectorPlace.Measured, 0, 5, ".svec")]
    public void Files_of_other_tools_hold_the_goldens_rows_at_the_layers_where_they_were_measured(
        string file, string golden, VectorPlace place, int first, int last, string convention)
    {
        SteeringVectors vectors = VectorFile.Read(InterpGoldens.Find($"{Steering}/{file}"), new VectorReading { Place = place });
        using var goldens = new InterpGoldens("6-steering/vectors");
        float[] rows = goldens.Singles(golden);
        Assert.That(vectors.Layers, Is.EqualTo(Enumerable.Range(first, last - first + 1)));
        Assert.That(vectors.Width, Is.EqualTo(128));
        Assert.That(vectors.Notes["convention"], Does.Contain(convention));
        Assert.That(vectors.Notes["model"], Is.EqualTo("llama"));
        foreach (int layer in vectors.Layers)
            Assert.That(1 - Cosine(vectors[layer], rows.AsSpan(layer * 128, 128)), Is.LessThanOrEqualTo(1e-6), $"layer {layer}");
    }

    [Test]
    public void Asked_where_the_tools_apply_them_directions_move_by_a_block()
    {
        string gguf = InterpGoldens.Find($"{Steering}/llama-cpp-pca.gguf"), svec = InterpGoldens.Find($"{Steering}/pca-center.svec");
        SteeringVectors applied = VectorFile.Read(gguf, new VectorReading { Place = VectorPlace.Applied }), measured = VectorFile.Read(gguf);
        Assert.That(applied.Layers, Is.EqualTo(new[] { 1, 2, 3, 4, 5 }));
        foreach (int layer in measured.Layers)
            Assert.That(applied[layer + 1], Is.EqualTo(measured[layer]));
        applied = VectorFile.Read(svec, new VectorReading { Place = VectorPlace.Applied });
        measured = VectorFile.Read(svec);
        Assert.That(applied.Layers, Is.EqualTo(new[] { 0, 1, 2, 3, 4 }));
        foreach (int layer in applied.Layers)
            Assert.That(applied[layer], Is.EqualTo(measured[layer + 1]));
        Assert.That(applied.Notes["left_out"], Does.Contain("direction 0"));
        Assert.That(applied.Notes["explained_variance.4"], Is.EqualTo(measured.Notes["explained_variance.5"]));
    }

    // 28 layers of Qwen2.5-1.5B, direction.0 among them, which llama.cpp refuses.
    [TestCase("happy_diffmean.gguf", "diffmean", "qwen2.5")]
    [TestCase("diffmean-1.gguf", "diffmean", "unknown")]
    [TestCase("refuse-pca.gguf", "center", "unknown")]
    public void Published_vectors_are_read_whole_and_written_as_llama_cpp_takes_them(string name, string method, string model)
    {
        SteeringVectors vectors = VectorFile.Read(SharedFolder.Require($"vectors/{name}"));
        Assert.That(vectors.Layers, Is.EqualTo(Enumerable.Range(0, 28)));
        Assert.That(vectors.Width, Is.EqualTo(1536));
        Assert.That(vectors.Notes["convention"], Does.Contain("EasySteer"));
        Assert.That((vectors.Notes["method"], vectors.Notes["model"]), Is.EqualTo((method, model)));
        using var scratch = new Loader.Scratch();
        IReadOnlyList<string> lost = VectorFile.Write(scratch.File("ours.gguf"), vectors, VectorFormat.Gguf);
        Assert.That(lost, Has.One.Contains("direction.0"));
        using GgufFile written = GgufFile.Open(scratch.File("ours.gguf"));
        Assert.That(written.Tensors.Keys, Is.EqualTo(Enumerable.Range(1, 27).Select(layer => $"direction.{layer}")));
        Assert.That(written.Tensors.Values, Has.All.Matches<StoredTensor>(tensor => tensor.Type == TensorType.F32 && tensor.Shape is [1536]));
        Assert.That(written.Metadata["general.architecture"].AsText(), Is.EqualTo("controlvector"));
        Assert.That((written.Metadata["controlvector.layer_count"].Type, written.Metadata["controlvector.layer_count"].AsInteger()), Is.EqualTo((GgufValueType.UInt32, (Int128)27)));
        CheckEqual(VectorFile.Read(scratch.File("ours.gguf")), vectors, Enumerable.Range(1, 27));
    }

    [Test]
    public void Tensors_that_others_name_are_found_by_name()
    {
        string file = SharedFolder.Require("thornvale/references/vectors.safetensors");
        SteeringVectors refusal = VectorFile.Read(file, new VectorReading { Name = "refusal" });
        using SafetensorsFile tensors = SafetensorsFile.Open(file);
        int[] layers = [.. tensors.Tensors.Keys.Where(name => name.StartsWith("refusal.", StringComparison.Ordinal)).Select(name => int.Parse(name[8..], CultureInfo.InvariantCulture)).Order()];
        Assert.That(refusal.Layers, Is.EqualTo(layers).And.Not.Empty);
        Assert.That(() => VectorFile.Read(file), Throws.TypeOf<CheckpointException>().With.Message.Contains("named by layer"));

        string goldens = InterpGoldens.Find($"{Steering}/vectors.safetensors");
        SteeringVectors rows = VectorFile.Read(goldens, new VectorReading { Name = "mean_difference" });
        using var golden = new InterpGoldens("6-steering/vectors");
        Assert.That(rows.Layers, Is.EqualTo(Enumerable.Range(0, 6)));
        Assert.That(rows[4], Is.EqualTo(golden.Singles("mean_difference")[(4 * 128)..(5 * 128)]));
    }

    [Test]
    public void One_direction_needs_its_layer()
    {
        using var scratch = new Loader.Scratch();
        string file = scratch.File("one.npy");
        AtomicFile.Write(file, NpyArray.From([3], [1, 2, 3]).Write);
        Assert.That(() => VectorFile.Read(file), Throws.TypeOf<CheckpointException>().With.Message.Contains("one direction, shape [3]"));
        Assert.That(VectorFile.Read(file, new VectorReading { Layer = 7 })[7], Is.EqualTo(new float[] { 1, 2, 3 }));
    }

    [TestCase("blocks.3.hook_resid_post", null, 3)]
    [TestCase("blocks.3.hook_resid_pre", null, 2)]
    [TestCase("12", null, 12)]
    [TestCase("layers.12", null, 12)]
    [TestCase("refusal.2", "refusal", 2)]
    [TestCase("refusal.2", null, null)]
    [TestCase("blocks.3.hook_mlp_out", null, null)]
    [TestCase("direction.-1", "direction", null)]
    [TestCase("direction.01", "direction", null)]
    [TestCase("direction.99999999999", "direction", null)]
    [TestCase("direction.1 ", "direction", null)]
    public void Names_say_their_layer(string name, string? prefix, int? layer) => Assert.That(LayerName.Parse(name, prefix), Is.EqualTo((long?)layer));

    internal static SteeringVectors Some(int[] layers)
    {
        var random = new Random(5);
        var vectors = new SteeringVectors(24);
        foreach (int layer in layers)
            vectors[layer] = [.. Enumerable.Range(0, 24).Select(_ => (random.NextSingle() - 0.5f) * MathF.Pow(10, random.Next(-30, 30)))];
        return vectors;
    }

    private static void CheckEqual(SteeringVectors found, SteeringVectors expected, IEnumerable<int> layers)
    {
        Assert.That(found.Layers, Is.EqualTo(layers));
        foreach (int layer in found.Layers)
            Assert.That(found[layer], Is.EqualTo(expected[layer]), $"layer {layer}, bit for bit");
    }

    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double dot = 0, first = 0, second = 0;
        for (int i = 0; i < a.Length; i++)
            (dot, first, second) = (dot + ((double)a[i] * b[i]), first + ((double)a[i] * a[i]), second + ((double)b[i] * b[i]));
        return dot / Math.Sqrt(first * second);
    }
}
