using Managed.Loader;

namespace Managed.Tests.Loader;

/// <summary>A file that ends early must be refused, wherever it ends.</summary>
public unsafe class TruncationTests
{
    private static readonly string[] s_gguf = ["dims.gguf", "plain-types.gguf", "names.gguf", "alignment-64.gguf", "alignment-8.gguf", "version-2.gguf", "no-kv.gguf", "tensors-out-of-order.gguf"];

    private static readonly string[] s_safetensors =
        ["plain.safetensors", "zero-sized.safetensors", "scalar.safetensors", "metadata.safetensors", "names.safetensors", "rank-8.safetensors",
         "pretty-header.safetensors", "unaligned-tensor.safetensors", "integers.safetensors", "bf16.safetensors"];

    [TestCaseSource(nameof(s_gguf))]
    public void A_GGUF_file_cut_at_any_byte_is_refused(string name)
    {
        byte[] file = File.ReadAllBytes(SharedFolder.Fixture($"gguf-valid/{name}"));
        long end;
        using (GgufFile whole = GgufFile.Open(SharedFolder.Fixture($"gguf-valid/{name}")))
            end = whole.Tensors.Values.Max(tensor => tensor.FileOffset + tensor.ByteCount);
        for (int length = 0; length <= file.Length; length++)
        {
            byte[] cut = file[..length];
            fixed (byte* pointer = cut)
            {
                FileBytes bytes = FileBytes.Borrow(name, pointer, length);
                if (length < end)
                    Assert.That(Assert.Throws<CheckpointException>(() => GgufFile.Read(bytes))!.Offset, Is.InRange(0, length), $"cut at {length}");
                else // only padding is missing
                    Assert.DoesNotThrow(() => GgufFile.Read(bytes), $"cut at {length}");
            }
        }
    }

    [TestCaseSource(nameof(s_safetensors))]
    public void A_safetensors_file_cut_at_any_byte_is_refused(string name)
    {
        byte[] file = File.ReadAllBytes(SharedFolder.Fixture($"safetensors-valid/{name}"));
        for (int length = 0; length < file.Length; length++)
        {
            byte[] cut = file[..length];
            fixed (byte* pointer = cut)
            {
                FileBytes bytes = FileBytes.Borrow(name, pointer, length);
                Assert.Throws<CheckpointException>(() => SafetensorsFile.Read(bytes), $"cut at {length}");
            }
        }
    }

    [Test]
    public void A_config_cut_at_any_byte_is_refused()
    {
        byte[] file = File.ReadAllBytes(Path.Combine(SharedFolder.Repository, "models", "hearth", "config.json"));
        int end = file.AsSpan().LastIndexOf((byte)'}') + 1;
        for (int length = 0; length < end; length++)
            Assert.Throws<CheckpointException>(() => JsonConfigSection.Parse("config.json", file.AsSpan(0, length)), $"cut at {length}");
        Assert.That(JsonConfigSection.Parse("config.json", file).Text("model_type"), Is.Not.Empty);
    }
}
