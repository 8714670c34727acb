using System.Text.Json;
using Managed.Tests.Models;

namespace Managed.Tests.CliTests;

/// <summary>`managed inspect`: what a model is and takes.</summary>
public class InspectTests
{
    [Test]
    public void A_model_is_described()
    {
        string output = CommandLine.RunWell("inspect", TestModels.HearthPath);
        foreach (string part in new[] { "llama", "1.24 M parameters, 6 layers, width 128, vocabulary 1024, context 256", "4 heads and 2 key heads of 32", "BF16", "56 tensors", "187 hook points" })
            Assert.That(output, Does.Contain(part));
    }

    [Test]
    public void What_a_family_has_of_its_own_is_said()
    {
        string gemma = CommandLine.RunWell("inspect", SharedFolder.Fixture("arch/gemma2")), gpt2 = CommandLine.RunWell("inspect", SharedFolder.Fixture("arch/gpt2"));
        Assert.That(gemma, Does.Contain("soft-capped at").And.Contain("norms before and after attention").And.Contain("window ").And.Contain("multiplied by"));
        Assert.That(gemma, Does.Contain("  layers 0, 2: ").And.Contain("  layers 1, 3: "));
        Assert.That(gpt2, Does.Contain("learned positions").And.Contain("tokenizer: none, it takes ids; chat template: none"));
        Assert.That(CommandLine.RunWell("inspect", SharedFolder.Fixture("arch/llama-llama3")), Does.Contain("llama3 scaling by"));
        JsonElement hearth = CommandLine.RunJson("inspect", TestModels.HearthPath);
        Assert.That((hearth.GetProperty("has_tokenizer").GetBoolean(), hearth.GetProperty("has_chat_template").GetBoolean()), Is.EqualTo((true, true)));
        Assert.That(hearth.GetProperty("end_tokens").EnumerateArray().Select(id => id.GetInt32()), Is.EqualTo(new[] { 5 }));
    }

    [Test]
    public void The_memory_plan_counts_positions_and_sequences()
    {
        JsonElement plan = CommandLine.RunJson("inspect", TestModels.HearthPath, "--context", "100", "--batch", "3").GetProperty("plan");
        const long PerPosition = 6 * (64 + 64) * 4; // layers · (keys and values of two heads of 32) · float32
        Assert.That(plan.GetProperty("cache_bytes_per_position").GetInt64(), Is.EqualTo(PerPosition));
        Assert.That(plan.GetProperty("cache_bytes").GetInt64(), Is.EqualTo(PerPosition * 100 * 3));
        Assert.That(plan.GetProperty("weight_bytes").GetInt64(), Is.EqualTo(TestModels.Hearth.Checkpoint.Tensors.Values.Sum(tensor => tensor.ByteCount)));
        Assert.That(plan.GetProperty("total").GetInt64(), Is.EqualTo(plan.GetProperty("cache_bytes").GetInt64() + plan.GetProperty("weight_bytes").GetInt64() + plan.GetProperty("copied_bytes").GetInt64()));
    }

    [Test]
    public void Hook_points_and_tensors_are_listed_when_asked_for()
    {
        string hooks = CommandLine.RunWell("inspect", TestModels.HearthPath, "--hooks"), tensors = CommandLine.RunWell("inspect", TestModels.HearthPath, "--tensors");
        foreach (string name in TestModels.Hearth.HookPoints)
            Assert.That(hooks, Does.Contain($"  {name} "));
        foreach (string name in TestModels.Hearth.Checkpoint.Tensors.Keys)
            Assert.That(tensors, Does.Contain($"  {name} "));
    }

    [TestCase("--context", "-1")]
    [TestCase("--batch", "0")]
    public void Numbers_out_of_range_are_refused(string option, string value) =>
        Assert.That(CommandLine.RunRefused("inspect", TestModels.HearthPath, option, value), Does.Contain(option).And.Contain("expected at least"));
}
