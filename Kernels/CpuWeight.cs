using Managed.Kernels.Blocks;

namespace Managed.Kernels;

/// <summary>A weight matrix in host memory, used where it lies.</summary>
internal sealed unsafe class CpuWeight : Weight
{
    private readonly CpuBuffer? converted;

    public CpuWeight(in WeightSource source)
    {
        StoredType = source.Type;
        Rows = source.Rows;
        Columns = source.Columns;
        OutputOrder = source.OutputOrder;
        Data = source.Data;
        RowBytes = source.RowBytes > 0 ? source.RowBytes : BlockFormats.RowBytes(source.Type, source.Columns);
        Type = source.Type;
        if (!BlockFormats.IsDirect(source.Type))
        {
            converted = Convert(source);
            Data = (byte*)converted.Data;
            RowBytes = (long)Columns * sizeof(float);
            Type = WeightType.F32;
        }
    }

    /// <summary>The type that kernels read.</summary>
    public override WeightType Type { get; }

    public override WeightType StoredType { get; }

    public override int Rows { get; }

    public override int Columns { get; }

    public override long ByteCount => Rows * RowBytes;

    public byte* Data { get; }

    public long RowBytes { get; }

    /// <summary>Output of each stored row; null: as stored.</summary>
    public int[]? OutputOrder { get; }

    public override void Dispose() => converted?.Dispose();

    private CpuBuffer Convert(in WeightSource source)
    {
        var buffer = new CpuBuffer((long)Rows * Columns);
        for (int row = 0; row < Rows; row++)
            BlockFormats.Dequantise(source.Type, new Span<float>(buffer.Data + ((long)row * Columns), Columns), Data + (row * RowBytes));
        return buffer;
    }
}
