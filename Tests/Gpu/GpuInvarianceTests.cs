using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Tests.Devices;

namespace Managed.Tests.Gpu;

/// <summary>On one device a row's bits depend on the row alone, and an operation in parts gives the bits of the whole.</summary>
public class GpuInvarianceTests
{
    [Test]
    public void A_token_has_the_same_bits_alone_and_among_others(
        [Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator, [Values(WeightType.F32, WeightType.BF16, WeightType.Q5_K)] object type)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        var scene = new Scene(device);
        const int Tokens = 11, Outputs = 9, Inputs = 512;
        Rows input = scene.Random(Tokens, Inputs), all = scene.Random(Tokens, Outputs), some = scene.Random(Tokens, Outputs);
        Weight weight = scene.Weight((WeightType)type, Outputs, Inputs);
        device.Linear([new Projection(all, weight)], input, Precision.Exact);
        foreach (int step in new[] { 1, 2, 3, 5, 6 })
        {
            for (int first = 0; first < Tokens; first += step)
            {
                int count = Math.Min(step, Tokens - first);
                device.Linear([new Projection(some.Slice(first, count), weight)], input.Slice(first, count), Precision.Exact);
            }
            Assert.That(scene.Read(some), Is.EqualTo(scene.Read(all)), $"in steps of {step}");
        }
    }

    [Test]
    public void Norm_in_three_parts_has_the_bits_of_norm(
        [Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator, [Values] bool layer, [Values(7, 33, 576)] int width, [Values(1, 3)] int segments)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        var scene = new Scene(device);
        Rows input = scene.Random(4, width * segments), whole = scene.Random(4, width * segments), parts = scene.Random(4, width * segments), scale = scene.Random(4, segments);
        var settings = new NormSettings(layer ? NormKind.Layer : NormKind.Rms, 1e-6f) { Segments = segments, Gain = scene.Vector(width * segments), Bias = scene.Vector(width * segments), GainPerSegment = true };
        device.Norm(whole, input, settings);
        device.NormScale(scale, input, settings);
        device.NormDivide(parts, input, scale, settings);
        device.NormGain(parts, parts, settings);
        Assert.That(scene.Read(parts), Is.EqualTo(scene.Read(whole)));
    }

    [Test]
    public void Attention_has_the_same_bits_in_three_parts_and_query_by_query([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator, [Range(0, 9)] int kind)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        var scene = new Scene(device);
        AttentionSettings settings = AttentionCases.Kinds[kind].Settings;
        CacheLayout layout = AttentionCases.Layout(settings);
        const int Past = 13, Added = 11, Keys = Past + Added;
        StepPlan plan = scene.Plan([(Past, Added)], AttentionCases.PageLength(layout));
        Rows queries = scene.Random(Added, settings.Heads * settings.KeyDimension, scale: 2), whole = scene.Random(Added, settings.Heads * settings.ValueDimension);
        device.Attention(whole, queries, plan, layout, settings);

        Rows scores = scene.Random(settings.Heads * Added, Keys), pattern = scene.Random(settings.Heads * Added, Keys), parts = scene.Random(Added, whole.Width);
        device.AttentionScores(scores, queries, plan, 0, layout, settings);
        device.AttentionPattern(pattern, scores, Added, settings);
        device.AttentionMix(parts, pattern, plan, 0, layout, settings);
        Assert.That(scene.Read(parts), Is.EqualTo(scene.Read(whole)), "in three parts");

        Rows alone = scene.Random(Added, whole.Width);
        for (int q = 0; q < Added; q++)
        {
            var one = new StepPlan { Count = 1, Positions = [Past + q], SequenceOf = [0], Tokens = [0], SequenceCount = 1, SequenceStart = [0, 1], Pages = plan.Pages };
            device.Attention(alone.Slice(q, 1), queries.Slice(q, 1), one, layout, settings);
        }
        Assert.That(scene.Read(alone), Is.EqualTo(scene.Read(whole)), "query by query");
    }
}
