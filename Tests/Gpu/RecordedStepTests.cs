using ILGPU.Runtime.Cuda;
using Managed.Guards;
using Managed.Kernels;
using Managed.Tests.Ilgpu.Cuda;
using Managed.Tests.Models;

namespace Managed.Tests.Gpu;

/// <summary>What a decode step asks of an NVIDIA GPU, on a driver that only writes down what it is asked.</summary>
public class RecordedStepTests
{
    [Test]
    public void A_step_of_one_token_is_recorded_once_and_has_few_launches()
    {
        FakeCudaDriver driver = new();
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath, Accelerators.OpenCuda(driver), new LoadOptions { Precision = Precision.Fast });
        model.Generate([5, 6, 7, 8, 9, 10, 11, 12, 13, 14], new GenerationOptions { MaxTokens = 6, IgnoreEndTokens = true });
        int begin = driver.Calls.FindIndex(call => call.StartsWith("cuStreamBeginCapture", StringComparison.Ordinal)), end = driver.Calls.FindIndex(call => call.StartsWith("cuStreamEndCapture", StringComparison.Ordinal));
        string[] launches = [.. driver.Calls[begin..end].Where(call => call.StartsWith("cuLaunchKernel", StringComparison.Ordinal))];
        // norm, products, cache, attention, sorting, product, norm, products, sorting, product
        Assert.That(launches, Has.Length.EqualTo(1 + (10 * model.LayerCount) + 2), string.Join("\n", launches));
        Assert.That(driver.Calls.Count(call => call.StartsWith("cuStreamBeginCapture", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(driver.Calls.Count(call => call.StartsWith("cuGraphLaunch", StringComparison.Ordinal)), Is.EqualTo(4), "the first step of a token runs as it is");
    }

    [Test]
    public void Two_lanes_are_a_recorded_step_two_launches_and_one_small_download()
    {
        FakeCudaDriver driver = new();
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath, Accelerators.OpenCuda(driver), new LoadOptions { Precision = Precision.Fast });
        using CompiledGuard guard = Guard.Define(g => g.Lane("twin").Union("twin", 0.5f)).Compile(model);
        model.Generate([5, 6, 7, 8, 9, 10, 11, 12, 13, 14], new GenerationOptions { MaxTokens = 6, IgnoreEndTokens = true, Guard = guard });
        int last = driver.Calls.FindLastIndex(call => call.StartsWith("cuGraphLaunch", StringComparison.Ordinal));
        string[] after = [.. driver.Calls[last..]];
        Assert.That(after.Count(call => call.StartsWith("cuLaunchKernel", StringComparison.Ordinal)), Is.EqualTo(2), string.Join("\n", after));
        Assert.That(after.Count(call => call.StartsWith("cuMemcpyDtoH", StringComparison.Ordinal)), Is.EqualTo(1), string.Join("\n", after));
        Assert.That(after.Count(call => call.StartsWith("cuMemcpyHtoD", StringComparison.Ordinal)), Is.Zero, string.Join("\n", after));
    }
}
