using ILGPU.Runtime.Cuda;
using Managed.Guards;
using Managed.Kernels;
using Managed.Tests.FamilyMappers;
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
        string[] launches = Launches(driver.Calls);
        // normed products, cache, attention, sorted product, normed products, sorted product; before them the embedding, after them the normed head
        Assert.That(launches, Has.Length.EqualTo(1 + (6 * model.LayerCount) + 1), string.Join("\n", launches));
        Assert.That(driver.Calls.Count(call => call.StartsWith("cuStreamBeginCapture", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(driver.Calls.Count(call => call.StartsWith("cuGraphLaunch", StringComparison.Ordinal)), Is.EqualTo(4), "the first step of a token runs as it is");
    }

    [Test]
    public void Heads_that_attention_s_kernel_knows_are_turned_there()
    {
        string path = SharedFolder.Require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
        FakeCudaDriver driver = new();
        using LanguageModel model = LanguageModel.Load(path, Accelerators.OpenCuda(driver), new LoadOptions { Precision = Precision.Fast });
        model.Generate([5, 6, 7, 8, 9, 10, 11, 12, 13, 14], new GenerationOptions { MaxTokens = 4, IgnoreEndTokens = true });
        string[] launches = Launches(driver.Calls);
        // normed products, attention, product, normed products, product; before them the embedding, after them the norm and the head, which has many groups
        Assert.That(launches, Has.Length.EqualTo(1 + (5 * model.LayerCount) + 2), string.Join("\n", launches));
    }

    [Test]
    public void Norms_of_several_rows_sort_what_they_write_for_quantised_weights()
    {
        string path = SharedFolder.Require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
        FakeCudaDriver driver = new();
        using LanguageModel model = LanguageModel.Load(path, Accelerators.OpenCuda(driver), new LoadOptions { Precision = Precision.Fast });
        model.GenerateBatch([.. Enumerable.Range(0, 16).Select(_ => new GenerationRequest([5, 6, 7], new GenerationOptions { MaxTokens = 4, IgnoreEndTokens = true }))]);
        string[] launches = Launches(driver.Calls);
        // norm, products, attention, sorting, product, norm, products, sorting, product
        Assert.That(launches, Has.Length.EqualTo(1 + (9 * model.LayerCount) + 2), string.Join("\n", launches));
    }

    // Those of the first recording.
    private static string[] Launches(IEnumerable<string> calls) =>
    [
        .. calls.SkipWhile(call => !call.StartsWith("cuStreamBeginCapture", StringComparison.Ordinal))
            .TakeWhile(call => !call.StartsWith("cuStreamEndCapture", StringComparison.Ordinal))
            .Where(call => call.StartsWith("cuLaunchKernel", StringComparison.Ordinal)),
    ];

    [TestCaseSource(typeof(GpuMixtureTests), nameof(GpuMixtureTests.Folders))]
    public void A_mixture_s_step_is_recorded_and_nothing_comes_back_before_its_end(string name)
    {
        FakeCudaDriver driver = new();
        using LanguageModel model = LanguageModel.Load(FixtureSets.Folder(name), Accelerators.OpenCuda(driver), new LoadOptions { Precision = Precision.Fast });
        model.Generate([5, 9, 2, 77, 30, 41, 8, 3, 66, 12, 54], new GenerationOptions { MaxTokens = 6, IgnoreEndTokens = true });
        int begin = driver.Calls.FindIndex(call => call.StartsWith("cuStreamBeginCapture", StringComparison.Ordinal)), end = driver.Calls.FindIndex(call => call.StartsWith("cuStreamEndCapture", StringComparison.Ordinal));
        Assert.That(driver.Calls[begin..end].Where(call => call.StartsWith("cuMemcpy", StringComparison.Ordinal)), Is.Empty);
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

    [Test]
    public void Steering_after_every_block_takes_one_launch_more_at_the_end()
    {
        FakeCudaDriver driver = new();
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath, Accelerators.OpenCuda(driver), new LoadOptions { Precision = Precision.Fast });
        float[] vector = [.. Enumerable.Range(0, model.Width).Select(i => MathF.Sin(i))];
        using CompiledGuard guard = Guard.Define(g =>
        {
            for (int layer = 0; layer < model.LayerCount; layer++)
                g.At(GuardPoints.ResidPost(layer)).Add(vector, 0.5f);
        }).Compile(model);
        string[] with = Of(guard), without = Of(null);
        Assert.That(with[..^1], Is.EqualTo(without));
        Assert.That(with[^1], Does.Contain("Copy"), "the residual stream comes back to where it is looked for");

        string[] Of(CompiledGuard? steering)
        {
            int before = driver.Calls.Count;
            model.Generate([5, 6, 7, 8, 9, 10, 11, 12, 13, 14], new GenerationOptions { MaxTokens = 6, IgnoreEndTokens = true, Guard = steering });
            return [.. Launches(driver.Calls.Skip(before)).Select(call => call.Replace("AddsInNorm", "NoEdit", StringComparison.Ordinal))];
        }
    }

    [Test]
    public void Another_vector_is_played_from_the_same_recording_and_another_sort_of_edit_is_not()
    {
        FakeCudaDriver driver = new();
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath, Accelerators.OpenCuda(driver), new LoadOptions { Precision = Precision.Fast });
        int first = Recordings(guard => guard.Add(Vector(1), 0.5f)), second = Recordings(guard => guard.Add(Vector(2), -2f)), third = Recordings(guard => guard.Scale(0.5f));
        Assert.That((first, second, third), Is.EqualTo((1, 0, 1)));

        int Recordings(Func<GuardStepBuilder, GuardBuilder> edit)
        {
            using CompiledGuard guard = Guard.Define(g => edit(g.At(GuardPoints.ResidPost(1)).From(GuardPoints.LastPromptToken))).Compile(model);
            int before = driver.Calls.Count;
            model.Generate([5, 6, 7, 8, 9, 10, 11, 12, 13, 14], new GenerationOptions { MaxTokens = 6, IgnoreEndTokens = true, Guard = guard });
            return driver.Calls.Skip(before).Count(call => call.StartsWith("cuStreamBeginCapture", StringComparison.Ordinal));
        }

        float[] Vector(int seed) => [.. Enumerable.Range(0, model.Width).Select(i => MathF.Sin(i * seed))];
    }
}
