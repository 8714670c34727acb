namespace Managed.Loader;

/// <summary>One adapted layer: its weight becomes W + Scale · B · A.</summary>
/// <param name="Module">Path of the layer in the base model, as in "model.layers.0.mlp.down_proj".</param>
/// <param name="A">[rank, inputs]</param>
/// <param name="B">[outputs, rank]</param>
/// <param name="Scale">alpha / rank, or alpha / √rank for rank-stabilised adapters.</param>
internal sealed record AdapterModule(string Module, StoredTensor A, StoredTensor B, float Scale)
{
    public int Rank => (int)A.Shape[0];
}

/// <summary>A LoRA adapter in PEFT's layout: adapter_config.json and adapter_model.safetensors.</summary>
internal sealed class AdapterFile : IDisposable
{
    public const string WeightsName = "adapter_model.safetensors";
    public const string ConfigName = "adapter_config.json";

    private const string Prefix = "base_model.model.";

    /// <summary>How the two factors of a layer end; the second form names the adapter, as older files do.</summary>
    private static readonly (string End, bool IsA)[] s_ends =
        [(".lora_A.weight", true), (".lora_B.weight", false), (".lora_A.default.weight", true), (".lora_B.default.weight", false)];

    private readonly SafetensorsFile _weights;

    private AdapterFile(AdapterConfig config, SafetensorsFile weights, IReadOnlyDictionary<string, AdapterModule> modules)
    {
        Config = config;
        _weights = weights;
        Modules = modules;
    }

    public AdapterConfig Config { get; }

    /// <summary>The adapted layers by the path of the layer.</summary>
    public IReadOnlyDictionary<string, AdapterModule> Modules { get; }

    public static AdapterFile Open(string folder)
    {
        var config = AdapterConfig.Read(JsonConfigSection.Open(Path.Combine(folder, ConfigName)));
        string weights = Path.Combine(folder, WeightsName);
        if (!File.Exists(weights) && File.Exists(Path.ChangeExtension(weights, ".bin")))
            throw new CheckpointException(folder, "weights", null, "adapter_model.bin, a Python pickle, which this project doesn't read", WeightsName);
        SafetensorsFile file = SafetensorsFile.Open(weights);
        try
        {
            return Join(config, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Joins a configuration with its weights, which the adapter owns from here on if it succeeds.</summary>
    public static AdapterFile Join(AdapterConfig config, SafetensorsFile weights)
    {
        var factors = new SortedDictionary<string, (StoredTensor? A, StoredTensor? B)>(StringComparer.Ordinal);
        foreach (StoredTensor tensor in weights.Tensors.Values)
        {
            var (module, isA) = Split(tensor);
            var (a, b) = factors.GetValueOrDefault(module);
            if ((isA ? a : b) is { } earlier)
                throw Error(tensor, "the name", $"a second {(isA ? 'A' : 'B')} for {Utf8Text.Show(module)} beside {Utf8Text.Show(earlier.Name)}", "one A and one B");
            factors[module] = isA ? (tensor, b) : (a, tensor);
        }

        if (factors.Count == 0)
            throw new CheckpointException(weights.Path, "tensors", null, "none", "lora_A and lora_B of at least one layer");
        var modules = new Dictionary<string, AdapterModule>(StringComparer.Ordinal);
        foreach (var (module, (a, b)) in factors)
            modules.Add(module, Pair(config, module, a, b));
        return new AdapterFile(config, weights, modules);
    }

    public void Dispose() => _weights.Dispose();

    private static (string Module, bool IsA) Split(StoredTensor tensor)
    {
        string name = tensor.Name;
        if (name.StartsWith(Prefix, StringComparison.Ordinal))
            foreach (var (end, isA) in s_ends)
                if (name.Length > Prefix.Length + end.Length && name.EndsWith(end, StringComparison.Ordinal))
                    return (name[Prefix.Length..^end.Length], isA);
        throw Error(tensor, "the name", "a tensor that is not a factor of a linear layer", $"{Prefix}…{s_ends[0].End} and …{s_ends[1].End}");
    }

    private static AdapterModule Pair(AdapterConfig config, string module, StoredTensor? a, StoredTensor? b)
    {
        if (a is null || b is null)
            throw Error((a ?? b)!, "the name", $"only {(a is null ? "lora_B" : "lora_A")} of {Utf8Text.Show(module)}", "lora_A and lora_B");
        if (!config.Targets(module))
            throw Error(a, "the name", $"layer {Utf8Text.Show(module)}, which target_modules of {ConfigName} doesn't name", "layers among target_modules");
        foreach (StoredTensor factor in (StoredTensor[])[a, b])
        {
            if (factor.Shape.Length != 2 || factor.Shape.Contains(0))
                throw Error(factor, "the shape", $"[{string.Join(", ", factor.Shape)}]", "a matrix");
            if (factor.Type is not (TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.F64))
                throw Error(factor, "the type", $"{factor.Type}", "F32, F16, BF16 or F64");
        }

        int rank = config.RankOf(module);
        if (a.Shape[0] != rank)
            throw Error(a, "the shape", $"[{string.Join(", ", a.Shape)}]", $"[{rank}, inputs], for the rank that {ConfigName} gives");
        if (b.Shape[1] != rank)
            throw Error(b, "the shape", $"[{string.Join(", ", b.Shape)}]", $"[outputs, {rank}], for the rank that {ConfigName} gives");
        return new AdapterModule(module, a, b, config.ScaleOf(module));
    }

    private static CheckpointException Error(StoredTensor tensor, string what, string found, string expected) =>
        new(tensor.File, $"tensor {Utf8Text.Show(tensor.Name)}, {what}", null, found, expected);
}
