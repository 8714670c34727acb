using System.Runtime.InteropServices;
using Managed.Kernels;
using Managed.Kernels.Blocks;

namespace Managed.Tests.Devices;

/// <summary>Random operands on one device: the same seed and the same calls give the same numbers on every device.</summary>
internal sealed unsafe class Scene(IDevice device, int seed = 1) : IDisposable
{
    public const int PagePositions = 16;

    // Where the halves that scale a block lie; other bytes may be anything.
    private static readonly Dictionary<WeightType, int[]> s_scales = new()
    {
        [WeightType.Q4_0] = [0],
        [WeightType.Q4_1] = [0, 2],
        [WeightType.Q5_0] = [0],
        [WeightType.Q5_1] = [0, 2],
        [WeightType.Q8_0] = [0],
        [WeightType.Q4_K] = [0, 2],
        [WeightType.Q5_K] = [0, 2],
        [WeightType.Q6_K] = [208],
        [WeightType.IQ4_NL] = [0],
        [WeightType.MXFP4] = [],
    };

    private readonly Random random = new(seed);
    private readonly List<nint> allocations = [];
    private readonly List<WeakReference> buffers = [];

    public IDevice Device { get; } = device;

    public bool IsReference => Device is PlainDevice;

    public float Next() => (float)((random.NextDouble() * 2) - 1);

    public float[] Floats(int count, float scale = 1) => [.. Enumerable.Range(0, count).Select(_ => scale * Next())];

    /// <summary>Random rows, `gap` floats apart.</summary>
    public Rows Random(int count, int width, int gap = 0, float scale = 1)
    {
        var rows = new Rows(Known(Device.Allocate((long)count * (width + gap))), 0, count, width, width + gap);
        foreach (ref float value in Device.Span(rows.Buffer, 0, (int)rows.Buffer.Length))
            value = scale * Next();
        return rows;
    }

    public DeviceBuffer Vector(int width) => Known(Device.Upload(Floats(width)));

    /// <summary>How many of the buffers that were made the collector has taken.</summary>
    public int Collected => buffers.Count(buffer => !buffer.IsAlive);

    private DeviceBuffer Known(DeviceBuffer buffer)
    {
        buffers.Add(new WeakReference(buffer));
        return buffer;
    }

    /// <summary>The values of rows, packed.</summary>
    public float[] Read(Rows rows) =>
        [.. Enumerable.Range(0, rows.Count).SelectMany(r => Device.Span(rows.Buffer, rows.Start + ((long)r * rows.Stride), rows.Width).ToArray())];

    /// <summary>A random matrix whose rows lie at odd addresses.</summary>
    public Weight Weight(WeightType type, int rows, int columns, int[]? order = null) => Device.CreateWeight(Source(type, rows, columns, order));

    /// <summary>Random matrices one below the other, and each by itself.</summary>
    public Weight Stack(WeightType type, int count, int rows, int columns, out Weight[] parts, int[]? order = null)
    {
        parts = new Weight[count];
        WeightSource[] sources = [.. Enumerable.Range(0, count).Select(_ => Source(type, rows, columns, order))];
        return Device.TryStack(sources, parts) ?? throw new InvalidOperationException($"{Device.Name} does not stack.");
    }

    /// <summary>A layer of all experts, with a row for what each choice makes of it, and each expert's matrix by itself.</summary>
    public Projection ExpertLayer(WeightType type, int experts, int choices, int rows, int columns, bool isBiased, out Weight[] parts, int gap = 0, int[]? order = null) =>
        new(Random(choices, rows, gap), Stack(type, experts, rows, columns, out parts, order), isBiased ? Vector(experts * rows) : null);

    private WeightSource Source(WeightType type, int rows, int columns, int[]? order)
    {
        long rowBytes = BlockFormats.RowBytes(type, columns), stride = rowBytes + 3;
        byte* data = (byte*)NativeMemory.Alloc((nuint)(rows * stride) + 1) + 1;
        allocations.Add((nint)data - 1);
        int blockElements = BlockFormats.Elements(type), blockBytes = (int)BlockFormats.RowBytes(type, blockElements);
        for (int r = 0; r < rows; r++)
            for (byte* block = data + (r * stride), end = block + rowBytes; block < end; block += blockBytes)
                Fill(type, new Span<byte>(block, blockBytes));
        return new WeightSource { Data = data, Type = type, Rows = rows, Columns = columns, RowBytes = stride, OutputOrder = order };
    }

    /// <summary>Random weights of a type: one block of it.</summary>
    public void Fill(WeightType type, Span<byte> block)
    {
        if (type == WeightType.F32)
            MemoryMarshal.Write(block, Next());
        else if (type == WeightType.F16)
            MemoryMarshal.Write(block, (Half)Next());
        else if (type == WeightType.BF16)
            MemoryMarshal.Write(block, HalfBits.ToBrain(Next()));
        else
        {
            random.NextBytes(block);
            if (type == WeightType.MXFP4)
                block[0] = (byte)random.Next(118, 128);
            foreach (int at in s_scales[type])
                MemoryMarshal.Write(block[at..], (Half)(0.02f * Next()));
        }
    }

    /// <summary>Sequences that already hold `past` tokens each and get `added` more; the pages hold random numbers.</summary>
    public StepPlan Plan((int Past, int Added)[] sequences, long pageLength = 0)
    {
        var plan = new StepPlan { SequenceCount = sequences.Length, SequenceStart = new int[sequences.Length + 1], Pages = new DeviceBuffer[sequences.Length][] };
        for (int s = 0; s < sequences.Length; s++)
        {
            (int past, int added) = sequences[s];
            plan.SequenceStart[s + 1] = plan.SequenceStart[s] + added;
            plan.Positions = [.. plan.Positions, .. Enumerable.Range(past, added)];
            plan.SequenceOf = [.. plan.SequenceOf, .. Enumerable.Repeat(s, added)];
            plan.Tokens = [.. plan.Tokens, .. Enumerable.Range(0, added).Select(_ => random.Next(10))];
            plan.Pages[s] = [.. Enumerable.Range(0, ((past + added - 1) / PagePositions) + 1).Select(_ => Random(1, (int)pageLength).Buffer)];
        }
        plan.Count = plan.Positions.Length;
        return plan;
    }

    public void Dispose()
    {
        foreach (nint allocation in allocations)
            NativeMemory.Free((void*)allocation);
        Device.Dispose();
    }
}
