using Managed.Guards.Interchange;
using Managed.Loader;

namespace Managed.Tests.Interchange;

/// <summary>Files of directions that are damaged or hostile: each is refused with the file, the field, what was found and what was expected.</summary>
public sealed class HostileVectorFileTests
{
    private static readonly float[] s_fine = [1, 2, 3, 4];

    [TestCase("{}", "directions", "no such key")]
    [TestCase("[]", "top level", "a JSON object")]
    [TestCase("""{"directions": []}""", "directions", "an object")]
    [TestCase("""{"directions": {}}""", "directions", "none")]
    [TestCase("""{"directions": {"a": [1]}}""", "directions.a", "a layer's number")]
    [TestCase("""{"directions": {"-1": [1]}}""", "directions.-1", "a layer's number")]
    [TestCase("""{"directions": {"4096": [1]}}""", "directions.4096", "0 to 4095")]
    [TestCase("""{"directions": {"0": "x"}}""", "directions.0", "a list of finite numbers")]
    [TestCase("""{"directions": {"0": [1, null]}}""", "directions.0", "a list of finite numbers")]
    [TestCase("""{"directions": {"0": [1, 1e39]}}""", "directions.0", "at element 1")]
    [TestCase("""{"directions": {"0": [1, 1e999]}}""", "directions.0", "a list of finite numbers")]
    [TestCase("""{"directions": {"0": []}}""", "directions.0", "0 elements")]
    [TestCase("""{"directions": {"0": [1, 2], "1": [1]}}""", "directions.1", "expected 2, as in directions.0")]
    [TestCase("""{"directions": {"0": [1], "0": [1]}}""", "0", "second time")]
    [TestCase("""{"directions": {"0": [1]}, "explained_variances": {"0": "much"}}""", "explained_variances.0", "a finite number")]
    [TestCase("""{"directions": {"0": [1]}, "model_type": 4}""", "model_type", "a string")]
    [TestCase("""{"directions": {"0": [1,""", "JSON", "valid JSON")]
    public void Svec(string json, string field, string expected)
    {
        using var scratch = new Loader.Scratch();
        CheckRefused(scratch.Write("v.svec", json), field, expected);
    }

    [Test]
    public void Gguf()
    {
        Refused("a model", "general.architecture", "\"llama\"", [("general.architecture", "llama")], ("direction.1", [4], s_fine));
        Refused("no architecture", "general.architecture", "no such key", [], ("direction.1", [4], s_fine));
        Refused("no tensors", "directions", "direction.N", [Architecture]);
        Refused("another tensor", "tensor output.weight", "direction.N", [Architecture], ("output.weight", [4], s_fine));
        Refused("a sign", "tensor direction.-1", "direction.N", [Architecture], ("direction.-1", [4], s_fine));
        Refused("a far layer", "tensor direction.99999", "0 to 4095", [Architecture], ("direction.99999", [4], s_fine));
        Refused("two dimensions", "tensor direction.1", "[2, 2]", [Architecture], ("direction.1", [2, 2], s_fine));
        Refused("two widths", "tensor direction.2", "expected 4, as in tensor direction.1", [Architecture], ("direction.1", [4], s_fine), ("direction.2", [2], [1, 2]));
        Refused("no number", "tensor direction.1", "NaN at element 2", [Architecture], ("direction.1", [4], [1, 2, float.NaN, 4]));
        Refused("infinite", "tensor direction.1", "Infinity at element 3", [Architecture], ("direction.1", [4], [1, 2, 3, float.PositiveInfinity]));
        Refused("shifted before the first block", "tensor direction.0", "layer -1", [Architecture, ("controlvector.layer_count", 1)], ("direction.0", [4], s_fine));
    }

    [Test]
    public void Half_precision_is_not_what_llama_cpp_takes()
    {
        using var scratch = new Loader.Scratch();
        string file = scratch.File("v.gguf");
        GgufWriter.Write(file, [new("general.architecture", GgufValue.From("controlvector"))], [TensorToWrite.From("direction.1", TensorType.F16, [2], new byte[4])]);
        CheckRefused(file, "tensor direction.1", "F32 with one dimension");
    }

    [Test]
    public void Safetensors()
    {
        Refused("nothing", "tensors", "none");
        Refused("others", "tensors", "2: a, b", ("a", [4], s_fine), ("b", [4], s_fine));
        Refused("one without a layer", "tensor a", "its layer to be given", ("a", [4], s_fine));
        Refused("a cube", "tensor a", "[layers, width]", ("a", [1, 2, 2], s_fine));
        Refused("a matrix for a layer", "tensor blocks.1.hook_resid_post", "shape [2, 2]", ("blocks.1.hook_resid_post", [2, 2], s_fine));
        Refused("before the first block", "tensor blocks.0.hook_resid_pre", "layer -1", ("blocks.0.hook_resid_pre", [4], s_fine));
        Refused("twice", "tensor blocks.2.hook_resid_pre", "a second direction for layer 1", ("blocks.1.hook_resid_post", [4], s_fine), ("blocks.2.hook_resid_pre", [4], s_fine));
        Refused("no number", "tensor 3", "NaN at element 0", ("3", [2], [float.NaN, 1]));
        Refused("rows of zeros", "directions", "none", ("a", [2, 2], [0, 0, 0, 0]));
        Refused("no width", "tensor a", "shape [2, 0]", ("a", [2, 0], []));
    }

    [Test]
    public void Integers_are_no_directions()
    {
        using var scratch = new Loader.Scratch();
        SafetensorsWriter.Write(scratch.File("v.safetensors"), [TensorToWrite.From("3", [2], new int[] { 1, 2 })]);
        CheckRefused(scratch.File("v.safetensors"), "tensor 3", "type I32");
    }

    [Test]
    public void Every_truncation_is_refused([Values] VectorFormat format)
    {
        using var scratch = new Loader.Scratch();
        string file = scratch.File("v." + format.ToString().ToLowerInvariant());
        VectorFile.Write(file, VectorFileTests.Some([1, 2]), format);
        byte[] whole = File.ReadAllBytes(file);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(file, whole[..length]);
            Assert.That(() => VectorFile.Read(file), Throws.TypeOf<CheckpointException>().With.Message.StartsWith(file), $"the first {length} of {whole.Length} bytes");
        }
    }

    [Test]
    public void Any_damaged_byte_is_read_or_refused_and_nothing_else([Values] VectorFormat format)
    {
        using var scratch = new Loader.Scratch();
        string file = scratch.File("v." + format.ToString().ToLowerInvariant());
        VectorFile.Write(file, VectorFileTests.Some([1, 2]), format);
        byte[] whole = File.ReadAllBytes(file);
        foreach (byte flip in (byte[])[0x01, 0x80, 0xFF])
            for (int at = 0; at < whole.Length; at++)
            {
                byte[] damaged = [.. whole];
                damaged[at] ^= flip;
                File.WriteAllBytes(file, damaged);
                try
                {
                    VectorFile.Read(file);
                }
                catch (CheckpointException refusal)
                {
                    Assert.That(refusal.Message, Does.StartWith(file));
                }
            }
    }

    [Test]
    public void A_file_of_another_kind_says_which_kinds_there_are()
    {
        using var scratch = new Loader.Scratch();
        CheckRefused(scratch.Write("a.txt", "hello"), "first bytes", ".svec");
        CheckRefused(scratch.Write("empty", ""), "first bytes", "an empty file");
        CheckRefused(scratch.File("nowhere"), "file", "no such file");
        CheckRefused(scratch.Folder, "file", "a directory");
    }

    private static (string, object) Architecture => ("general.architecture", "controlvector");

    private static void Refused(string what, string field, string expected, (string Key, object Value)[] metadata, params (string Name, long[] Shape, float[] Values)[] tensors)
    {
        using var scratch = new Loader.Scratch();
        string file = scratch.File("v.gguf");
        GgufWriter.Write(file, [.. metadata.Select(pair => KeyValuePair.Create(pair.Key, GgufValue.From(pair.Value)))],
            [.. tensors.Select(tensor => TensorToWrite.From(tensor.Name, tensor.Shape, tensor.Values))]);
        CheckRefused(file, field, expected, what);
    }

    private static void Refused(string what, string field, string expected, params (string Name, long[] Shape, float[] Values)[] tensors)
    {
        using var scratch = new Loader.Scratch();
        string file = scratch.File("v.safetensors");
        SafetensorsWriter.Write(file, [.. tensors.Select(tensor => TensorToWrite.From(tensor.Name, tensor.Shape, tensor.Values))]);
        CheckRefused(file, field, expected, what);
    }

    private static void CheckRefused(string file, string field, string expected, string what = "")
    {
        CheckpointException? refusal = Assert.Throws<CheckpointException>(() => VectorFile.Read(file), what);
        Assert.That(refusal!.Message, Does.StartWith(file + ": ").And.Contains(expected), what);
        Assert.That(refusal.Field, Is.EqualTo(field), what);
    }
}
