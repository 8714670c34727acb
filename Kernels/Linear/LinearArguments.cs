using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Managed.Kernels.Linear;

/// <summary>One linear layer's operands as a kernel takes them; each worker computes a range of outputs for all tokens.</summary>
internal unsafe struct LinearArguments
{
    // How far ahead weights are asked for, in bytes; 4 and 16 KiB are slower where they come from memory.
    private const int Distance = 8192;

    /// <summary>The same for packed rows, which are one run of bytes: 5 and 10 KiB are slower.</summary>
    public const int PackedDistance = 7168;

    // A page's address has to be looked up, and the processor's own prefetching ends with the page it is in: one line asked for early gets both over with.
    // Asking again and again for a line that has come takes less time than a branch that is often mispredicted.
    private const int PagesAhead = 2 * Lanes.Page;

    /// <summary>Rows that are computed together.</summary>
    public const int TileRows = 16;

    /// <summary>Tokens whose activations stay in the second-level cache while rows of weights pass by: the most that a kernel for 8-bit activations is given.</summary>
    public const int TokenBlock = 64;

    /// <summary>[tokens, outputs], rows OutputStride apart.</summary>
    public float* Output;
    public long OutputStride;

    /// <summary>[tokens, inputs], rows InputStride apart.</summary>
    public float* Input;
    public long InputStride;
    public int Tokens;

    /// <summary>The same input in 8 bits; only in fast precision.</summary>
    public QuantisedInput Quantised;

    /// <summary>[outputs, inputs] in stored order, rows RowBytes apart.</summary>
    public byte* Weight;
    public long RowBytes;
    public int Columns;

    /// <summary>The rows in <see cref="PackedTile{TFormat}"/>s, but for a last tile that is not full; null: there are none.</summary>
    public byte* Packed;

    /// <summary>[outputs], or null.</summary>
    public float* Bias;

    /// <summary>Output of each stored row; null: as stored.</summary>
    public int[]? Order;

    /// <summary>Of each tile's 16 stored rows, counted from the first row of all, the even ones are eight outputs that follow each other, and so are the odd ones: the pairs of a rotation.</summary>
    public bool IsInterleaved;

    /// <summary>The same layer for a run of tokens.</summary>
    public readonly LinearArguments Slice(int firstToken, int count)
    {
        LinearArguments slice = this;
        slice.Output += firstToken * OutputStride;
        slice.Input += firstToken * InputStride;
        slice.Tokens = count;
        slice.Quantised = Quantised.Slice(firstToken);
        return slice;
    }

    /// <summary>
    /// The weights to ask for while `count` rows from `row` on are read, some kilobytes ahead: the processor's own prefetching
    /// loses its way where several short rows are read at once.
    /// </summary>
    public readonly byte* Ahead(int row, int count) => Weight + (row * RowBytes) + Math.Max(count * RowBytes, Distance);

    /// <summary>Asks for the next `bytes` bytes, at most nine lines of them, and for the first line of a page to come.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(ref byte* ahead, int bytes)
    {
        if (Sse.IsSupported)
        {
            if (bytes > 64 || ((nint)ahead & (Lanes.Page - 1)) < bytes)
                PrefetchPage(ahead);
            Sse.Prefetch0(ahead);
            if (bytes > 64)
                Sse.Prefetch0(ahead + 64);
            if (bytes > 128)
                Sse.Prefetch0(ahead + 128);
            if (bytes > 192)
                Sse.Prefetch0(ahead + 192);
            if (bytes > 256)
                Sse.Prefetch0(ahead + 256);
            if (bytes > 320)
                Sse.Prefetch0(ahead + 320);
            if (bytes > 384)
                Sse.Prefetch0(ahead + 384);
            if (bytes > 448)
                Sse.Prefetch0(ahead + 448);
            if (bytes > 512)
                Sse.Prefetch0(ahead + 512);
        }
        ahead += bytes;
    }

    /// <summary>Asks for the first line of a page to come.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PrefetchPage(byte* ahead) => Sse.Prefetch0((byte*)(((nint)ahead + PagesAhead) & ~(Lanes.Page - 1)));

    /// <summary>Asks for `count` lines, three at most.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PrefetchLines(byte* ahead, int count)
    {
        if (count > 0)
            Sse.Prefetch0(ahead);
        if (count > 1)
            Sse.Prefetch0(ahead + 64);
        if (count > 2)
            Sse.Prefetch0(ahead + 128);
    }

    /// <summary>Asks for the weights that come after `count` rows from `row` on.</summary>
    public readonly void Prefetch(int row, int count) => Prefetch(Ahead(row, count), count * RowBytes);

    /// <summary>Asks for a run of bytes.</summary>
    public static void Prefetch(byte* ahead, long bytes)
    {
        for (byte* end = ahead + bytes; ahead < end;)
            Prefetch(ref ahead, 64);
    }

    /// <summary>Writes one element.</summary>
    public readonly void Store(int token, int row, float value)
    {
        int output = Order is null ? row : Order[row];
        Output[(token * OutputStride) + output] = Bias is null ? value : value + Bias[output];
    }

    /// <summary>Writes the elements of `count` (1 to 4) rows of one token.</summary>
    public readonly void StoreRows(int token, int row, int count, Vector128<float> values)
    {
        if (count == 4 && Order is null)
        {
            (Bias is null ? values : values + Vector128.Load(Bias + row)).Store(Output + (token * OutputStride) + row);
            return;
        }
        for (int r = 0; r < count; r++)
            Store(token, row + r, values.GetElement(r));
    }

    /// <summary>Writes the elements of `count` (1 to 16) rows of one token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void StoreTile(int token, int row, int count, Vector512<float> values)
    {
        if (count == TileRows && Order is null)
            (Bias is null ? values : values + Vector512.Load(Bias + row)).Store(Output + (token * OutputStride) + row);
        else if (count == TileRows && IsInterleaved && row % TileRows == 0)
            StoreInterleaved(token, row, values);
        else
            StoreOneByOne(token, row, count, values);
    }

    /// <summary>
    /// The first token's outputs of 16 rows that are stored as they are computed: the first eight rows' follow each other and so do the others' (apart = 0), or
    /// the even rows' do, and those of the odd ones, so many floats behind them. Null: they want <see cref="StoreTile"/>.
    /// </summary>
    public readonly float* Outputs(int row, int count, out nint apart)
    {
        apart = 0;
        if (count < TileRows || Bias is not null)
            return null;
        if (Order is null)
            return Output + row;
        if (!IsInterleaved || row % TileRows != 0)
            return null;
        apart = Order[row + 1] - Order[row];
        return Output + Order[row];
    }

    private readonly void StoreInterleaved(int token, int row, Vector512<float> values)
    {
        Vector512<float> apart = Vector512.Shuffle(values, Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
        StoreEight(token, Order![row], apart.GetLower());
        StoreEight(token, Order[row + 1], apart.GetUpper());
    }

    private readonly void StoreEight(int token, int output, Vector256<float> values) =>
        (Bias is null ? values : values + Vector256.Load(Bias + output)).Store(Output + (token * OutputStride) + output);

    private readonly void StoreOneByOne(int token, int row, int count, Vector512<float> values)
    {
        float* elements = stackalloc float[TileRows];
        values.Store(elements);
        for (int r = 0; r < count; r++)
            Store(token, row + r, elements[r]);
    }
}
