using Managed.Loader;

namespace Managed.Fuzzing;

/// <summary>The readers that can be fuzzed. Each one opens the file and then touches everything that it was given.</summary>
internal static class FuzzTargets
{
    private static readonly Dictionary<string, Func<string, FuzzTarget>> s_all = new()
    {
        ["gguf"] = ContainerTargets.Gguf,
        ["safetensors"] = ContainerTargets.Safetensors,
        ["config"] = ConfigTarget.Create,
        ["tokenizer"] = TokenizerTargets.TokenizerJson,
        ["tokenizer-config"] = TokenizerTargets.Settings,
        ["sentencepiece"] = TokenizerTargets.SentencePiece,
        ["vocabulary"] = TokenizerTargets.GgufVocabulary,
        ["template"] = TemplateTarget.Create,
        ["adapter"] = AdapterTarget.Create,
    };

    /// <summary>Words of JSON, for edits of single bytes.</summary>
    public static IReadOnlyList<string> JsonTokens { get; } =
        ["{", "}", "[", "]", ",", ":", "\"", "null", "true", "false", "-1", "0", "1e999", "\\ud800", "\\u0000", "[[[[[[[[", "\u00e9", "\ufeff"];

    /// <summary>Values that no reader expects everywhere: of every kind, absurd in size, nested beyond reason.</summary>
    public static IReadOnlyList<string> JsonValues { get; } =
    [
        "null", "true", "false", "0", "1", "-1", "2", "3", "7", "100", "2.0", "0.5", "1e999", "-1e308", "1e-320", "100000", "16777215", "16777216", "2147483647",
        "2147483648", "4294967295", "1152921504606846976", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616",
        "\"\"", "\"x\"", "\" \"", "\"\\u2581\"", "\"\\ud800\"", "\"\\u0000\"", "\"\ufffd\"", "[]", "[0]", "[-1,\"a\",null]", "[[]]", "{}", "{\"a\":[]}", "{\"type\":\"Sequence\"}",
        new string('[', 70) + new string(']', 70), string.Concat(Enumerable.Repeat("{\"a\":", 70)) + "1" + new string('}', 70),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. s_all.Keys];

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="repository">The repository's root, where the sound files lie.</param>
    public static FuzzTarget Create(string name, string repository) =>
        s_all.TryGetValue(name, out Func<string, FuzzTarget>? create) ? create(repository) with { Name = name }
            : throw new ArgumentException($"{name} is none of {string.Join(", ", Names)}", nameof(name));

    public static byte[][] Files(string repository, string folder, string pattern) =>
        [.. Directory.GetFiles(Path.Combine(repository, folder), pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    /// <summary>Checks that tensors lie in the file and have the size of their shape, and reads their ends.</summary>
    public static unsafe void Touch(FileBytes bytes, IEnumerable<StoredTensor> tensors)
    {
        Span<float> one = stackalloc float[1];
        foreach (StoredTensor tensor in tensors)
        {
            long start = tensor.Data - bytes.Pointer;
            if (start != tensor.FileOffset || start < 0 || tensor.ByteCount < 0 || tensor.ByteCount > bytes.Length - start)
                throw new InvalidOperationException($"tensor {tensor.Name} lies outside of its file");
            if (tensor.ByteCount != TensorTypes.ByteCount(tensor.Type, tensor.Shape))
                throw new InvalidOperationException($"tensor {tensor.Name} has not the size of its shape");
            if (tensor.ByteCount == 0)
                continue;
            _ = tensor.Data[0] + tensor.Data[tensor.ByteCount - 1];
            if (TensorTypes.Of(tensor.Type).IsPlain)
                PlainTypes.ToSingle(tensor, tensor.ElementCount - 1, one);
        }
    }

    /// <summary>Asks for a key in every way; refusals are answers too.</summary>
    public static void AskAll(ConfigSection section, string key)
    {
        if (key.Length > 64)
            return; // long keys cost a search each and say nothing new
        Ask(() => section.Integer(key));
        Ask(() => section.Number(key));
        Ask(() => section.Flag(key));
        Ask(() => section.Text(key));
        Ask(() => section.Integers(key));
        Ask(() => section.Numbers(key));
        Ask(() => section.Texts(key));
    }

    private static void Ask<T>(Func<T> question)
    {
        try
        {
            _ = question();
        }
        catch (CheckpointException)
        {
            // refused, as it should be
        }
    }
}
