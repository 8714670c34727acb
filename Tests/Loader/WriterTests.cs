using FsCheck;
using FsCheck.Fluent;
using Managed.Loader;

namespace Managed.Tests.Loader;

public unsafe class WriterTests
{
    private static readonly TensorType[] s_safetensorsTypes = [.. TensorTypes.All.Where(info => info.InSafetensors).Select(info => info.Type)];
    private static readonly TensorType[] s_ggufTypes = [.. TensorTypes.All.Where(info => info.GgufId is not null).Select(info => info.Type)];

    [Test]
    public void What_is_written_as_safetensors_is_read_back() => Prop.ForAll(
        Tensors(s_safetensorsTypes, leastSize: 0, longestName: 40).ToArbitrary(),
        Texts().ToArbitrary(),
        (tensors, metadata) =>
        {
            var stream = new MemoryStream();
            SafetensorsWriter.Write(stream, [.. tensors.Select(tensor => tensor.Writer)], metadata);
            byte[] written = stream.ToArray();
            fixed (byte* pointer = written)
            {
                SafetensorsFile file = SafetensorsFile.Read(FileBytes.Borrow("written", pointer, written.Length));
                Assert.That(file.Metadata, Is.EquivalentTo(metadata));
                CheckAll(tensors, file.Tensors);
                foreach (StoredTensor tensor in file.Tensors.Values)
                    Assert.That(tensor.FileOffset % TensorTypes.Of(tensor.Type).BlockBytes, Is.Zero, "every tensor is aligned to its elements");
            }
        }).QuickCheckThrowOnFailure();

    [Test]
    public void What_is_written_as_GGUF_is_read_back() => Prop.ForAll(
        Tensors(s_ggufTypes, leastSize: 1, longestName: 15).ToArbitrary(),
        Texts().ToArbitrary(),
        (tensors, metadata) =>
        {
            var stream = new MemoryStream();
            GgufWriter.Write(stream, [.. metadata.Select(pair => KeyValuePair.Create(pair.Key, GgufValue.From(pair.Value)))], [.. tensors.Select(tensor => tensor.Writer)]);
            byte[] written = stream.ToArray();
            fixed (byte* pointer = written)
            {
                GgufFile file = GgufFile.Read(FileBytes.Borrow("written", pointer, written.Length));
                Assert.That(file.Metadata.ToDictionary(pair => pair.Key, pair => pair.Value.AsText()), Is.EquivalentTo(metadata));
                CheckAll(tensors, file.Tensors);
            }
        }).QuickCheckThrowOnFailure();

    [TestCase(8u)]
    [TestCase(32u)]
    [TestCase(4096u)]
    public void GGUF_keeps_every_kind_of_value_and_its_alignment(uint alignment)
    {
        object[] values =
        [
            byte.MaxValue, sbyte.MinValue, ushort.MaxValue, short.MinValue, uint.MaxValue, int.MinValue, 1.5f, true, "naïve \U0001F389\0",
            ulong.MaxValue, long.MinValue, 0.1, new byte[] { 1, 255 }, new sbyte[] { -1 }, new ushort[] { 65535 }, new short[] { -2 }, new[] { 3u },
            new[] { -3 }, new[] { 0.5f }, new[] { true, false }, new[] { "", "é" }, new[] { ulong.MaxValue }, new[] { long.MinValue }, new[] { -0.1 },
            Array.Empty<string>(),
        ];
        var metadata = new Dictionary<string, GgufValue> { ["general.alignment"] = GgufValue.From(alignment) };
        foreach (var (index, value) in values.Index())
            metadata.Add($"v.{index}", GgufValue.From(value));
        using var scratch = new Scratch();
        string path = scratch.File("all.gguf");
        GgufWriter.Write(path, metadata, [TensorToWrite.From("x", [3], new float[] { 1, 2, 3 }), TensorToWrite.From("y", [2, 2], new float[] { 4, 5, 6, 7 })]);
        using GgufFile file = GgufFile.Open(path);
        Assert.That(file.Alignment, Is.EqualTo(alignment));
        Assert.That(file.DataOffset % alignment, Is.Zero);
        foreach (var (index, value) in values.Index())
            Assert.That(file.Metadata[$"v.{index}"].Content, Is.EqualTo(value).And.TypeOf(value.GetType()));
        Assert.That(file.Tensors["y"].FileOffset, Is.EqualTo(file.DataOffset + Math.Max(alignment, 16)));
        // And once more from what was read: lazily read arrays are written as they are.
        string copy = scratch.File("copy.gguf");
        GgufWriter.Write(copy, [.. file.Metadata], [.. file.Tensors.Values.Select(tensor => TensorToWrite.From(tensor))]);
        Assert.That(File.ReadAllBytes(copy), Is.EqualTo(File.ReadAllBytes(path)));
    }

    [Test]
    public void A_failed_write_leaves_the_old_file_and_nothing_else()
    {
        using var scratch = new Scratch();
        string path = scratch.Write("x.safetensors", "old");
        var failing = new TensorToWrite("x", TensorType.F32, [4], _ => throw new InvalidOperationException("no data"));
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(path, [failing]));
        Assert.Throws<InvalidOperationException>(() => GgufWriter.Write(path, [], [failing]));
        Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(scratch.Folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void Too_few_bytes_are_noticed() =>
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(new MemoryStream(), [TensorToWrite.From("x", TensorType.F32, [4], new byte[15])]));

    [Test]
    public void What_a_format_cannot_hold_is_refused()
    {
        TensorToWrite x = TensorToWrite.From("x", [1], new float[1]);
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(new MemoryStream(), [x, x]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(new MemoryStream(), [TensorToWrite.From("q", TensorType.Q4_0, [32], new byte[18])]));
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(new MemoryStream(), [], [x, x]));
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(new MemoryStream(), [], [TensorToWrite.From("u", TensorType.U8, [1], new byte[1])]));
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(new MemoryStream(), [], [TensorToWrite.From("e", [0], Array.Empty<float>())]));
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(new MemoryStream(), [], [TensorToWrite.From(new string('n', 64), [1], new float[1])]));
    }

    private static void CheckAll(Sample[] samples, IReadOnlyDictionary<string, StoredTensor> tensors)
    {
        Assert.That(tensors.Keys, Is.EquivalentTo(samples.Select(sample => sample.Name)));
        foreach (Sample sample in samples)
        {
            StoredTensor stored = tensors[sample.Name];
            Assert.That(stored.Type, Is.EqualTo(sample.Type));
            Assert.That(stored.Shape, Is.EqualTo(sample.Shape));
            Assert.That(new ReadOnlySpan<byte>(stored.Data, (int)stored.ByteCount).SequenceEqual(sample.Bytes));
        }
    }

    private static Gen<Sample[]> Tensors(TensorType[] types, int leastSize, int longestName) =>
        from names in Name(longestName).ListOf()
        from samples in Gen.CollectToArray(names.Distinct(), name => OneTensor(name, types, leastSize))
        select samples;

    private static Gen<Sample> OneTensor(string name, TensorType[] types, int leastSize) =>
        from type in Gen.Elements(types)
        from rank in Gen.Choose(0, 4)
        from sizes in Gen.Choose(leastSize, 3).ArrayOf(rank)
        let shape = Shape(type, sizes)
        from bytes in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf((int)TensorTypes.ByteCount(type, shape))
        select new Sample(name, type, shape, bytes);

    /// <summary>Rows of whole blocks.</summary>
    private static long[] Shape(TensorType type, int[] sizes)
    {
        int block = TensorTypes.Of(type).BlockElements;
        long[] shape = [.. sizes.Select(size => (long)size)];
        if (block == 1)
            return shape;
        if (shape.Length == 0)
            return [block];
        shape[^1] *= block;
        return shape;
    }

    private static Gen<Dictionary<string, string>> Texts() =>
        from pairs in Name(30).Zip(Name(30)).ListOf()
        select pairs.DistinctBy(pair => pair.Item1).ToDictionary(pair => pair.Item1, pair => pair.Item2);

    /// <summary>Any text that has a UTF-8 form.</summary>
    private static Gen<string> Name(int longest) =>
        from points in Gen.OneOf(Gen.Choose(32, 126), Gen.Choose(0, 0xD7FF), Gen.Choose(0xE000, 0x10FFFF)).ListOf()
        select string.Concat(points.Take(longest).Select(char.ConvertFromUtf32));

    private sealed record Sample(string Name, TensorType Type, long[] Shape, byte[] Bytes)
    {
        public TensorToWrite Writer => TensorToWrite.From(Name, Type, Shape, Bytes);
    }
}
