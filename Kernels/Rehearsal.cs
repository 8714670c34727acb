using System.Runtime.InteropServices;
using Managed.Kernels.Blocks;

namespace Managed.Kernels;

/// <summary>
/// A step on zeros that nobody waits for. The first use of a kernel compiles it, which takes longer than computing a short prompt;
/// a rehearsal on another thread gets that done while a checkpoint is still being read.
/// </summary>
internal static unsafe class Rehearsal
{
    private const int Heads = 2, HeadDimension = 128, Width = Heads * HeadDimension; // whole blocks of every weight type
    private const int Tokens = 17; // fours that are computed together, and one alone
    private const int PagePositions = 24;

    private static readonly HashSet<(WeightType, Precision)> s_known = [];

    /// <summary>Begins a rehearsal on another thread with those of the weight types that had none; there is nothing to wait for.</summary>
    public static void Begin(IEnumerable<WeightType> types, Precision precision)
    {
        if (Environment.ProcessorCount == 1)
            return;
        var fresh = new List<WeightType>();
        lock (s_known)
            foreach (WeightType type in types)
                if (s_known.Add((type, precision)))
                    fresh.Add(type);
        if (fresh.Count > 0)
            Task.Run(() => Run(fresh, precision)); // what fails here fails in the first real step too, and is reported there
    }

    /// <summary>Computes once what a decoder block is made of, with weights of each of the types.</summary>
    internal static void Run(IEnumerable<WeightType> types, Precision precision)
    {
        using var device = new CpuDevice(threads: 1);
        var plan = new StepPlan
        {
            Count = Tokens,
            Tokens = new int[Tokens],
            Positions = [.. Enumerable.Range(0, Tokens)],
            SequenceOf = new int[Tokens],
            SequenceCount = 1,
            SequenceStart = [0, Tokens],
        };
        var layout = new CacheLayout(PagePositions, KeyStart: 0, ValueStart: PagePositions * Width, Heads, HeadDimension, HeadDimension);
        using DeviceBuffer page = device.Allocate(2 * PagePositions * Width), input = device.Allocate(Tokens * Width), output = device.Allocate(Tokens * Width);
        plan.Pages = [[page]];
        Rows stream = new(input, Tokens, Width), result = new(output, Tokens, Width);

        foreach (WeightType type in types)
            Multiply(device, plan, result, stream, type, precision);
        device.Norm(result, stream, new NormSettings(NormKind.Rms, 1e-5f) { Gain = output });
        device.Rope(result, plan, Heads, HeadDimension, 0, [new RopeTable(RopePairing.Halves, new float[HeadDimension / 2])]);
        device.StoreKeyValue(plan, layout, stream, stream);
        device.Attention(result, stream, plan, layout, new AttentionSettings
        {
            Heads = Heads,
            KeyHeads = Heads,
            KeyDimension = HeadDimension,
            ValueDimension = HeadDimension,
            Scale = 1,
        });
        device.Activate(result, stream, stream, ActivationKind.Silu);
        device.Add(result, result, stream);
    }

    private static void Multiply(CpuDevice device, StepPlan plan, Rows output, Rows input, WeightType type, Precision precision)
    {
        byte* zeros = (byte*)NativeMemory.AllocZeroed((nuint)(Width * BlockFormats.RowBytes(type, Width)));
        try
        {
            using Weight weight = device.CreateWeight(new WeightSource { Data = zeros, Type = type, Rows = Width, Columns = Width });
            device.Embed(input, plan, weight, 1);
            device.Linear([new Projection(output, weight)], input, precision);
            for (int step = 0; step <= CpuWeight.StepsBeforePacking; step++)
                device.Linear([new Projection(output.Slice(0, 1), weight)], input.Slice(0, 1), precision);
        }
        finally
        {
            NativeMemory.Free(zeros);
        }
    }
}
