using Managed.Loader;

namespace Managed.Tests.Loader;

public class AdapterFileTests
{
    private const string Layer = "model.layers.0.self_attn.q_proj";

    private static string Dark => Path.Combine(SharedFolder.Repository, "models", "hearth-dark");

    [Test]
    public void The_shipped_adapter_covers_every_linear_layer_of_its_base_model()
    {
        using AdapterFile adapter = AdapterFile.Open(Dark);
        using Checkpoint hearth = Checkpoint.Open(Path.Combine(SharedFolder.Repository, "models", "hearth"));
        int layers = hearth.Config.Count("num_hidden_layers");
        Assert.That(adapter.Modules, Has.Count.EqualTo(7 * layers));
        foreach (AdapterModule module in adapter.Modules.Values)
        {
            StoredTensor weight = hearth.Tensor(module.Module + ".weight");
            Assert.That(module.A.Shape, Is.EqualTo(new[] { adapter.Config.Rank, weight.Shape[1] }));
            Assert.That(module.B.Shape, Is.EqualTo(new[] { weight.Shape[0], adapter.Config.Rank }));
            Assert.That(module.Scale, Is.EqualTo((float)(adapter.Config.Alpha / adapter.Config.Rank)));
        }
    }

    [TestCase("", 2f)]
    [TestCase(", \"use_rslora\": true", 4f)]
    [TestCase(", \"alpha_pattern\": {\"q_proj\": 2}", 0.5f)]
    [TestCase(", \"alpha_pattern\": {\"k_proj\": 2}", 2f)]
    [TestCase(", \"alpha_pattern\": {\"layers\\\\.[0-3]\\\\..*q_proj|nothing\": 6}", 1.5f)]
    [TestCase(", \"target_modules\": \".*\\\\.q_proj\"", 2f)]
    [TestCase(", \"target_modules\": \"all-linear\"", 2f)]
    [TestCase(", \"target_modules\": [\"self_attn.q_proj\"]", 2f)]
    [TestCase(", \"fan_in_fan_out\": true, \"lora_dropout\": 0.1, \"megatron_core\": \"megatron.core\", \"loftq_config\": {\"loftq_bits\": 4}, \"bias\": \"none\"", 2f)]
    [TestCase(", \"modules_to_save\": null, \"use_dora\": false, \"layer_replication\": [], \"init_lora_weights\": \"gaussian\"", 2f)]
    public void Scale_follows_the_settings(string settings, float scale)
    {
        using var scratch = new Scratch();
        Write(scratch, "\"r\": 4, \"lora_alpha\": 8" + settings, rank: 4);
        using AdapterFile adapter = AdapterFile.Open(scratch.Folder);
        Assert.That(adapter.Modules[Layer].Scale, Is.EqualTo(scale));
    }

    [Test]
    public void A_rank_pattern_gives_its_layers_another_rank()
    {
        using var scratch = new Scratch();
        Write(scratch, "\"r\": 8, \"lora_alpha\": 8, \"rank_pattern\": {\"layers.0.self_attn.q_proj\": 4}", rank: 4);
        using AdapterFile adapter = AdapterFile.Open(scratch.Folder);
        Assert.That(adapter.Modules[Layer].Rank, Is.EqualTo(4));
        Assert.That(adapter.Modules[Layer].Scale, Is.EqualTo(2f));
    }

    [TestCase("\"peft_type\": \"IA3\"", "peft_type")]
    [TestCase("\"use_dora\": true", "use_dora")]
    [TestCase("\"use_qalora\": true", "use_qalora")]
    [TestCase("\"bias\": \"all\"", "bias")]
    [TestCase("\"lora_bias\": true", "lora_bias")]
    [TestCase("\"modules_to_save\": [\"lm_head\"]", "modules_to_save")]
    [TestCase("\"layer_replication\": [[0, 4], [2, 5]]", "layer_replication")]
    [TestCase("\"trainable_token_indices\": [1]", "trainable_token_indices")]
    [TestCase("\"target_parameters\": [\"x\"]", "target_parameters")]
    [TestCase("\"init_lora_weights\": \"pissa_niter_4\"", "init_lora_weights")]
    [TestCase("\"use_bdlora\": true", "use_bdlora")]
    [TestCase("\"kasa_config\": {\"x\": 1}", "kasa_config")]
    [TestCase("\"arrow_config\": {\"x\": 1}", "arrow_config")]
    [TestCase("\"monteclora_config\": {\"x\": 1}", "monteclora_config")]
    [TestCase("\"velora_config\": {\"x\": 1}", "velora_config")]
    [TestCase("\"alora_invocation_tokens\": [1, 2]", "alora_invocation_tokens")]
    [TestCase("\"bias\": \"lora_only\"", "bias")]
    [TestCase("\"init_lora_weights\": \"olora\"", "init_lora_weights")]
    [TestCase("\"init_lora_weights\": \"loftq\"", "init_lora_weights")]
    [TestCase("\"use_something_new\": true", "use_something_new")]
    [TestCase("\"something_new_config\": {\"x\": 1}", "something_new_config")]
    [TestCase("\"r\": 0", "r")]
    [TestCase("\"r\": 1152921504606846976", "r")]
    [TestCase("\"r\": \"8\"", "r")]
    [TestCase("\"lora_alpha\": \"8\"", "lora_alpha")]
    [TestCase("\"rank_pattern\": {\"q_proj\": -1}", "rank_pattern")]
    [TestCase("\"rank_pattern\": {\"(\": 4}", "rank_pattern")]
    [TestCase("\"target_modules\": \"(?=x)y\"", "target_modules")]
    [TestCase("\"target_modules\": [\"k_proj\"]", "target_modules")]
    [TestCase("\"target_modules\": 5", "target_modules")]
    public void What_cannot_be_applied_as_it_stands_is_refused_by_name(string setting, string key)
    {
        using var scratch = new Scratch();
        Write(scratch, setting, rank: 4);
        Assert.That(Assert.Throws<CheckpointException>(() => AdapterFile.Open(scratch.Folder).Dispose())!.Message, Does.Contain(key));
    }

    [TestCase("base_model.model." + Layer + ".lora_A.weight", null, "only lora_A")]
    [TestCase("base_model.model." + Layer + ".lora_A.weight", "base_model.model." + Layer + ".lora_A.default.weight", "a second A")]
    [TestCase("base_model.model." + Layer + ".lora_embedding_A", null, "not a factor")]
    [TestCase(Layer + ".weight", null, "not a factor")]
    public void Weights_that_are_no_pairs_are_refused(string first, string? second, string says)
    {
        using var scratch = new Scratch();
        Write(scratch, "\"r\": 4", rank: 4);
        TensorToWrite[] tensors = [.. new[] { first, second }.OfType<string>().Select(name => TensorToWrite.From(name, [4, 6], new float[24]))];
        SafetensorsWriter.Write(scratch.File(AdapterFile.WeightsName), tensors);
        Assert.That(Assert.Throws<CheckpointException>(() => AdapterFile.Open(scratch.Folder).Dispose())!.Message, Does.Contain(says));
    }

    [Test]
    public void A_rank_that_the_weights_don_t_have_is_refused()
    {
        using var scratch = new Scratch();
        Write(scratch, "\"r\": 8", rank: 4);
        Assert.That(Assert.Throws<CheckpointException>(() => AdapterFile.Open(scratch.Folder).Dispose())!.Message, Does.Contain("[4, 6]").And.Contain("[8, inputs]"));
    }

    private static void Write(Scratch scratch, string settings, int rank)
    {
        // Later keys must not repeat earlier ones, so a default gives way to a setting of the same name.
        (string Key, string Value)[] defaults = [("peft_type", "\"LORA\""), ("r", "4"), ("lora_alpha", "8"), ("target_modules", "[\"q_proj\"]")];
        string rest = string.Concat(defaults.Where(pair => !settings.Contains($"\"{pair.Key}\"")).Select(pair => $", \"{pair.Key}\": {pair.Value}"));
        scratch.Write(AdapterFile.ConfigName, "{" + settings + rest + "}");
        SafetensorsWriter.Write(scratch.File(AdapterFile.WeightsName),
        [
            TensorToWrite.From($"base_model.model.{Layer}.lora_A.weight", [rank, 6], new float[rank * 6]),
            TensorToWrite.From($"base_model.model.{Layer}.lora_B.weight", [5, rank], new float[5 * rank]),
        ]);
    }
}
