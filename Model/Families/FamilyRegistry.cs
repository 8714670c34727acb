using Managed.Architectures;
using Managed.Loader;

namespace Managed.Families;

/// <summary>All families, and the way from a checkpoint to its description.</summary>
internal static class FamilyRegistry
{
    public static IReadOnlyList<IFamily> All { get; } =
    [
        new Llama(), new Mistral(), new Ministral(), new Qwen2(), new Qwen3(), new Gemma(), new Gemma2(), new Gemma3(), new Phi(), new Phi3(),
        new Olmo(), new Olmo2(), new Olmo3(), new SmolLm3(), new Gpt2(), new GptNeoX(), new GptJ(), new StableLm(), new StarCoder2(), new Falcon(),
        new Opt(), new Bloom(), new Mpt(), new Granite(), new GraniteMoe(), new Cohere(), new Cohere2(), new Glm4(), new Exaone4(), new Ernie45(),
        new Mixtral(), new Qwen2Moe(), new Qwen3Moe(), new OlmoE(), new GptOss(), new DeepSeekV2(), new DeepSeekV3(),
    ];

    /// <summary>The architecture of a checkpoint and the place of its weights, each checked against what is stored.</summary>
    /// <exception cref="CheckpointException">The family is unknown, or something in configuration or tensors is not as it must be.</exception>
    public static (Architecture Architecture, ModelTensors Tensors) Describe(Checkpoint checkpoint) =>
        Describe(checkpoint.Config, checkpoint.Family, checkpoint.Format == CheckpointFormat.Gguf, checkpoint.Tensors);

    /// <inheritdoc cref="Describe(Checkpoint)"/>
    public static (Architecture Architecture, ModelTensors Tensors) Describe(
        ConfigSection config, string name, bool isGguf, IReadOnlyDictionary<string, StoredTensor> stored)
    {
        IFamily family = Find(config, name, isGguf);
        if (!isGguf)
        {
            RefuseQuantisation(config, family);
            config = config.Section("text_config") ?? config;
        }
        var source = new FamilySource(config, isGguf, stored) { Family = name };
        Architecture architecture = family.Describe(source);
        ModelTensors tensors = family.Locate(source, architecture);
        TensorCheck.Check(source, architecture, tensors);
        return (architecture, tensors);
    }

    /// <summary>The family that reads this checkpoint.</summary>
    public static IFamily Find(Checkpoint checkpoint) => Find(checkpoint.Config, checkpoint.Family, checkpoint.Format == CheckpointFormat.Gguf);

    private static IFamily Find(ConfigSection config, string name, bool isGguf)
    {
        IReadOnlyList<string> Names(IFamily family) => isGguf ? family.GgufArchitectures : family.ModelTypes;
        IFamily? found = All.FirstOrDefault(family => Names(family).Contains(name));
        if (found is not null)
            return found;
        string[] known = [.. All.SelectMany(Names).Order(StringComparer.Ordinal)];
        throw new CheckpointException(config.File, isGguf ? "general.architecture" : "model_type", null,
            $"the family {Utf8Text.Show(name)}", $"one of {string.Join(", ", known)}; the closest is {ClosestName.Of(name, known)}");
    }

    // Weights that a packer rewrote have other tensors than the family's; they must not be mistaken for plain ones.
    private static void RefuseQuantisation(ConfigSection config, IFamily family)
    {
        foreach (ConfigSection? place in new[] { config, config.Section("text_config") })
        {
            if (place?.Section("quantization_config") is not { } quantisation)
                continue;
            string method = quantisation.Text("quant_method", "unknown");
            if (!(method == "mxfp4" && family is GptOss))
                throw quantisation.Error("quant_method", $"weights packed by \"{method}\"", "plain weights, or a GGUF file of this model (gpt-oss may be mxfp4)");
        }
    }
}
