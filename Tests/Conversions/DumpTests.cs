using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Managed.Cli;
using Managed.Loader;

namespace Managed.Tests.Conversions;

/// <summary>`managed dump`: lists, and numbers bit for bit.</summary>
public class DumpTests
{
    private string _folder = null!;

    [SetUp]
    public void Open() => _folder = Directory.CreateTempSubdirectory("dump-").FullName;

    [TearDown]
    public void Close() => Directory.Delete(_folder, recursive: true);

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = Program.Run(["dump", .. arguments], output, error, TextReader.Null, CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }

    private static IEnumerable<string> Names(string folder) => Directory.EnumerateFiles(folder, "*.gguf").Select(file => Path.GetFileNameWithoutExtension(file)!).Order();

    public static IEnumerable<string> BlockFiles() => Names(SharedFolder.Fixture("blocks"));

    public static IEnumerable<string> SharedBlockFiles() => SharedFolder.TryFind("fixtures/gguf-blocks") is { } folder ? Names(folder) : ["Q8_0"];

    [TestCaseSource(nameof(BlockFiles))]
    public void Block_types_have_the_values_that_their_definition_gives(string name)
    {
        string written = Path.Combine(_folder, "x.f32"), hash = File.ReadAllLines(SharedFolder.Fixture("blocks/expected.sha256")).Single(line => line.EndsWith($"  {name}.f32"))[..64];
        Assert.That(Run(SharedFolder.Fixture($"blocks/{name}.gguf"), "--tensor", "x", "--out", written), Is.EqualTo((0, "", "")));
        Assert.That(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(written))), Is.EqualTo(hash));
    }

    [TestCaseSource(nameof(SharedBlockFiles))]
    public void Every_block_type_is_written_bit_for_bit(string name)
    {
        string file = SharedFolder.Require($"fixtures/gguf-blocks/{name}.gguf"), written = Path.Combine(_folder, "x.f32");
        Assert.That(Run(file, "--tensor", "x", "--out", written), Is.EqualTo((0, "", "")));
        Assert.That(File.ReadAllBytes(written), Is.EqualTo(File.ReadAllBytes(Path.ChangeExtension(file, ".f32"))));
    }

    [Test]
    public void Every_safetensors_type_is_written_as_floats()
    {
        string file = Path.Combine(_folder, "t.safetensors"), written = Path.Combine(_folder, "x.f32");
        (TensorType Type, byte[] Bytes, float[] Values)[] cases =
        [
            (TensorType.F32, Bytes<float>(1.5f, -0f), [1.5f, -0f]), (TensorType.F64, Bytes(0.1, -2), [0.1f, -2]), (TensorType.F16, Bytes((Half)0.5, Half.MaxValue), [0.5f, 65504]),
            (TensorType.BF16, Bytes<ushort>(0x3F80, 0xC040), [1, -3]), (TensorType.F8_E4M3, [0x38, 0xFE], [1, -448]), (TensorType.F8_E5M2, [0x3C, 0x7C], [1, float.PositiveInfinity]),
            (TensorType.I64, Bytes(-5L, 1L << 40), [-5, 1L << 40]), (TensorType.U64, Bytes(7UL, 1UL << 63), [7, 1UL << 63]), (TensorType.I32, Bytes(-7, 9), [-7, 9]),
            (TensorType.U32, Bytes(uint.MaxValue, 1u), [uint.MaxValue, 1]), (TensorType.I16, Bytes<short>(-3, 4), [-3, 4]), (TensorType.U16, Bytes<ushort>(65535, 4), [65535, 4]),
            (TensorType.I8, [0x80, 0x7F], [-128, 127]), (TensorType.U8, [0x80, 0x7F], [128, 127]), (TensorType.Bool, [1, 0], [1, 0]),
        ];
        SafetensorsWriter.Write(file, [.. cases.Select(c => TensorToWrite.From(c.Type.ToString(), c.Type, [2], c.Bytes))]);
        foreach (var (type, _, values) in cases)
        {
            Assert.That(Run(file, "--tensor", type.ToString(), "--out", written).Code, Is.Zero);
            Assert.That(File.ReadAllBytes(written), Is.EqualTo(Bytes(values)), type.ToString());
        }
    }

    private static byte[] Bytes<T>(params T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    [Test]
    public void A_list_has_a_tensor_a_line_with_its_name_first()
    {
        string file = Path.Combine(SharedFolder.Repository, "models", "hearth", "model.safetensors");
        var (code, output, _) = Run(file, "--list");
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(code, Is.Zero);
        Assert.That(lines, Has.Length.EqualTo(56));
        Assert.That(lines, Has.One.EqualTo("model.embed_tokens.weight\tBF16\t[1024,128]\t262144"));
        Assert.That(Run(Path.GetDirectoryName(file)!, "--list").Output, Is.EqualTo(output), "a folder lists the same");
        Assert.That(Run(file, "--list", "--json").Output, Does.Contain("{\"name\":\"model.embed_tokens.weight\",\"type\":\"BF16\",\"shape\":[1024,128],\"bytes\":262144,"));
    }

    [Test]
    public void A_wrong_name_gets_the_closest_one_and_no_file()
    {
        string written = Path.Combine(_folder, "x.f32");
        var (code, _, error) = Run(Path.Combine(SharedFolder.Repository, "models", "hearth", "model.safetensors"), "--tensor", "model.embed_token.weight", "--out", written);
        Assert.That((code, error.Trim().Split('\n').Length), Is.EqualTo((2, 1)));
        Assert.That(error, Does.Contain("model.embed_tokens.weight"));
        Assert.That(Directory.EnumerateFileSystemEntries(_folder), Is.Empty);
    }

    [TestCase]
    [TestCase("--tensor", "x")]
    [TestCase("--out", "x")]
    [TestCase("--list", "--tensor", "x", "--out", "y")]
    public void Half_a_command_is_refused(params string[] arguments) => Assert.That(Run(["file", .. arguments]).Code, Is.EqualTo(2));
}
