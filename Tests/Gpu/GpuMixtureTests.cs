using Managed.Kernels;
using Managed.Tests.FamilyMappers;

namespace Managed.Tests.Gpu;

/// <summary>Models whose experts are chosen on the device.</summary>
public class GpuMixtureTests
{
    private static readonly int[] s_ids = [5, 9, 2, 77, 30, 41, 8, 3, 66, 12, 54];

    internal static string[] Folders { get; } = ["mixtral", "qwen2_moe", "qwen3_moe", "olmoe", "granitemoe", "gpt_oss", "deepseek_v2", "deepseek_v3"];

    private static LanguageModel Load(string name) => LanguageModel.Load(FixtureSets.Folder(name), Accelerators.OpenGpu(), new LoadOptions { Precision = Precision.Exact });

    /// <summary>Who reads which experts were chosen has the host choose them: the results are the same.</summary>
    [TestCaseSource(nameof(Folders))]
    public void Experts_chosen_on_the_device_are_those_that_the_host_chooses(string name)
    {
        using LanguageModel model = Load(name);
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
        using LanguageModel model = Load("granitemoe");
        Activation plain = model.Run(s_ids).Output;
        using IDisposable hook = model.Hook("blocks.*.mlp.hook_router_logits", (logits, _) =>
        {
            for (int t = 0; t < logits.Rows; t++)
                logits.Row(t).Reverse();
        });
        Activation edited = model.Run(s_ids).Output;
        Assert.That(edited.Values.ToArray(), Is.Not.EqualTo(plain.Values.ToArray()));
    }
}
