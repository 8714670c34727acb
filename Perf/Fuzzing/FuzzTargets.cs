using Managed.Loader;
using Managed.Loader.Tokenizers;

namespace Managed.Fuzzing;

/// <summary>The readers that can be fuzzed. Each one opens the file and then touches everything that it was given.</summary>
internal static class FuzzTargets
{
    private static readonly string[] s_json =
        ["{", "}", "[", "]", ",", ":", "\"", "null", "true", "-1", "0", "1e999", "2.0", "9223372036854775807", "9223372036854775808", "18446744073709551616",
         "1152921504606846976", "\"\\ud800\"", "\"\\u0000\"", "{\"a\":[]}", "[[[[[[[[", "\u00e9", "\ufeff"];

    private static readonly string[] s_safetensors =
        ["\"F32\"", "\"F8_E4M3\"", "\"BOOL\"", "\"I64\"", "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "[0,0]", "[4294967296,4294967296]"];

    private static readonly string[] s_config =
        ["\"model_type\"", "\"llama\"", "\"num_hidden_layers\"", "\"hidden_size\"", "\"eos_token_id\"", "\"weight_map\"", "\"rope_scaling\""];

    private static readonly string[] s_adapter =
        ["\"r\"", "\"lora_alpha\"", "\"target_modules\"", "\"rank_pattern\"", "\"alpha_pattern\"", "\"use_rslora\"", "\"LORA\"", "\"(a|b)*c{9,99}\"", "\"(?:.*){9}\"",
         "\"(?=x)\"", "\"all-linear\"", "\"[\"", "{\"q_proj\":4}"];

    private static readonly string[] s_tokenizer =
        ["\"BPE\"", "\"Unigram\"", "\"WordPiece\"", "\"vocab\"", "\"merges\"", "\"added_tokens\"", "\"ByteLevel\"", "\"Sequence\"", "\"Split\"", "\"Regex\"", "\"(a+)+b\"",
         "\"normalizer\"", "\"Replace\"", "\"Prepend\"", "\"id\""];

    public static IReadOnlyList<string> Names { get; } = ["gguf", "safetensors", "config", "tokenizer", "adapter"];

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="repository">The repository's root, where the sound files lie.</param>
    public static FuzzTarget Create(string name, string repository) => name switch
    {
        "gguf" => new(name, Files(repository, "Tests/Fixtures/gguf-valid", "*.gguf"), [], 64, ReadGguf),
        "safetensors" => new(name, Files(repository, "Tests/Fixtures/safetensors-valid", "*.safetensors"), [.. s_json, .. s_safetensors], 64, ReadSafetensors),
        "config" => new(name, Configs(repository), [.. s_json, .. s_config], 256, ReadConfig),
        "tokenizer" => new(name, Files(repository, "models", "tokenizer.json"), [.. s_json, .. s_tokenizer], 4096, ReadTokenizer),
        "adapter" => new(name, Adapters(repository), [.. s_json, .. s_safetensors, .. s_adapter], 4096, ReadAdapter),
        _ => throw new ArgumentException($"{name} is none of {string.Join(", ", Names)}", nameof(name)),
    };

    private static byte[][] Files(string repository, string folder, string pattern) =>
        [.. Directory.GetFiles(Path.Combine(repository, folder), pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    private static byte[][] Configs(string repository) =>
        [.. Files(repository, "models", "*config.json"), .. Files(repository, "Tests/Fixtures/safetensors-valid", "*.index.json")];

    /// <summary>First a configuration, then weights that fit it.</summary>
    private static byte[][] Adapters(string repository)
    {
        var weights = new MemoryStream();
        SafetensorsWriter.Write(weights, [.. new[] { "q_proj", "v_proj" }.SelectMany(layer => (TensorToWrite[])
        [
            TensorToWrite.From($"base_model.model.model.layers.0.self_attn.{layer}.lora_A.weight", [8, 4], new float[32]),
            TensorToWrite.From($"base_model.model.model.layers.0.self_attn.{layer}.lora_B.weight", [3, 8], new float[24]),
        ])]);
        return [File.ReadAllBytes(Path.Combine(repository, "models/hearth-dark/adapter_config.json")), weights.ToArray()];
    }

    private static void ReadGguf(FileBytes bytes, int seed)
    {
        GgufFile file = GgufFile.Read(bytes);
        foreach (GgufValue value in file.Metadata.Values)
        {
            _ = value.Content;
            _ = value.Describe();
        }

        var config = new GgufConfigSection(file, "fixture.");
        foreach (string key in file.Metadata.Keys)
            AskAll(config, key);
        Touch(bytes, file.Tensors.Values);
    }

    private static void ReadSafetensors(FileBytes bytes, int seed) => Touch(bytes, SafetensorsFile.Read(bytes).Tensors.Values);

    private static void ReadConfig(FileBytes bytes, int seed) =>
        AskBelow(JsonConfigSection.Parse(bytes.Path, bytes.Slice(0, (int)bytes.Length)));

    private static void ReadTokenizer(FileBytes bytes, int seed)
    {
        var tokenizer = new Tokenizer(TokenizerJsonReader.Read(bytes.Path, bytes.Slice(0, (int)bytes.Length).ToArray()));
        _ = tokenizer.Decode(tokenizer.Encode("How do I make honey bread? \u00e9\U0001F389 123").Ids);
    }

    private static void ReadAdapter(FileBytes bytes, int seed)
    {
        AdapterConfig config;
        if (seed == 0)
            config = AdapterConfig.Read(JsonConfigSection.Parse(bytes.Path, bytes.Slice(0, (int)bytes.Length)));
        else
            config = AdapterConfig.Read(JsonConfigSection.Parse("adapter_config.json", """{"peft_type":"LORA","r":8,"lora_alpha":16,"target_modules":["q_proj","v_proj"]}"""u8));
        foreach (string module in (string[])["model.layers.0.self_attn.q_proj", "model.layers.11.mlp.down_proj", ""])
        {
            _ = config.Targets(module);
            _ = config.ScaleOf(module);
        }

        if (seed == 0)
            return;
        SafetensorsFile weights = SafetensorsFile.Read(bytes);
        AdapterFile adapter = AdapterFile.Join(config, weights);
        Touch(bytes, adapter.Modules.Values.SelectMany(module => (StoredTensor[])[module.A, module.B]));
    }

    /// <summary>Checks that tensors lie in the file and have the size of their shape, and reads their ends.</summary>
    private static unsafe void Touch(FileBytes bytes, IEnumerable<StoredTensor> tensors)
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

    private static void AskBelow(JsonConfigSection section)
    {
        foreach (var (key, value) in section.Members)
        {
            AskAll(section, key);
            if (value.Members is not null && section.Section(key) is JsonConfigSection inner)
                AskBelow(inner);
        }
    }

    /// <summary>Asks for a key in every way; refusals are answers too.</summary>
    private static void AskAll(ConfigSection section, string key)
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
