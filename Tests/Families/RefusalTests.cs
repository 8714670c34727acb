using System.Text.Json.Nodes;
using Managed.Families;
using Managed.Loader;

namespace Managed.Tests.FamilyMappers;

/// <summary>What cannot be run as it is meant is refused, by the name of the key or tensor, before anything of the claimed size is built.</summary>
public sealed class RefusalTests
{
    [TestCase("num_hidden_layers", "1152921504606846976")]
    [TestCase("num_hidden_layers", "16777216")]
    [TestCase("num_hidden_layers", "0")]
    [TestCase("num_hidden_layers", "-3")]
    [TestCase("num_hidden_layers", "\"three\"")]
    [TestCase("num_hidden_layers", "2.5")]
    [TestCase("hidden_size", "0")]
    [TestCase("hidden_size", "9223372036854775807")]
    [TestCase("num_attention_heads", "0")]
    [TestCase("num_attention_heads", "60000000")]
    [TestCase("num_key_value_heads", "3")]
    [TestCase("num_key_value_heads", "0")]
    [TestCase("head_dim", "0")]
    [TestCase("head_dim", "1048576")]
    [TestCase("head_dim", "-8")]
    [TestCase("vocab_size", "0")]
    [TestCase("vocab_size", "[128]")]
    [TestCase("intermediate_size", "-1")]
    [TestCase("rms_norm_eps", "-1e-6")]
    [TestCase("rms_norm_eps", "\"small\"")]
    [TestCase("max_position_embeddings", "0")]
    [TestCase("rope_theta", "0")]
    [TestCase("rope_theta", "\"big\"")]
    [TestCase("hidden_act", "\"mish\"")]
    [TestCase("attention_bias", "1")]
    [TestCase("rope_scaling", "\"linear\"")]
    [TestCase("tie_word_embeddings", "\"no\"")]
    public void A_bad_value_is_named(string key, string value) => Refused("llama-llama3", key, value, key);

    [TestCase("{\"rope_type\":\"spiral\"}", "rope_scaling.rope_type")]
    [TestCase("{\"type\":\"mrope\",\"mrope_section\":[1,1]}", "rope_scaling.type")]
    [TestCase("{\"rope_type\":\"linear\"}", "rope_scaling.factor")]
    [TestCase("{\"rope_type\":\"linear\",\"factor\":-2}", "rope_scaling.factor")]
    [TestCase("{\"rope_type\":\"longrope\",\"short_factor\":[1,1],\"long_factor\":[2,2]}", "rope_scaling.short_factor")]
    [TestCase("{\"rope_type\":\"longrope\"}", "rope_scaling.short_factor")]
    public void A_bad_rotary_scaling_is_named(string scaling, string field) => Refused("llama-llama3", "rope_scaling", scaling, field);

    [TestCase("partial_rotary_factor", "0.2", "partial_rotary_factor")] // 3 of 16 dimensions
    [TestCase("partial_rotary_factor", "1.5", "partial_rotary_factor")]
    [TestCase("quantization_config", "{\"quant_method\":\"gptq\",\"bits\":4}", "quantization_config.quant_method")]
    [TestCase("quantization_config", "{\"quant_method\":\"bitsandbytes\"}", "quantization_config.quant_method")]
    [TestCase("model_type", "\"lama\"", "model_type")]
    public void What_is_not_supported_is_named(string key, string value, string field) => Refused("llama-llama3", key, value, field);

    [TestCase("gpt2", "add_cross_attention", "true")]
    [TestCase("falcon-new", "parallel_attn", "false")]
    [TestCase("qwen2_moe", "num_experts", "1000000000")]
    [TestCase("qwen2_moe", "num_experts_per_tok", "7")]
    [TestCase("qwen2_moe", "num_experts_per_tok", "0")]
    [TestCase("gpt_oss", "swiglu_alpha", "1.5")]
    [TestCase("gpt_oss", "layer_types", "[\"full_attention\"]")]
    [TestCase("gpt_oss", "layer_types", "[\"full_attention\",\"chunked_attention\",\"full_attention\",\"full_attention\"]")]
    [TestCase("deepseek_v3", "n_group", "3")]
    [TestCase("deepseek_v3", "topk_group", "5")]
    [TestCase("deepseek_v3", "qk_rope_head_dim", "7")]
    [TestCase("deepseek_v3", "scoring_func", "\"softmax\"")]
    [TestCase("gemma2", "query_pre_attn_scalar", "0")]
    [TestCase("gemma2", "attn_logit_softcapping", "-1")]
    public void A_family_s_own_key_is_named(string fixture, string key, string value) =>
        Refused(fixture, key, value, key == "qk_rope_head_dim" ? "partial_rotary_factor" : key);

    [TestCase("bloom", "apply_residual_connection_post_layernorm", "true")]
    [TestCase("opt", "word_embed_proj_dim", "16")]
    [TestCase("opt", "do_layer_norm_before", "false")]
    [TestCase("mpt", "attn_config", "{\"alibi\":false}")]
    [TestCase("mpt", "attn_config", "{\"qk_ln\":true}")]
    [TestCase("olmoe", "clip_qkv", "8.0")]
    [TestCase("smollm3", "no_rope_layers", "[1,1]")]
    [TestCase("granite", "logits_scaling", "0")]
    public void A_variant_that_the_forward_pass_lacks_is_named(string fixture, string key, string value) => Refused(fixture, key, value, key, prefix: true);

    [TestCase("vocab_size", "127", "model.embed_tokens.weight")]
    [TestCase("intermediate_size", "49", "model.layers.0.mlp.gate_proj.weight")]
    [TestCase("hidden_size", "64", "model.embed_tokens.weight")]
    [TestCase("num_attention_heads", "8", "model.layers.0.self_attn.q_proj.weight")]
    [TestCase("num_hidden_layers", "4", "model.layers.3.self_attn.q_proj.weight")]
    [TestCase("attention_bias", "true", "model.layers.0.self_attn.q_proj.bias")]
    [TestCase("tie_word_embeddings", "false", "lm_head.weight")]
    public void A_tensor_of_another_shape_or_none_is_named(string key, string value, string tensor) => Refused("llama-llama3", key, value, "tensor " + tensor);

    [Test]
    public void A_fused_tensor_must_be_used_up()
    {
        CheckpointException error = Refusal("phi3-longrope", root => Set(root, "num_key_value_heads", "3"));
        Assert.That(error.Field, Is.EqualTo("tensor model.layers.0.self_attn.qkv_proj.weight"));
        Assert.That(error.Found, Does.Contain("[80, 48]"));
    }

    [Test]
    public void An_unknown_family_gets_the_list_and_the_closest_name()
    {
        CheckpointException error = Refusal("llama-llama3", root => Set(root, "model_type", "\"qwen33\""));
        Assert.That(error.Expected, Does.Contain("gpt_neox").And.EndsWith("the closest is qwen3"));
    }

    [Test]
    public void A_missing_tensor_gets_the_closest_name()
    {
        using var copy = new EditedCheckpoint("llama-llama3", rename: name => name == "model.norm.weight" ? "model.norm.weigth" : name);
        using Checkpoint checkpoint = Checkpoint.Open(copy.Folder);
        CheckpointException error = Assert.Throws<CheckpointException>(() => FamilyRegistry.Describe(checkpoint))!;
        Assert.That(error.Expected, Does.Contain("model.norm.weigth"));
    }

    private static void Refused(string fixture, string key, string value, string field, bool prefix = false)
    {
        CheckpointException error = Refusal(fixture, root => Set(root, key, value));
        Assert.That(error.Field, prefix ? Does.StartWith(field) : Is.EqualTo(field), error.Message);
        Assert.That(error.Found, Is.Not.Empty);
        Assert.That(error.Expected, Is.Not.Empty);
    }

    private static JsonObject Set(JsonObject root, string key, string value)
    {
        root[key] = JsonNode.Parse(value);
        return root;
    }

    private static CheckpointException Refusal(string fixture, Func<JsonObject, JsonObject> change)
    {
        using var copy = new EditedCheckpoint(fixture, change);
        using Checkpoint checkpoint = Checkpoint.Open(copy.Folder);
        long before = GC.GetAllocatedBytesForCurrentThread();
        CheckpointException error = Assert.Throws<CheckpointException>(() => FamilyRegistry.Describe(checkpoint))!;
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(8 << 20), "memory for a claim");
        return error;
    }
}
