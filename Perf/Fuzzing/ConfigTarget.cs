using Managed.Families;
using Managed.Loader;

namespace Managed.Fuzzing;

/// <summary>config.json, as far as the family's mapper and the check of every tensor; generation_config.json and the index of shards as plain sections.</summary>
internal static class ConfigTarget
{
    private static readonly string[] s_words =
        ["\"model_type\"", "\"llama\"", "\"num_hidden_layers\"", "\"hidden_size\"", "\"eos_token_id\"", "\"weight_map\"", "\"rope_scaling\"", "\"rope_parameters\""];

    private static readonly string[] s_values =
        ["\"llama\"", "\"yarn\"", "\"linear\"", "\"default\"", "\"gelu\"", "\"silu\"", "{\"rope_type\":\"yarn\",\"factor\":0}", "{\"rope_type\":\"llama3\"}", "[\"full_attention\"]"];

    public static FuzzTarget Create(string repository)
    {
        string[] folders = [.. Directory.GetDirectories(Path.Combine(repository, "Tests/Fixtures/arch")), .. (string[])[Path.Combine(repository, "models/hearth")]];
        Checkpoint[] models = [.. folders.Order(StringComparer.Ordinal).Select(Checkpoint.Open)]; // held as long as the process lives
        byte[][] configs = [.. models.Select(model => File.ReadAllBytes(Path.Combine(model.Path, "config.json")))];
        byte[][] others = [.. FuzzTargets.Files(repository, "models", "generation_config.json"), .. FuzzTargets.Files(repository, "Tests/Fixtures/safetensors-valid", "*.index.json")];
        return new FuzzTarget("config", [.. configs, .. others], (bytes, seed) => Read(bytes, seed < models.Length ? models[seed] : null))
        {
            Tokens = [.. FuzzTargets.JsonTokens, .. s_words],
            JsonValues = [.. FuzzTargets.JsonValues, .. s_values],
            Allowance = 2 << 20,
            BytesPerByte = 256,
        };
    }

    private static void Read(FileBytes bytes, Checkpoint? model)
    {
        JsonConfigSection config = JsonConfigSection.Parse(bytes.Path, bytes.Slice(0, (int)bytes.Length));
        AskBelow(config);
        if (model is not null)
            FamilyRegistry.Describe(config, config.Text("model_type"), isGguf: false, model.Tensors);
    }

    private static void AskBelow(JsonConfigSection section)
    {
        foreach (var (key, value) in section.Members)
        {
            FuzzTargets.AskAll(section, key);
            if (value.Members is not null && section.Section(key) is JsonConfigSection inner)
                AskBelow(inner);
        }
    }
}
