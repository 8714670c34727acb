using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Managed.Guards.Interchange;
using Managed.Loader;

namespace Managed.Tests.Interchange;

/// <summary>NumPy's files: every type and order that is taken, and everything that is refused.</summary>
public sealed class NpyTests
{
    [Test]
    public void Arrays_are_read_back_byte_for_byte() => Prop.ForAll(Arrays().ToArbitrary(), array =>
    {
        var stream = new MemoryStream();
        array.Write(stream);
        Assert.That((stream.Length - array.Bytes.Length) % 64, Is.Zero, "data is aligned as NumPy aligns it");
        CheckEqual(NpyArray.Parse("written", "array", stream.ToArray()), array);
    }).QuickCheckThrowOnFailure();

    [Test]
    public void Archives_are_read_back_byte_for_byte() => Prop.ForAll(Arrays().ListOf().Resize(6).ToArbitrary(), arrays =>
    {
        using var scratch = new Loader.Scratch();
        NpzFile.Write(scratch.File("a.npz"), arrays.Select((array, index) => ($"array {index}", array)));
        using NpzFile file = NpzFile.Open(scratch.File("a.npz"));
        Assert.That(file.Names, Is.EqualTo(Enumerable.Range(0, arrays.Count).Select(index => $"array {index}")));
        for (int i = 0; i < arrays.Count; i++)
            CheckEqual(file.Array($"array {i}"), arrays[i]);
    }).QuickCheckThrowOnFailure();

    // The bytes that numpy.save writes for numpy.arange(3, dtype='<f4') and its like.
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "000000000000803F00000040", new[] { 0f, 1f, 2f })]
    [TestCase("{'descr': '>f4', 'fortran_order': False, 'shape': (3,), }", "000000003F80000040000000", new[] { 0f, 1f, 2f })]
    [TestCase("{'descr': '<f2', 'fortran_order': False, 'shape': (2,), }", "003C00C0", new[] { 1f, -2f })]
    [TestCase("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", "000000000000F83F", new[] { 1.5f })]
    [TestCase("{'descr': '<i4', 'fortran_order': False, 'shape': (1, 1), }", "FEFFFFFF", new[] { -2f })]
    [TestCase("{'descr': '<i8', 'fortran_order': False, 'shape': (), }", "0700000000000000", new[] { 7f })]
    [TestCase("{\"shape\":(0,5),\"fortran_order\":True,\"descr\":\"<f4\"}\n", "", new float[0])]
    [TestCase("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }", "000000000300000001000000040000000200000005000000", new[] { 0f, 1f, 2f, 3f, 4f, 5f })]
    public void NumPy_s_own_bytes_mean_what_NumPy_says(string header, string data, float[] values)
    {
        for (byte version = 1; version <= 3; version++)
            Assert.That(NpyArray.Parse("f", "array", Bytes(header, Convert.FromHexString(data), version)).ToSingle(), Is.EqualTo(values), $"version {version}");
    }

    [TestCase("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "pickle")]
    [TestCase("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "structured")]
    [TestCase("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "'<c8'")]
    [TestCase("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", "True or False")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "sizes from 0")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "sizes from 0")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 2147483647), }", "at most")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,), }", "second time")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1, }", "the key 'x'")]
    [TestCase("{'descr': '<f4', 'shape': (1,), }", "descr and shape alone")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } import os", "behind the dict")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", "the end")]
    [TestCase("{'descr: 1", "no string")]
    [TestCase("", "a dict")]
    public void Headers_that_say_something_else_are_refused(string header, string why)
    {
        CheckpointException? refusal = Assert.Throws<CheckpointException>(() => NpyArray.Parse("f.npy", "array", Bytes(header, new byte[4])));
        Assert.That(refusal!.Message, Does.StartWith("f.npy: array, header").And.Contains(why));
    }

    [Test]
    public void Sizes_that_do_not_fit_the_bytes_are_refused()
    {
        const string Header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
        byte[] whole = Bytes(Header, new byte[12]);
        for (int length = 0; length < whole.Length; length++)
            Assert.That(() => NpyArray.Parse("f", "array", whole.AsSpan(0, length)), Throws.TypeOf<CheckpointException>(), $"the first {length} bytes");
        Assert.That(() => NpyArray.Parse("f", "array", [.. whole, 0]), Throws.TypeOf<CheckpointException>().With.Message.Contains("found 13 bytes; expected 12"));
        Assert.That(() => NpyArray.Parse("f", "array", Bytes(Header, new byte[12], 4)), Throws.TypeOf<CheckpointException>().With.Message.Contains("version 4"));
        BinaryPrimitives.WriteUInt16LittleEndian(whole.AsSpan(8), ushort.MaxValue);
        Assert.That(() => NpyArray.Parse("f", "array", whole), Throws.TypeOf<CheckpointException>().With.Message.Contains("a header of 65535 bytes"));
    }

    [Test]
    public void A_damaged_byte_of_an_archive_is_found_or_harmless()
    {
        using var scratch = new Loader.Scratch();
        NpyArray array = NpyArray.From([40], [.. Enumerable.Range(0, 40).Select(value => (float)value)]);
        string file = scratch.File("a.npz");
        NpzFile.Write(file, [("first", array), ("second", array)]);
        byte[] whole = File.ReadAllBytes(file);
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0x41;
            File.WriteAllBytes(file, damaged);
            try
            {
                using NpzFile opened = NpzFile.Open(file);
                foreach (string name in opened.Names)
                    CheckEqual(opened.Array(name), array);
            }
            catch (CheckpointException refusal)
            {
                Assert.That(refusal.Message, Does.StartWith(file));
            }
        }
        for (int length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(file, whole[..length]);
            Assert.That(() => NpzFile.Open(file).Dispose(), Throws.TypeOf<CheckpointException>(), $"the first {length} bytes");
        }
    }

    [Test]
    public void Deflated_members_are_read_and_bombs_are_not()
    {
        using var scratch = new Loader.Scratch();
        NpyArray array = NpyArray.From([1000], new float[1000]);
        string file = scratch.File("a.npz");
        using (ZipArchive archive = ZipFile.Open(file, ZipArchiveMode.Create))
        {
            using Stream member = archive.CreateEntry("zeros.npy", CompressionLevel.SmallestSize).Open();
            array.Write(member);
        }
        using (NpzFile opened = NpzFile.Open(file))
            CheckEqual(opened.Array("zeros"), array);

        byte[] bytes = File.ReadAllBytes(file);
        int directory = bytes.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(directory + 24), 2_000_000_000); // the size when unpacked
        File.WriteAllBytes(file, bytes);
        using NpzFile bomb = NpzFile.Open(file);
        Assert.That(() => bomb.Array("zeros"), Throws.TypeOf<CheckpointException>().With.Message.Contains("2000000000 bytes packed into"));
    }

    [Test]
    public void Other_members_of_a_zip_are_refused()
    {
        using var scratch = new Loader.Scratch();
        string file = scratch.File("a.npz");
        using (ZipArchive archive = ZipFile.Open(file, ZipArchiveMode.Create))
            archive.CreateEntry("script.py");
        Assert.That(() => NpzFile.Open(file), Throws.TypeOf<CheckpointException>().With.Message.Contains("script.py"));
        Assert.That(() => NpzFile.Open(scratch.File("nowhere.npz")), Throws.TypeOf<CheckpointException>().With.Message.Contains("no such file"));
    }

    internal static byte[] Bytes(string header, byte[] data, byte version = 1)
    {
        byte[] length = BitConverter.GetBytes((uint)header.Length);
        return [.. NpyArray.Magic, version, 0, .. length.AsSpan(0, version == 1 ? 2 : 4), .. Encoding.ASCII.GetBytes(header), .. data];
    }

    private static void CheckEqual(NpyArray found, NpyArray expected)
    {
        Assert.That((found.Element, found.Count), Is.EqualTo((expected.Element, expected.Count)));
        Assert.That(found.Shape, Is.EqualTo(expected.Shape));
        Assert.That(found.Bytes, Is.EqualTo(expected.Bytes));
    }

    private static Gen<NpyArray> Arrays() =>
        from element in Gen.Elements(Enum.GetValues<NpyElement>())
        from shape in Gen.Choose(0, 4).ArrayOf().Resize(4)
        from seed in Gen.Choose(0, 1000)
        select new NpyArray(element, shape, Noise(seed, shape.Aggregate(NpyHeader.SizeOf(element), (product, size) => product * size)));

    private static byte[] Noise(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
