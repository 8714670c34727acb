using System.Text.Json;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Tests.RealModels;

/// <summary>
/// SmolLM2-135M-Instruct in Q4_1 and its goldens: transformers in float32 on the dequantised weights.
/// What the keys mean stands in the goldens' own expected.json.
/// </summary>
internal static class SmolLm2
{
    private static readonly Lazy<LanguageModel> s_model = new(() => LanguageModel.Load(Find("SmolLM2-135M-Instruct.Q4_1.gguf")));
    private static readonly Lazy<SafetensorsFile> s_tensors = new(() => SafetensorsFile.Open(Find("expected.safetensors")));
    private static readonly Lazy<JsonElement> s_facts = new(() => JsonDocument.Parse(File.ReadAllText(Find("expected.json"))).RootElement);

    /// <summary>The keys of the goldens' prompts.</summary>
    public static readonly string[] Prompts = ["p0", "p1", "p2", "p3", "p4", "p5"];

    /// <summary>The model; without the folder shared the test is skipped.</summary>
    public static LanguageModel Model => s_model.Value;

    /// <summary>The text of the perplexity: text, tokens, perplexity, mean_nll.</summary>
    public static JsonElement Perplexity => s_facts.Value.GetProperty("nll");

    public static float[] Singles(string key) => StoredValues.ToSingle(s_tensors.Value.Tensors[key]);

    public static int[] Integers(string key) => StoredValues.ToIntegers(s_tensors.Value.Tensors[key]);

    public static bool Has(string key) => s_tensors.Value.Tensors.ContainsKey(key);

    private static string Find(string file) => SharedFolder.Require("models/smollm2-135m-instruct/" + file);
}
