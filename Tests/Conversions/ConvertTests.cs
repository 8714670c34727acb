using Managed.Cli;
using Managed.Conversion;
using Managed.Loader;
using Managed.Loader.Tokenizers;

namespace Managed.Tests.Conversions;

/// <summary>`managed convert`, in both directions: nothing is lost that the other format can hold.</summary>
public class ConvertTests
{
    private const string Ids = "1,3,100,200,300,17,44,900";
    private static readonly string s_hearth = Path.Combine(SharedFolder.Repository, "models", "hearth");
    private string _folder = null!;

    [SetUp]
    public void Open() => _folder = Directory.CreateTempSubdirectory("convert-").FullName;

    [TearDown]
    public void Close() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);

    private static (int Code, string Output, string Error) Run(params string[] arguments) => Run(CancellationToken.None, arguments);

    private static (int Code, string Output, string Error) Run(CancellationToken cancellation, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = Program.Run(["convert", .. arguments], output, error, TextReader.Null, cancellation);
        return (code, output.ToString(), error.ToString());
    }

    private static void Convert(params string[] arguments)
    {
        var (code, _, error) = Run(arguments);
        Assert.That(code, Is.Zero, error);
    }

    private static unsafe byte[] Bytes(StoredTensor tensor) => new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteCount).ToArray();

    private static void AssertSameTensors(IReadOnlyDictionary<string, StoredTensor> found, IReadOnlyDictionary<string, StoredTensor> expected)
    {
        Assert.That(found.Keys.Order(), Is.EqualTo(expected.Keys.Order()));
        foreach (var (name, tensor) in expected)
        {
            Assert.That((found[name].Type, string.Join(",", found[name].Shape)), Is.EqualTo((tensor.Type, string.Join(",", tensor.Shape))), name);
            Assert.That(Bytes(found[name]).AsSpan().SequenceEqual(Bytes(tensor)), Is.True, name);
        }
    }

    [TestCase("llama")]
    [TestCase("llama-bias")]
    [TestCase("llama-linear")]
    [TestCase("llama-llama3")]
    [TestCase("llama-yarn")]
    [TestCase("qwen2")]
    [TestCase("qwen3")]
    [TestCase("smollm3")]
    [TestCase("granite")]
    [TestCase("olmo2")]
    public void A_folder_becomes_what_llamacpps_converter_makes_of_it(string name)
    {
        string source = SharedFolder.Require($"fixtures/arch/{name}");
        using GgufFile theirs = GgufFile.Open(SharedFolder.Require($"fixtures/gguf-arch/{name}.gguf"));
        Convert(source, At("x.gguf"), "--type", "F32");
        using GgufFile ours = GgufFile.Open(At("x.gguf"));
        var withoutDivisors = theirs.Tensors.Where(t => t.Key != "rope_freqs.weight").ToDictionary();
        AssertSameTensors(ours.Tensors.Where(t => t.Key != "rope_freqs.weight").ToDictionary(), withoutDivisors);
        if (theirs.Tensors.TryGetValue("rope_freqs.weight", out StoredTensor? divisors))
            Assert.That(Floats(ours.Tensors["rope_freqs.weight"]), Is.EqualTo(Floats(divisors)).Within(1e-5f));
        foreach (var (key, value) in theirs.Metadata)
            if (!key.StartsWith("general.") || key is "general.architecture" or "general.file_type")
                Assert.That(ours.Metadata.GetValueOrDefault(key)?.Content, Is.EqualTo(value.Content), key);
    }

    private static float[] Floats(StoredTensor tensor)
    {
        var values = new float[tensor.ElementCount];
        TensorFloats.Read(tensor, 0, values);
        return values;
    }

    [TestCase("llama")]
    [TestCase("llama-bias")]
    [TestCase("llama-linear")]
    [TestCase("llama-llama3")]
    [TestCase("llama-yarn")]
    [TestCase("qwen2")]
    [TestCase("qwen3")]
    [TestCase("smollm3")]
    [TestCase("granite")]
    [TestCase("olmo2")]
    public void There_and_back_every_tensor_has_the_same_bits_and_the_model_the_same_logits(string name)
    {
        string source = SharedFolder.Require($"fixtures/arch/{name}");
        Convert(source, At("x.gguf"), "--type", "F32");
        Convert(At("x.gguf"), At("back"));
        using Checkpoint before = Checkpoint.Open(source), after = Checkpoint.Open(At("back"));
        Assert.That(after.Tensors.Keys.Order(), Is.EqualTo(before.Tensors.Keys.Order()));
        foreach (var (tensor, stored) in before.Tensors)
            Assert.That(Floats(after.Tensors[tensor]).AsSpan().SequenceEqual(Floats(stored)), Is.True, tensor);
        Assert.That(Logits(At("back")), Is.EqualTo(Logits(source)), "folder");
        Assert.That(Logits(At("x.gguf")), Is.EqualTo(Logits(source)).Within(name == "llama-llama3" ? 1e-4f : 1e-5f), "GGUF");
    }

    private static float[] Logits(string path)
    {
        using LanguageModel model = LanguageModel.Load(path);
        int[] ids = [.. Ids.Split(',').Select(id => int.Parse(id) % model.VocabularySize)];
        return model.RunWithCache(ids).Logits.Values.ToArray();
    }

    [Test]
    public void Hearth_travels_with_its_vocabulary_and_its_template()
    {
        Convert(s_hearth, At("x.gguf"));
        Convert(At("x.gguf"), At("back"), "--type", "BF16");
        using Checkpoint before = Checkpoint.Open(s_hearth), after = Checkpoint.Open(At("back"));
        AssertSameTensors(after.Tensors, before.Tensors);
        foreach (string file in new[] { "tokenizer.json", "chat_template.jinja" })
            Assert.That(File.ReadAllText(Path.Combine(At("back"), file)), Is.EqualTo(File.ReadAllText(Path.Combine(s_hearth, file))), file);
        Assert.That(Logits(At("x.gguf")), Is.EqualTo(Logits(s_hearth)).Within(1e-5f));
        AssertSameTokens(Tokenizer.Open(s_hearth), Tokenizer.Open(At("x.gguf")), Tokenizer.Open(At("back")));
    }

    [Test]
    public void A_tokenizer_is_put_together_where_the_file_did_not_travel()
    {
        Convert(s_hearth, At("x.gguf"));
        using (GgufFile whole = GgufFile.Open(At("x.gguf")))
            GgufWriter.Write(At("bare.gguf"), [.. whole.Metadata.Where(pair => pair.Key != "tokenizer.huggingface.json")], [.. whole.Tensors.Values.Select(tensor => TensorToWrite.From(tensor))]);
        Convert(At("bare.gguf"), At("back"));
        AssertSameTokens(Tokenizer.Open(s_hearth), Tokenizer.Open(At("back")));
    }

    [Test]
    public void SmolLM2s_vocabulary_is_named_as_llamacpp_names_it()
    {
        string gguf = SharedFolder.Require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"), json = SharedFolder.Require("models/smollm2-135m-instruct/tokenizer.json");
        Convert(gguf, At("folder"), "--type", "F16");
        File.Delete(Path.Combine(At("folder"), "tokenizer.json"));
        File.Copy(json, Path.Combine(At("folder"), "tokenizer.json"));
        Convert(At("folder"), At("x.gguf"), "--type", "Q8_0");
        using GgufFile theirs = GgufFile.Open(gguf), ours = GgufFile.Open(At("x.gguf"));
        foreach (string key in new[] { "tokens", "merges", "token_type", "pre", "model", "bos_token_id", "eos_token_id", "unknown_token_id", "padding_token_id", "add_bos_token" })
            Assert.That(ours.Metadata.GetValueOrDefault("tokenizer.ggml." + key)?.Content, Is.EqualTo(theirs.Metadata["tokenizer.ggml." + key].Content), key);
        Assert.That(ours.Metadata["tokenizer.chat_template"].Content, Is.EqualTo(theirs.Metadata["tokenizer.chat_template"].Content));
    }

    [Test]
    public void A_vocabulary_of_pieces_becomes_merges_and_scores_again()
    {
        string gguf = SharedFolder.Require("models/stories260K/stories260K-f32.gguf");
        Convert(gguf, At("folder"));
        Convert(At("folder"), At("x.gguf"));
        using (GgufFile whole = GgufFile.Open(gguf))
        using (GgufFile again = GgufFile.Open(At("x.gguf")))
        {
            AssertSameTensors(again.Tensors, whole.Tensors);
            foreach (string key in new[] { "tokens", "token_type", "model", "bos_token_id", "eos_token_id" })
                Assert.That(again.Metadata.GetValueOrDefault("tokenizer.ggml." + key)?.Content, Is.EqualTo(whole.Metadata["tokenizer.ggml." + key].Content), key);
        }
        Tokenizer expected = Tokenizer.Open(gguf);
        foreach (string path in new[] { At("folder"), At("x.gguf") })
            foreach (string text in new[] { "Once upon a time", "Lily's mom said, \"Let's go!\"", "two  spaces and é 蜂", "   lead", "trailing ", "a" })
            {
                int[] ids = expected.Encode(text).Ids;
                Assert.That(Tokenizer.Open(path).Encode(text).Ids, Is.EqualTo(ids), $"{path}: {text}");
                Assert.That(Tokenizer.Open(path).Decode(ids), Is.EqualTo(expected.Decode(ids)), $"{path}: {text}");
            }
        Assert.That(Logits(At("folder")), Is.EqualTo(Logits(gguf)).Within(1e-5f));
    }

    private static void AssertSameTokens(Tokenizer expected, params Tokenizer[] others)
    {
        string[] texts = ["Honey bread, please!", "<|user|>\nHow do I bake?<|end|>", "  two  spaces\n\nand 12345 é 蜂蜜 🐝", "don't we'll I'm", ""];
        foreach (string text in texts)
            foreach (Tokenizer other in others)
            {
                int[] ids = expected.Encode(text).Ids;
                Assert.That(other.Encode(text).Ids, Is.EqualTo(ids), text);
                Assert.That(other.Decode(ids), Is.EqualTo(expected.Decode(ids)), text);
            }
    }

    [TestCase("F32", "F32", "F32")]
    [TestCase("F16", "F16", "F16")]
    [TestCase("BF16", "BF16", "BF16")]
    [TestCase("Q8_0", "Q8_0", "Q8_0")]
    [TestCase("Q4_0", "Q4_0", "Q8_0")]
    [TestCase("Q4_K", "Q8_0", "Q8_0")]
    public void Matrices_get_the_type_vectors_stay_F32_and_what_does_not_fit_is_told(string type, string matrix, string embedding)
    {
        var (code, _, error) = Run(s_hearth, At("x.gguf"), "--type", type);
        Assert.That(code, Is.Zero, error);
        using GgufFile file = GgufFile.Open(At("x.gguf"));
        Assert.That(file.Tensors["blk.0.attn_q.weight"].Type.ToString(), Is.EqualTo(matrix));
        Assert.That(file.Tensors["token_embd.weight"].Type.ToString(), Is.EqualTo(embedding));
        Assert.That(file.Tensors["blk.0.attn_norm.weight"].Type, Is.EqualTo(TensorType.F32));
        Assert.That(error.Contains("blk.0.attn_q.weight: rows of 128 are not whole Q4_K blocks of 256"), Is.EqualTo(type == "Q4_K"));
    }

    [Test]
    public void What_is_there_is_only_written_over_by_force()
    {
        Convert(s_hearth, At("x.gguf"));
        byte[] before = File.ReadAllBytes(At("x.gguf"));
        Assert.That(Run(s_hearth, At("x.gguf"), "--type", "Q8_0"), Is.EqualTo((2, "", $"managed: {At("x.gguf")} exists already; --force writes over it\n")));
        Assert.That(File.ReadAllBytes(At("x.gguf")), Is.EqualTo(before));
        Convert(s_hearth, At("x.gguf"), "--type", "Q8_0", "--force");
        Assert.That(new FileInfo(At("x.gguf")).Length, Is.LessThan(before.Length));
    }

    [Test]
    public void Interrupted_it_leaves_nothing()
    {
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.That(Run(stopped.Token, s_hearth, At("x.gguf")).Code, Is.EqualTo(130));
        Assert.That(Directory.EnumerateFileSystemEntries(_folder), Is.Empty);
    }

    [Test]
    public void What_cannot_be_converted_is_refused_on_one_line_and_nothing_is_written()
    {
        Convert(s_hearth, At("x.gguf"));
        string[][] bad =
        [
            [s_hearth, At("folder")], [At("x.gguf"), At("y.gguf")], [At("x.gguf"), At("folder"), "--type", "Q8_0"], [s_hearth, At("y.gguf"), "--type", "Q9_9"],
            [s_hearth + "-dark", At("y.gguf")], [At("nowhere"), At("y.gguf")],
        ];
        foreach (string[] arguments in bad)
        {
            var (code, _, error) = Run(arguments);
            Assert.That((code, error.Count(c => c == '\n')), Is.EqualTo((2, 1)), error);
        }
        Assert.That(Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName), Is.EqualTo(new[] { "x.gguf" }));
    }

    [Test]
    public void Other_families_are_refused_by_name()
    {
        string gpt2 = SharedFolder.Require("fixtures/arch/gpt2");
        Assert.That(Run(gpt2, At("x.gguf")).Error, Does.Contain("gpt2").And.Contain("one that can be converted: llama"));
    }
}
