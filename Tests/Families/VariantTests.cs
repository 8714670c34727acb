using System.Text.Json.Nodes;
using Managed.Architectures;
using Managed.Families;
using Managed.Loader;
using Managed.Tests.Models;
using ScratchFolder = Managed.Tests.Loader.Scratch;

namespace Managed.Tests.FamilyMappers;

/// <summary>The same model in another layout gives the same logits; keys that are absent, null or given mean what they should.</summary>
public sealed class VariantTests
{
    private static readonly float[] s_fp4 = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];
    private static readonly int[] s_ids = [.. Enumerable.Range(0, 40).Select(i => (i * 37) % 128)];

    [Test]
    public void Packed_experts_of_gpt_oss_are_the_numbers_that_they_stand_for()
    {
        var random = new Random(5);
        var plain = new List<TensorToWrite>();
        var packed = new List<TensorToWrite>();
        for (int layer = 0; layer < 4; layer++)
        {
            string prefix = $"model.layers.{layer}.mlp.experts.";
            AddExperts(random, prefix + "gate_up_proj", 64, plain, packed);
            AddExperts(random, prefix + "down_proj", 32, plain, packed);
            var bias = TensorToWrite.From(prefix + "gate_up_proj_bias", [4, 64], Enumerable.Range(0, 256).Select(_ => random.NextSingle() - 0.5f).ToArray());
            plain.Add(bias);
            packed.Add(bias);
        }
        string? Keep(string name) => name.Contains(".experts.") && !name.EndsWith("down_proj_bias", StringComparison.Ordinal) ? null : name;
        using var a = new EditedCheckpoint("gpt_oss", root => With(root, "intermediate_size", "32"), Keep, [.. plain]);
        using var b = new EditedCheckpoint("gpt_oss", root => With(With(root, "intermediate_size", "32"), "quantization_config", "{\"quant_method\":\"mxfp4\"}"), Keep, [.. packed]);
        AssertSameLogits(a.Folder, b.Folder, 1e-4f);
    }

    [TestCase("language_model.model.", "language_model.lm_head.")]
    [TestCase("model.language_model.", "lm_head.")]
    public void The_text_part_of_a_multimodal_gemma_3_is_gemma_3(string prefix, string head)
    {
        using var multimodal = new EditedCheckpoint("gemma3_text",
            root => new JsonObject { ["model_type"] = "gemma3", ["text_config"] = root.DeepClone(), ["vision_config"] = new JsonObject() },
            name => name.StartsWith("lm_head.", StringComparison.Ordinal) ? head + name[8..] : prefix + name["model.".Length..],
            TensorToWrite.From("vision_tower.embeddings.weight", [2, 2], new float[4]));
        AssertSameLogits(FixtureSets.Folder("gemma3_text"), multimodal.Folder, 0);
    }

    [Test]
    public void A_GGUF_model_of_one_layer_needs_no_window_pattern()
    {
        using var scratch = new ScratchFolder();
        using (GgufFile whole = GgufFile.Open(FixtureSets.Gguf("phi3-longrope")))
            GgufWriter.Write(scratch.File("one.gguf"),
                [.. whole.Metadata.Select(pair => pair.Key == "phi3.block_count" ? KeyValuePair.Create(pair.Key, GgufValue.From(1u)) : pair)],
                [.. whole.Tensors.Values.Select(tensor => TensorToWrite.From(tensor))]);
        using Checkpoint checkpoint = Checkpoint.Open(scratch.File("one.gguf"));
        Assert.That(FamilyRegistry.Describe(checkpoint).Architecture.Layers, Has.Length.EqualTo(1));
    }

    [Test]
    public void A_base_model_without_prefix_is_the_model()
    {
        using var bare = new EditedCheckpoint("gpt2", rename: name => name["transformer.".Length..]);
        AssertSameLogits(FixtureSets.Folder("gpt2"), bare.Folder, 0);
    }

    [TestCase("mistral", "sliding_window", null, 4096)]
    [TestCase("mistral", "sliding_window", "null", 0)]
    [TestCase("mistral", "sliding_window", "7", 7)]
    [TestCase("qwen2-window", "use_sliding_window", "false", 0)]
    [TestCase("phi3", "sliding_window", null, 0)]
    [TestCase("starcoder2", "sliding_window", "null", 0)]
    [TestCase("exaone4", "sliding_window", "null", 0)]
    public void A_window_is_absent_null_or_given(string fixture, string key, string? value, int window)
    {
        Architecture architecture = Describe(fixture, root => With(root, key, value));
        Assert.That(architecture.Layers.Max(layer => layer.Attention.Window), Is.EqualTo(window));
        Assert.That(architecture.Layers.All(layer => layer.Attention.Rope is not null), Is.True);
    }

    [TestCase("granite", "attention_multiplier", 1f)]
    [TestCase("llama", "attention_multiplier", 0.35355338f)]
    public void Granite_s_missing_attention_multiplier_is_one(string fixture, string key, float scale) =>
        Assert.That(Describe(fixture, root => With(root, key, null)).Layers[0].Attention.Scale, Is.EqualTo(scale));

    [Test]
    public void Gemma_2_s_caps_are_absent_null_or_given()
    {
        Architecture absent = Describe("gemma2", root => With(With(root, "attn_logit_softcapping", null), "final_logit_softcapping", null));
        Architecture none = Describe("gemma2", root => With(With(root, "attn_logit_softcapping", "null"), "final_logit_softcapping", "null"));
        Assert.That((absent.Layers[0].Attention.SoftCap, absent.LogitSoftCap), Is.EqualTo((50f, 30f)));
        Assert.That((none.Layers[0].Attention.SoftCap, none.LogitSoftCap), Is.EqualTo((0f, 0f)));
    }

    [Test]
    public void DeepSeek_s_softmax_is_sharpened_by_mscale_squared()
    {
        Architecture architecture = Describe("deepseek_v3", root => With(root, "rope_parameters",
            "{\"rope_type\":\"yarn\",\"rope_theta\":10000,\"factor\":40,\"original_max_position_embeddings\":64,\"mscale\":1.0,\"mscale_all_dim\":1.0}"));
        double mscale = (0.1 * Math.Log(40)) + 1;
        Assert.That(architecture.Layers[0].Attention.Scale, Is.EqualTo(mscale * mscale / 4).Within(1e-6));
    }

    [Test]
    public void SmolLM3_without_a_list_leaves_out_every_fourth_layer()
    {
        Architecture architecture = Describe("smollm3", root => With(root, "no_rope_layers", "null"));
        Assert.That(architecture.Layers.Select(layer => layer.Attention.Rope is not null), Is.EqualTo(new[] { true, true, true, false, true }));
    }

    private static JsonObject With(JsonObject root, string key, string? value)
    {
        root.Remove(key);
        if (key == "sliding_window" && value == "null")
            root.Remove("layer_types");
        if (value is not null)
            root[key] = JsonNode.Parse(value);
        return root;
    }

    private static Architecture Describe(string fixture, Func<JsonObject, JsonObject> change)
    {
        using var copy = new EditedCheckpoint(fixture, change);
        using Checkpoint checkpoint = Checkpoint.Open(copy.Folder);
        return FamilyRegistry.Describe(checkpoint).Architecture;
    }

    private static void AssertSameLogits(string a, string b, float tolerance)
    {
        using LanguageModel first = TestModels.Load(a), second = TestModels.Load(b);
        float[] expected = first.Run(s_ids).Output.Values.ToArray();
        Assert.That(expected.Max(MathF.Abs), Is.GreaterThan(0.1f));
        Assert.That(second.Run(s_ids).Output.Values.ToArray(), Is.EqualTo(expected).Within(tolerance));
    }

    // [experts, outputs, 1, 16] bytes with scales [experts, outputs, 1], and the same numbers as [experts, inputs, outputs].
    private static void AddExperts(Random random, string name, int outputs, List<TensorToWrite> plain, List<TensorToWrite> packed)
    {
        const int Experts = 4, Inputs = 32;
        var blocks = new byte[Experts * outputs * Inputs / 2];
        var scales = new byte[Experts * outputs];
        random.NextBytes(blocks);
        var values = new float[Experts * Inputs * outputs];
        for (int row = 0; row < scales.Length; row++)
        {
            scales[row] = (byte)random.Next(122, 126);
            for (int input = 0; input < Inputs; input++)
            {
                int number = (blocks[(row * Inputs / 2) + (input / 2)] >> (input % 2 * 4)) & 15;
                int expert = row / outputs, output = row % outputs;
                values[(((expert * Inputs) + input) * outputs) + output] = s_fp4[number] * MathF.Pow(2, scales[row] - 127);
            }
        }
        plain.Add(TensorToWrite.From(name, [Experts, Inputs, outputs], values));
        packed.Add(TensorToWrite.From(name + "_blocks", TensorType.U8, [Experts, outputs, 1, 16], blocks));
        packed.Add(TensorToWrite.From(name + "_scales", TensorType.U8, [Experts, outputs, 1], scales));
    }
}
