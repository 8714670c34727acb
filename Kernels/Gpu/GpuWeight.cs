using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Managed.Kernels.Blocks;
using Managed.Kernels.Gpu.Formats;

namespace Managed.Kernels.Gpu;

/// <summary>A weight matrix in a device's memory, in its stored type and in order of outputs; or some rows of one.</summary>
internal sealed unsafe class GpuWeight : Weight
{
    private const long ChunkBytes = 32 << 20; // host memory for a part of the matrix on its way

    private readonly MemoryBuffer1D<uint, Stride1D.Dense> memory;
    private readonly int quantWords, highWords, scaleWords;
    private readonly int allRows, firstRow; // of the matrix that the memory holds
    private readonly bool isPart;

    public GpuWeight(GpuMemory device, in WeightSource source)
        : this(device, new ReadOnlySpan<WeightSource>(in source))
    {
    }

    /// <summary>Matrices of one type and shape, one below the other.</summary>
    public GpuWeight(GpuMemory device, ReadOnlySpan<WeightSource> sources)
    {
        (Rows, Columns, StoredType) = (sources.Length * sources[0].Rows, sources[0].Columns, sources[0].Type);
        allRows = Rows;
        Type = WeightPlanes.For(StoredType) is null ? WeightType.F32 : StoredType;
        WeightPlanes planes = WeightPlanes.For(Type)!;
        (quantWords, highWords, scaleWords) = (planes.QuantWords(Columns), planes.HighWords(Columns), planes.ScaleWords(Columns));
        memory = device.Allocate<uint>(Math.Max(4, ScaleStart + Aligned((long)Rows * scaleWords)));
        for (int i = 0; i < sources.Length; i++)
            Fill(device, sources[i], planes, i * sources[0].Rows);
    }

    private GpuWeight(GpuWeight whole, int firstRow, int rows)
    {
        (Rows, Columns, StoredType, Type) = (rows, whole.Columns, whole.StoredType, whole.Type);
        (quantWords, highWords, scaleWords) = (whole.quantWords, whole.highWords, whole.scaleWords);
        (memory, allRows, this.firstRow, isPart) = (whole.memory, whole.allRows, firstRow, true);
    }

    public override WeightType Type { get; }

    public override WeightType StoredType { get; }

    public override int Rows { get; }

    public override int Columns { get; }

    public override long ByteCount => isPart ? (long)Rows * (quantWords + highWords + scaleWords) * sizeof(uint) : memory.Length * sizeof(uint);

    /// <summary>Rows as a weight of their own, which lies in this one's memory and is freed with it.</summary>
    public GpuWeight Part(int first, int rows) => new(this, firstRow + first, rows);

    public WeightView View
    {
        get
        {
            ArrayView<uint> all = memory.View.AsContiguous();
            // A plane without words still needs a valid view: what is there is never read.
            return new WeightView(isPart ? Plane(all, 0, quantWords) : all, highWords == 0 ? all : Plane(all, HighStart, highWords),
                scaleWords == 0 ? all : Plane(all, ScaleStart, scaleWords), Rows, Columns, quantWords, highWords, scaleWords);
        }
    }

    private ArrayView<uint> Plane(ArrayView<uint> all, long start, int words) => all.SubView(start + ((long)firstRow * words), (long)Rows * words);

    private long HighStart => Aligned((long)allRows * quantWords);

    private long ScaleStart => HighStart + Aligned((long)allRows * highWords);

    private static long Aligned(long words) => (words + 31) & ~31L;

    // Output row r of the source becomes row `top` + r.
    private void Fill(GpuMemory device, in WeightSource source, WeightPlanes planes, int top)
    {
        int rows = source.Rows;
        long rowBytes = source.RowBytes > 0 ? source.RowBytes : BlockFormats.RowBytes(source.Type, Columns);
        int[]? storedRow = source.OutputOrder is { } order ? Inverse(order) : null;
        int words = quantWords + highWords + scaleWords;
        int chunkRows = (int)Math.Clamp(ChunkBytes / (words * sizeof(uint)), 1, rows);
        var chunk = (uint*)NativeMemory.Alloc((nuint)((long)chunkRows * words * sizeof(uint)));
        try
        {
            byte* data = source.Data;
            WeightType type = source.Type;
            for (int first = 0; first < rows; first += chunkRows)
            {
                int count = Math.Min(chunkRows, rows - first), begin = first;
                long place = top + first;
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
                Upload(device, place * quantWords, quants, count * quantWords);
                Upload(device, HighStart + (place * highWords), high, count * highWords);
                Upload(device, ScaleStart + (place * scaleWords), scales, count * scaleWords);
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

    public override void Dispose()
    {
        if (!isPart)
            memory.Dispose();
    }
}
