using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// 16 rows of weights with their blocks' bytes in the order in which <see cref="TileLinear{TFormat}"/> wants them, so that nothing is moved
/// between lanes while it multiplies, and memory is read in one run: the headers of all blocks, [blocks, words, rows], then the integers,
/// [parts, 4 or 8, rows, 4]: bytes of four columns of each row, or nibbles, whose high ones are the columns 16 further on. As many bytes as before.
/// </summary>
internal static unsafe class PackedTile<TFormat>
    where TFormat : struct, IIntegerFormat
{
    private const int Rows = TileScales<TFormat>.Rows;

    /// <summary>Whether there are such tiles of this format on this machine.</summary>
    public static bool IsSupported => TFormat.HeaderBytes > 0 && TileLinear<TFormat>.IsSupported;

    /// <summary>Bytes of a part's integers.</summary>
    public static int PartBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.IsSigned ? Rows * QuantisedInput.Block : Rows * QuantisedInput.Block / 2;
    }

    // The greatest words that a block's header is made of.
    private static int WordBytes => TFormat.HeaderBytes % sizeof(uint) == 0 ? sizeof(uint) : sizeof(ushort);

    /// <summary>Where in a tile the integers begin: whole lines, so that no integers of one part are in more lines than need be.</summary>
    public static nint IntegersAt(int columns) => ((columns / TFormat.Elements * TFormat.HeaderBytes * Rows) + 63) & ~63;

    /// <summary>Bytes of a tile.</summary>
    public static nint Bytes(int columns) => IntegersAt(columns) + (columns / QuantisedInput.Block * PartBytes);

    /// <summary>Makes a tile of 16 rows as they are stored.</summary>
    /// <returns>False where the tile cannot be used: a number in a header that is all of a part's scales is infinite or none, which kernels do not look for.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Pack(byte* tile, byte* rows, nint rowBytes, int columns)
    {
        byte* headers = tile, integers = tile + IntegersAt(columns);
        for (int block = 0; block < columns / TFormat.Elements; block++, rows += TFormat.Bytes)
        {
            for (int word = 0; word < TFormat.HeaderBytes; word += WordBytes)
                for (int row = 0; row < Rows; row++, headers += WordBytes)
                    Unsafe.CopyBlockUnaligned(headers, rows + (row * rowBytes) + word, (uint)WordBytes);
            for (int part = 0; part < TFormat.Elements / QuantisedInput.Block; part++, integers += PartBytes)
            {
                SixteenRows.Columns<TFormat>(out SixteenColumns low,
                    out SixteenColumns high, rows, rowBytes, part);
                if (TFormat.IsSigned)
                {
                    Store(integers, low.A, low.B, low.C, low.D);
                    Store(integers + 256, high.A, high.B, high.C, high.D);
                }
                else
                    Store(integers, Nibbles(low.A, high.A), Nibbles(low.B, high.B), Nibbles(low.C, high.C), Nibbles(low.D, high.D));
            }
        }
        return TFormat.Elements > QuantisedInput.Block || HalfBits.AreFinite((ushort*)tile, (headers - tile) / sizeof(ushort));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Nibbles(Vector512<byte> low, Vector512<byte> high) => low | Vector512.ShiftLeft(high.AsUInt16(), 4).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(byte* to, Vector512<byte> a, Vector512<byte> b, Vector512<byte> c, Vector512<byte> d)
    {
        a.Store(to);
        b.Store(to + 64);
        c.Store(to + 128);
        d.Store(to + 192);
    }

    /// <summary>A tile's scales and minima, as <see cref="TileScales{TFormat}.Read"/> finds them in rows as they are stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TileScales<TFormat> Scales(byte* tile, int columns, float* scratch)
    {
        int parts = columns / QuantisedInput.Block;
        TileScales<TFormat> scales = new() { Scales = scratch, Minima = scratch + (Rows * parts) };
        TFormat.ReadHeaders(scales.Scales, scales.Minima, tile, parts);
        return scales;
    }

    /// <summary>One row of a tile as float32: the bits of the format's own definition.</summary>
    public static void ReadRow(float* values, byte* tile, int row, int columns)
    {
        const int MostParts = 8;
        float* scales = stackalloc float[MostParts * Rows], minima = stackalloc float[MostParts * Rows];
        byte* headers = tile, integers = tile + IntegersAt(columns);
        int parts = TFormat.Elements / QuantisedInput.Block;
        for (int block = 0; block < columns / TFormat.Elements; block++, headers += TFormat.HeaderBytes * Rows)
        {
            TFormat.ReadHeaders(scales, minima, headers, parts);
            for (int part = 0; part < parts; part++, integers += PartBytes, values += QuantisedInput.Block)
            {
                float scale = scales[(part * Rows) + row], minimum = TFormat.HasMinimum ? minima[(part * Rows) + row] : 0f;
                for (int column = 0; column < QuantisedInput.Block; column++)
                {
                    float product = scale * Integer(integers, row, column);
                    values[column] = TFormat.HasMinimum ? product + minimum : product;
                }
            }
        }
    }

    private static int Integer(byte* integers, int row, int column)
    {
        if (TFormat.IsSigned)
            return integers[(column / 4 * 4 * Rows) + (4 * row) + (column % 4)] - 128;
        int at = column % 16;
        return (integers[(at / 4 * 4 * Rows) + (4 * row) + (at % 4)] >> (column < 16 ? 0 : 4)) & 15;
    }

    /// <summary>The tile's integers as a <see cref="WeightPanel{TFormat}"/>: where they lie, or in `panel` where nibbles have to be taken apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte* Panel(byte* panel, byte* tile, int columns)
    {
        byte* integers = tile + IntegersAt(columns);
        if (TFormat.IsSigned)
            return integers;
        byte* to = panel;
        for (byte* end = integers + (columns / QuantisedInput.Block * PartBytes); integers < end; integers += PartBytes, to += WeightPanel<TFormat>.PartBytes)
        {
            PackedColumns<TFormat>.Read(out SixteenColumns low,
                out SixteenColumns high, integers, 0, 0);
            Store(to, low.A, low.B, low.C, low.D);
            Store(to + 256, high.A, high.B, high.C, high.D);
        }
        return panel;
    }
}

/// <summary>The integers of a <see cref="PackedTile{TFormat}"/>, and its headers.</summary>
internal readonly unsafe struct PackedColumns<TFormat> : IColumns
    where TFormat : struct, IIntegerFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(
        out SixteenColumns low, out SixteenColumns high,
        byte* at, nint rowBytes, int part)
    {
        if (TFormat.IsSigned)
        {
            PanelColumns.Read(out low, out high, at, rowBytes, part);
            return;
        }
        Vector512<byte> a = Vector512.Load(at), b = Vector512.Load(at + 64), c = Vector512.Load(at + 128), d = Vector512.Load(at + 192), four = Vector512.Create((byte)15);
        low = (a & four, b & four, c & four, d & four);
        high = (High(a), High(b), High(c), High(d));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> High(Vector512<byte> nibbles) => Gfni.V512.IsSupported
        ? Gfni.V512.GaloisFieldAffineTransform(nibbles, Vector512.Create(0x1020408000000000UL).AsByte(), 0) // the matrix of bits that takes a byte's upper four
        : Vector512.ShiftRightLogical(nibbles.AsUInt16(), 4).AsByte() & Vector512.Create((byte)15);

    public static int PartsOfStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    public static int Step
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => PackedTile<TFormat>.PartBytes;
    }

    public static int PartBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => PackedTile<TFormat>.PartBytes + (TFormat.HeaderBytes * SixteenRows.Count * QuantisedInput.Block / TFormat.Elements);
    }

    public static bool HasHeaders
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => true;
    }
}
