using Managed.Kernels;
using Managed.Tests.FamilyMappers;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>Models whose experts are chosen on the device.</summary>
public class GpuMixtureTests
{
    private static readonly int[] s_ids = [5, 9, 2, 77, 30, 41, 8, 3, 66, 12, 54];

    private static string[] Folders { get; } = ["mixtral", "qwen2_moe", "qwen3_moe", "olmoe", "granitemoe", "gpt_oss", "deepseek_v2", "deepseek_v3"];

    private static LanguageModel Load(string name, Managed.Kernels.Gpu.GpuDevice device, Precision precision = Precision.Exact) =>
        LanguageModel.Load(FixtureSets.Folder(name), device, new LoadOptions { Precision = precision });

    /// <summary>Who reads which experts were chosen has the host choose them: the results are the same.</summary>
    [TestCaseSource(nameof(Folders))]
    public void Experts_chosen_on_the_device_are_those_that_the_host_chooses(string name)
    {
        using LanguageModel model = Load(name, Accelerators.OpenGpu());
        Activation device = model.Run(s_ids).Output, host = model.Run(s_ids, new RunOptions { Names = ["blocks.*.mlp.hook_expert_indices"] }).Output;
        double largest = host.Values.ToArray().Max(MathF.Abs);
        Assert.That(device.Values.ToArray(), Is.EqualTo(host.Values.ToArray()).AsCollection.Within(2e-6 * largest));
        using LanguageModel processor = LanguageModel.Load(FixtureSets.Folder(name), new CpuDevice(1), new LoadOptions { Precision = Precision.Exact });
        var options = new GenerationOptions { MaxTokens = 12, IgnoreEndTokens = true };
        Assert.That(model.Generate(s_ids, options).Ids, Is.EqualTo(processor.Generate(s_ids, options).Ids));
    }

    [Test]
    public void An_edit_of_the_router_s_logits_changes_the_choice_on_the_device()
    {
        using LanguageModel model = Load("granitemoe", Accelerators.OpenGpu());
        Activation plain = model.Run(s_ids).Output;
        using IDisposable hook = model.Hook("blocks.*.mlp.hook_router_logits", (logits, _) =>
        {
            for (int t = 0; t < logits.Rows; t++)
                logits.Row(t).Reverse();
        });
        Activation edited = model.Run(s_ids).Output;
        Assert.That(edited.Values.ToArray(), Is.Not.EqualTo(plain.Values.ToArray()));
    }

    [TestCaseSource(nameof(Folders))]
    public void A_step_of_one_token_is_recorded(string name)
    {
        FakeCudaDriver driver = new();
        using LanguageModel model = Load(name, Accelerators.OpenCuda(driver), Precision.Fast);
        model.Generate(s_ids, new GenerationOptions { MaxTokens = 6, IgnoreEndTokens = true });
        Assert.That(driver.Calls.Count(call => call.StartsWith("cuStreamBeginCapture", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(driver.Calls.Count(call => call.StartsWith("cuGraphLaunch", StringComparison.Ordinal)), Is.EqualTo(4), "the first step of a token runs as it is");
        int begin = driver.Calls.FindIndex(call => call.StartsWith("cuStreamBeginCapture", StringComparison.Ordinal)), end = driver.Calls.FindIndex(call => call.StartsWith("cuStreamEndCapture", StringComparison.Ordinal));
        Assert.That(driver.Calls[begin..end].Where(call => call.StartsWith("cuMemcpy", StringComparison.Ordinal)), Is.Empty);
    }
}
