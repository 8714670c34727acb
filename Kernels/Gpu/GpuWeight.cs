using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Managed.Kernels.Blocks;
using Managed.Kernels.Gpu.Formats;

namespace Managed.Kernels.Gpu;

/// <summary>A weight matrix in a device's memory, in its stored type and in order of outputs.</summary>
internal sealed unsafe class GpuWeight : Weight
{
    private const long ChunkBytes = 32 << 20; // host memory for a part of the matrix on its way

    private readonly MemoryBuffer1D<uint, Stride1D.Dense> memory;
    private readonly int quantWords, highWords, scaleWords;

    public GpuWeight(GpuMemory device, in WeightSource source)
    {
        (Rows, Columns, StoredType) = (source.Rows, source.Columns, source.Type);
        bool direct = WeightPlanes.For(source.Type) is not null;
        Type = direct ? source.Type : WeightType.F32;
        WeightPlanes planes = WeightPlanes.For(Type)!;
        (quantWords, highWords, scaleWords) = (planes.QuantWords(Columns), planes.HighWords(Columns), planes.ScaleWords(Columns));
        memory = device.Allocate<uint>(Math.Max(4, ScaleStart + Aligned((long)Rows * scaleWords)));
        Fill(device, source, planes);
    }

    public override WeightType Type { get; }

    public override WeightType StoredType { get; }

    public override int Rows { get; }

    public override int Columns { get; }

    public override long ByteCount => memory.Length * sizeof(uint);

    public WeightView View
    {
        get
        {
            ArrayView<uint> all = memory.View.AsContiguous();
            // A plane without words still needs a valid view: what is there is never read.
            return new WeightView(all, highWords == 0 ? all : all.SubView(HighStart, (long)Rows * highWords),
                scaleWords == 0 ? all : all.SubView(ScaleStart, (long)Rows * scaleWords), Rows, Columns, quantWords, highWords, scaleWords);
        }
    }

    private long HighStart => Aligned((long)Rows * quantWords);

    private long ScaleStart => HighStart + Aligned((long)Rows * highWords);

    private static long Aligned(long words) => (words + 31) & ~31L;

    private void Fill(GpuMemory device, in WeightSource source, WeightPlanes planes)
    {
        long rowBytes = source.RowBytes > 0 ? source.RowBytes : BlockFormats.RowBytes(source.Type, Columns);
        int[]? storedRow = source.OutputOrder is { } order ? Inverse(order) : null;
        int words = quantWords + highWords + scaleWords;
        int chunkRows = (int)Math.Clamp(ChunkBytes / (words * sizeof(uint)), 1, Rows);
        var chunk = (uint*)NativeMemory.Alloc((nuint)((long)chunkRows * words * sizeof(uint)));
        try
        {
            byte* data = source.Data;
            WeightType type = source.Type;
            for (int first = 0; first < Rows; first += chunkRows)
            {
                int count = Math.Min(chunkRows, Rows - first), begin = first;
                uint* quants = chunk, high = quants + ((long)count * quantWords), scales = high + ((long)count * highWords);
                NativeMemory.Clear(chunk, (nuint)((long)count * words * sizeof(uint)));
                void Sort(int r)
                {
                    byte* row = data + ((storedRow?[begin + r] ?? (begin + r)) * rowBytes);
                    uint* to = quants + ((long)r * quantWords);
                    if (type == Type)
                        planes.Sort(to, high + ((long)r * highWords), scales + ((long)r * scaleWords), row, Columns);
                    else
                        BlockFormats.Dequantise(type, new Span<float>(to, Columns), row);
                }
                if ((long)count * words > 1 << 18)
                    Parallel.For(0, count, Sort);
                else
                    for (int r = 0; r < count; r++)
                        Sort(r);
                Upload(device, (long)first * quantWords, quants, count * quantWords);
                Upload(device, HighStart + ((long)first * highWords), high, count * highWords);
                Upload(device, ScaleStart + ((long)first * scaleWords), scales, count * scaleWords);
            }
        }
        finally
        {
            NativeMemory.Free(chunk);
        }
    }

    private void Upload(GpuMemory device, long start, uint* words, int count)
    {
        if (count > 0)
            device.Upload(memory.View.AsContiguous().SubView(start, count), new ReadOnlySpan<uint>(words, count));
    }

    private static int[] Inverse(int[] order)
    {
        var stored = new int[order.Length];
        for (int r = 0; r < order.Length; r++)
            stored[order[r]] = r;
        return stored;
    }

    public override void Dispose() => memory.Dispose();
}
