using System.Text.Json;
using Managed.Guards;
using Managed.Guards.Interchange;
using Managed.Tests.CliTests;
using Managed.Tests.RealModels;

namespace Managed.Tests.Interchange;

/// <summary>`managed guard import` and `export`.</summary>
public sealed class GuardFilesVerbTests
{
    [Test]
    public void Directions_go_into_another_tool_s_file_and_back([Values("gguf", "svec", "npy", "npz", "safetensors")] string format)
    {
        using var scratch = new Loader.Scratch();
        SteeringVectors vectors = VectorFileTests.Some([1, 2, 3]);
        string ours = scratch.File("ours.safetensors"), theirs = scratch.File("theirs." + format), back = scratch.File("back.safetensors");
        VectorFile.Write(ours, vectors, VectorFormat.Safetensors);
        var (code, output, error) = CommandLine.Run(["guard", "export", ours, "--format", format, "--out", theirs]);
        Assert.That(code, Is.Zero, error);
        Assert.That(output, Does.Contain("width: 24").And.Contain("layer   2   norm ").And.EndWith(theirs + "\n"));
        Assert.That(error, Is.EqualTo(format switch
        {
            "npy" => "note: rows without a direction are written as zeros: 0\n",
            "svec" => "note: the share of variance that a direction explains is not known for every layer; it is written as 0 there\n",
            _ => "",
        }));
        JsonElement report = CommandLine.RunJson("guard", "import", theirs, "--out", back);
        Assert.That(report.GetProperty("width").GetInt32(), Is.EqualTo(24));
        Assert.That(report.GetProperty("directions").EnumerateArray().Select(direction => direction.GetProperty("layer").GetInt32()), Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(report.GetProperty("notes").GetProperty("convention").GetString(), Is.Not.Empty);
        SteeringVectors read = VectorFile.Read(back);
        foreach (int layer in vectors.Layers)
            Assert.That(read[layer], Is.EqualTo(vectors[layer]));
    }

    [Test]
    public void The_writer_of_a_control_vector_is_named_and_its_layers_counted_as_measured_or_applied()
    {
        using var scratch = new Loader.Scratch();
        string file = InterpGoldens.Find("6-steering/llama-cpp-pca.gguf"), to = scratch.File("v.safetensors");
        string shown = CommandLine.RunWell("guard", "import", file, "--out", to);
        Assert.That(shown, Does.Contain("convention: GGUF by llama.cpp's generator").And.Contain("taken as layer N−1").And.Contain("layer   0   norm 1.0000"));
        Assert.That(CommandLine.RunWell("guard", "import", file, "--at", "applied", "--out", to), Does.Not.Contain("layer   0 ").And.Contain("layer   5   norm 1.0000"));
    }

    [Test]
    public void A_feature_of_an_autoencoder_becomes_a_direction()
    {
        using var scratch = new Loader.Scratch();
        string sae = InterpGoldens.Find("5-saes/gated"), to = scratch.File("v.safetensors");
        JsonElement report = CommandLine.RunJson("guard", "import", sae, "--feature", "7", "--out", to);
        Assert.That(report.GetProperty("notes").GetProperty("feature").GetString(), Is.EqualTo("7"));
        Assert.That(VectorFile.Read(to).Layers, Is.EqualTo(new[] { 3 }));
        Assert.That(CommandLine.RunRefused("guard", "import", sae, "--feature", "96", "--out", to), Does.Contain("expected 0 to 95"));
        Assert.That(CommandLine.RunRefused("guard", "import", sae, "--format", "sae", "--out", to), Does.Contain("--feature N"));
    }

    [Test]
    public void What_cannot_be_done_is_refused_in_a_line_and_leaves_nothing()
    {
        using var scratch = new Loader.Scratch();
        string to = scratch.File("v.safetensors"), bad = scratch.Write("bad.svec", "{\"directions\": {\"0\": [1, 1e39]}}");
        Assert.That(CommandLine.RunRefused("guard", "import", bad, "--out", to), Does.Contain("bad.svec: directions.0").And.Contain("at element 1"));
        Assert.That(CommandLine.RunRefused("guard", "import", bad, "--format", "gguf", "--out", to), Does.Contain("magic"));
        Assert.That(CommandLine.RunRefused("guard", "import", bad, "--format", "word", "--out", to), Does.Contain("gguf or svec"));
        Assert.That(CommandLine.RunRefused("guard", "import", bad, "--at", "1", "--out", to), Does.Contain("measured or applied"));
        Assert.That(CommandLine.RunRefused("guard", "import", bad, "--format", "svec", "--feature", "1", "--out", to), Does.Contain("found --format svec"));
        Assert.That(CommandLine.RunRefused("guard", "import", scratch.File("nowhere"), "--out", to), Does.Contain("no such file"));
        Assert.That(CommandLine.RunRefused("guard", "import", bad), Does.Contain("--out"));
        Assert.That(CommandLine.RunRefused("guard", "import", bad, "--layer", "-1", "--out", to), Does.Contain("--layer: found -1"));
        Assert.That(CommandLine.RunRefused("guard", "export", bad, "--out", to), Does.Contain("--format"));
        VectorFile.Write(scratch.File("zero.npz"), VectorFileTests.Some([0]), VectorFormat.Npz);
        Assert.That(CommandLine.RunRefused("guard", "export", scratch.File("zero.npz"), "--format", "gguf", "--out", to), Does.Contain("block 0"));
        Assert.That(CommandLine.RunRefused("guard", "export", scratch.File("zero.npz"), "--format", "npy", "--out", scratch.File("no/such")), Does.Contain("there is no folder"));
        Assert.That(Directory.GetFiles(scratch.Folder).Select(Path.GetFileName), Is.EquivalentTo(new[] { "bad.svec", "zero.npz" }));
    }
}
