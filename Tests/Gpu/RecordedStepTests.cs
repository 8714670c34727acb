using ILGPU.Runtime.Cuda;
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
}
