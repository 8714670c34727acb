using Managed.Loader;

namespace Managed.Tests.Loader;

/// <summary>GGUF models in several files: opened by any of them, refused where they don't belong together.</summary>
public unsafe class SplitFilesTests
{
    private const int Parts = 3;
    private Scratch _scratch = null!;

    [SetUp]
    public void Open() => _scratch = new Scratch();

    [TearDown]
    public void Close() => _scratch.Dispose();

    private static string Whole => SharedFolder.Fixture("gguf-arch/llama-llama3.gguf");

    private string Part(int number, int count = Parts) => _scratch.File($"model-{number + 1:D5}-of-{count:D5}.gguf");

    /// <summary>Writes the parts; `edit` may change the keys of one of them.</summary>
    private void Split(Action<int, Dictionary<string, GgufValue>>? edit = null, Func<int, IEnumerable<TensorToWrite>, IEnumerable<TensorToWrite>>? tensors = null)
    {
        using GgufFile whole = GgufFile.Open(Whole);
        StoredTensor[][] chunks = [.. whole.Tensors.Values.Chunk((whole.Tensors.Count + Parts - 1) / Parts)];
        for (int number = 0; number < Parts; number++)
        {
            Dictionary<string, GgufValue> keys = number == 0 ? whole.Metadata.ToDictionary() : [];
            keys["split.no"] = GgufValue.From((ushort)number);
            keys["split.count"] = GgufValue.From((ushort)Parts);
            keys["split.tensors.count"] = GgufValue.From(whole.Tensors.Count);
            edit?.Invoke(number, keys);
            IEnumerable<TensorToWrite> own = chunks[number].Select(tensor => TensorToWrite.From(tensor));
            GgufWriter.Write(Part(number), keys, [.. tensors is null ? own : tensors(number, own)]);
        }
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public void Any_part_opens_the_whole_model(int given)
    {
        Split();
        using Checkpoint whole = Checkpoint.Open(Whole), split = Checkpoint.Open(Part(given));
        Assert.That(split.Family, Is.EqualTo(whole.Family));
        Assert.That(split.Tensors.Keys, Is.EqualTo(whole.Tensors.Keys));
        foreach (var (name, tensor) in whole.Tensors)
            Assert.That(new ReadOnlySpan<byte>(split.Tensor(name).Data, (int)tensor.ByteCount).SequenceEqual(new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteCount)), name);
    }

    [Test]
    public void A_split_model_computes_what_the_whole_one_does()
    {
        Split();
        using LanguageModel whole = LanguageModel.Load(Whole), split = LanguageModel.Load(Part(0));
        Assert.That(split.RunWithCache([1, 2, 3]).Logits.Values.ToArray(), Is.EqualTo(whole.RunWithCache([1, 2, 3]).Logits.Values.ToArray()));
    }

    [Test]
    public void A_missing_part_is_named()
    {
        Split();
        File.Delete(Part(2));
        Refused(Part(0), "split.count", "no file model-00003-of-00003.gguf");
    }

    [Test]
    public void A_damaged_part_is_named()
    {
        Split();
        File.WriteAllBytes(Part(1), File.ReadAllBytes(Part(1))[..100]);
        Assert.That(Refusal(Part(0)).File, Is.EqualTo(Part(1)));
    }

    [Test]
    public void A_part_under_another_name_is_refused()
    {
        Split();
        File.Move(Part(0), _scratch.File("model.gguf"));
        Refused(_scratch.File("model.gguf"), "split.count", "the file's name says otherwise");
    }

    [Test]
    public void Parts_in_another_order_are_refused()
    {
        Split();
        File.Move(Part(1), _scratch.File("x"));
        File.Move(Part(2), Part(1));
        File.Move(_scratch.File("x"), Part(2));
        Refused(Part(0), "split.no", "found 2");
    }

    [TestCase("split.count", 4u)]
    [TestCase("split.count", 1ul << 60)]
    [TestCase("split.count", -3)]
    [TestCase("split.count", "three")]
    [TestCase("split.no", 7u)]
    [TestCase("split.no", 1ul << 60)]
    [TestCase("split.tensors.count", 7)]
    public void Keys_that_contradict_each_other_are_refused(string key, object value)
    {
        Split((number, keys) =>
        {
            if (number == 1 || key == "split.tensors.count")
                keys[key] = GgufValue.From(value);
        });
        Assert.That(Refusal(Part(1)).Field, Is.EqualTo(key));
        Assert.That(Refusal(Part(0)).Field, Is.EqualTo(key));
    }

    [Test]
    public void A_tensor_in_two_parts_is_refused()
    {
        TensorToWrite? first = null;
        Split((_, keys) => keys.Remove("split.tensors.count"), (_, own) => first is null ? [first = own.First(), .. own.Skip(1)] : [.. own, first]);
        Assert.That(Refusal(Part(0)).Message, Does.Contain("every name in one part only"));
    }

    private static CheckpointException Refusal(string path) => Assert.Throws<CheckpointException>(() => Checkpoint.Open(path).Dispose())!;

    private static void Refused(string path, string field, string found)
    {
        CheckpointException error = Refusal(path);
        Assert.That(error.Field, Is.EqualTo(field));
        Assert.That(error.Message, Does.Contain(found));
    }
}
