using Managed.Loader;

namespace Managed.Fuzzing;

/// <summary>adapter_config.json alone, and adapter_model.safetensors against a sound configuration.</summary>
internal static class AdapterTarget
{
    private static readonly string[] s_words =
    [
        "\"r\"", "\"lora_alpha\"", "\"target_modules\"", "\"rank_pattern\"", "\"alpha_pattern\"", "\"use_rslora\"", "\"LORA\"", "\"(a|b)*c{9,99}\"", "\"(?:.*){9}\"",
        "\"(?=x)\"", "\"all-linear\"", "\"[\"", "{\"q_proj\":4}",
    ];

    /// <summary>First a configuration, then weights that fit it.</summary>
    public static FuzzTarget Create(string repository)
    {
        var weights = new MemoryStream();
        SafetensorsWriter.Write(weights, [.. new[] { "q_proj", "v_proj" }.SelectMany(layer => (TensorToWrite[])
        [
            TensorToWrite.From($"base_model.model.model.layers.0.self_attn.{layer}.lora_A.weight", [8, 4], new float[32]),
            TensorToWrite.From($"base_model.model.model.layers.0.self_attn.{layer}.lora_B.weight", [3, 8], new float[24]),
        ])]);
        return new FuzzTarget("adapter", [File.ReadAllBytes(Path.Combine(repository, "models/hearth-dark/adapter_config.json")), weights.ToArray()], Read)
        {
            Tokens = [.. ContainerTargets.SafetensorsTokens, .. s_words],
            JsonValues = [.. FuzzTargets.JsonValues, .. s_words.Skip(7)],
            BytesPerByte = 4096,
        };
    }

    private static void Read(FileBytes bytes, int seed)
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
        FuzzTargets.Touch(bytes, adapter.Modules.Values.SelectMany(module => (StoredTensor[])[module.A, module.B]));
    }
}
