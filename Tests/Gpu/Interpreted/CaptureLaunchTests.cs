using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Tests.Ilgpu.Cuda;
using Managed.Tests.Models;

namespace Managed.Tests.Gpu;

/// <summary>What reading hook points asks of an NVIDIA GPU.</summary>
public class CaptureLaunchTests
{
    /// <summary>On a driver that only writes down what it is asked: from the first block to the last nobody waits.</summary>
    [Test]
    public void Capturing_the_residual_stream_waits_for_nothing_between_blocks()
    {
        FakeCudaDriver driver = new();
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath, Accelerators.OpenCuda(driver), new LoadOptions { Precision = Precision.Fast });
        int[] ids = [.. Enumerable.Range(5, 40)];
        Run(model, ids);
        driver.Calls.Clear();
        Run(model, ids);
        bool IsCopy(string call) => call == $"cuMemcpyDtoHAsync({ids.Length * model.Width * sizeof(float)})";
        int first = driver.Calls.FindIndex(IsCopy), last = driver.Calls.FindLastIndex(IsCopy);
        string[] between = [.. driver.Calls[first..last]];
        Assert.That(driver.Calls.Count(IsCopy), Is.EqualTo(model.LayerCount));
        Assert.That(between.Where(call => call.Contains("Synchronize", StringComparison.Ordinal) || call.Contains("Alloc", StringComparison.Ordinal) || call.StartsWith("cuMemHost", StringComparison.Ordinal)), Is.Empty);
        Assert.That(between.Count(call => call.StartsWith("cuLaunchKernel", StringComparison.Ordinal)), Is.GreaterThan(5 * (model.LayerCount - 1)), "blocks are between");
        Assert.That(driver.Calls[last..], Has.Member("cuStreamSynchronize()"));
    }

    private static void Run(LanguageModel model, int[] ids)
    {
        using ActivationCache cache = model.RunWithCache(ids, "resid_post").Cache;
        Assert.That(cache.Count, Is.EqualTo(model.LayerCount));
    }
}
