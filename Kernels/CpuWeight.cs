using Managed.Kernels.Blocks;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>A weight matrix in host memory: used where it lies, and after some steps of few tokens in tiles that are faster to read.</summary>
internal sealed unsafe class CpuWeight : Weight
{
    /// <summary>
    /// Steps of few tokens after which rows are prepared for many more of them: about when what that costs has come back. A text that ends sooner never pays it.
    /// </summary>
    public const int StepsBeforePacking = 8;

    private readonly CpuBuffer? converted;
    private readonly bool isMapped;
    private CpuBuffer? packed;
    private nint tileBytes;
    private int steps;
    private bool isPrepared;
    private delegate*<in LinearArguments, int, int, float*, void> exact; // kernels
    private readonly delegate*<in LinearArguments, int, int, float*, void> fast;

    public CpuWeight(in WeightSource source)
    {
        StoredType = source.Type;
        Rows = source.Rows;
        Columns = source.Columns;
        OutputOrder = source.OutputOrder;
        IsInterleaved = source.OutputOrder is { } order && AreInterleaved(order);
        Data = source.Data;
        RowBytes = source.RowBytes > 0 ? source.RowBytes : BlockFormats.RowBytes(source.Type, source.Columns);
        Type = source.Type;
        isMapped = source.IsMapped;
        if (!BlockFormats.IsDirect(source.Type))
        {
            converted = Convert(source);
            Data = (byte*)converted.Data;
            RowBytes = (long)Columns * sizeof(float);
            Type = WeightType.F32;
        }
        exact = LinearKernels.Kernel(Type, fast: false);
        fast = LinearKernels.Kernel(Type, fast: true);
    }

    /// <summary>The type that kernels read.</summary>
    public override WeightType Type { get; }

    public override WeightType StoredType { get; }

    public override int Rows { get; }

    public override int Columns { get; }

    public override long ByteCount => Rows * RowBytes;

    /// <summary>The rows as they are stored.</summary>
    public byte* Data { get; }

    public long RowBytes { get; }

    /// <summary>Output of each stored row; null: as stored.</summary>
    public int[]? OutputOrder { get; }

    /// <inheritdoc cref="LinearArguments.IsInterleaved"/>
    public bool IsInterleaved { get; }

    private static bool AreInterleaved(int[] order)
    {
        for (int row = 0; row < order.Length / LinearArguments.TileRows * LinearArguments.TileRows; row++)
        {
            int inTile = row % LinearArguments.TileRows, first = row - inTile;
            if (order[row] != order[first + (inTile % 2)] + (inTile / 2))
                return false;
        }
        return true;
    }

    /// <summary>The rows in tiles (<see cref="PackedTile{TFormat}"/>), but for a last one that is not full; null: as they are stored only.</summary>
    public byte* Packed => packed is { } tiles ? (byte*)tiles.Data : null;

    private int Tiles => Rows / LinearArguments.TileRows;

    /// <summary>Whether this is float16, and known to hold neither infinities nor what is not a number: then it is faster to read.</summary>
    public bool IsFiniteHalf { get; private set; }

    /// <summary>Whether there is a kernel for 8-bit activations.</summary>
    public bool HasFast => fast != null;

    /// <summary>The operands that are the weight's; a layer adds its own.</summary>
    public LinearArguments Arguments => new()
    {
        Weight = Data,
        RowBytes = RowBytes,
        Columns = Columns,
        Packed = Packed,
        Order = OutputOrder,
        IsInterleaved = IsInterleaved,
    };

    /// <summary>Computes outputs [firstRow, endRow) of all tokens, in 8 bits block by block of them.</summary>
    public void Compute(in LinearArguments arguments, int firstRow, int endRow, float* scratch, Precision precision)
    {
        bool isFast = precision == Precision.Fast && HasFast;
        delegate*<in LinearArguments, int, int, float*, void> kernel = isFast ? fast : exact;
        int tokens = arguments.Tokens, block = isFast ? LinearArguments.TokenBlock : tokens;
        for (int token = 0; token < tokens; token += block)
            kernel(arguments.Slice(token, Math.Min(block, tokens - token)), firstRow, endRow, scratch);
    }

    /// <summary>Takes note of a step of few tokens, for which weights are read that are used once; true: it is time to <see cref="Prepare"/>.</summary>
    public bool CountStep() => !isPrepared && ++steps > StepsBeforePacking;

    /// <summary>
    /// Prepares the rows for many more steps of few tokens. Pages of the file that held packed rows are given back; kernels read the tiles
    /// from then on, but where a share of the rows begins or ends inside one. No operation with this weight may be under way.
    /// </summary>
    public void Prepare(WorkerPool pool, WeightPacking work)
    {
        isPrepared = true;
        if (Type == WeightType.F16)
        {
            IsFiniteHalf = FloatTile.IsSupported && HasFiniteHalves();
            if (IsFiniteHalf)
                exact = LinearKernels.FiniteHalfKernel;
        }
        else if (Tiles > 0 && LinearKernels.Packing(Type) is { } packing)
        {
            tileBytes = packing.Bytes(Columns);
            packed = work.Run(pool, this, Tiles, packing, Releases);
        }
    }

    private bool Releases => isMapped && RowBytes == BlockFormats.RowBytes(Type, Columns);

    private bool HasFiniteHalves()
    {
        for (int row = 0; row < Rows; row++)
            if (!HalfBits.AreFinite((ushort*)(Data + (row * RowBytes)), Columns))
                return false;
        return true;
    }

    /// <summary>Where kernels that use tiles find a row, or its tile.</summary>
    public byte* Place(int row) => IsPacked(row) ? Packed + (row / LinearArguments.TileRows * tileBytes) : Data + (row * RowBytes);

    private bool IsPacked(int row) => packed is not null && row / LinearArguments.TileRows < Tiles;

    /// <summary>A row as float32.</summary>
    public void ReadRow(Span<float> values, int row)
    {
        if (!IsPacked(row))
        {
            BlockFormats.Dequantise(Type, values, Data + (row * RowBytes));
            return;
        }
        fixed (float* to = values)
            LinearKernels.Packing(Type)!.ReadRow(to, Place(row), row % LinearArguments.TileRows, Columns);
    }

    public override void Dispose()
    {
        converted?.Dispose();
        packed?.Dispose();
    }

    private CpuBuffer Convert(in WeightSource source)
    {
        var buffer = new CpuBuffer((long)Rows * Columns);
        for (int row = 0; row < Rows; row++)
            BlockFormats.Dequantise(source.Type, new Span<float>(buffer.Data + ((long)row * Columns), Columns), Data + (row * RowBytes));
        return buffer;
    }
}
