using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Managed.Kernels.Blocks;

/// <summary>6-bit scales and minima of Q4_K and Q5_K: eight of each in 12 bytes.</summary>
internal static unsafe class SixBitScales
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (int Scale, int Minimum) Get(byte* s, int j) => j < 4
        ? (s[j] & 63, s[j + 4] & 63)
        : ((s[j + 4] & 15) | ((s[j - 4] >> 6) << 4), (s[j + 4] >> 4) | ((s[j] >> 6) << 4));

    /// <summary>d · scale and −dmin · minimum of a row's parts; the same bits, eight at a time.</summary>
    public static void ReadRow(float* scales, float* minima, byte* row, int blockBytes, int parts)
    {
        for (; parts > 0; parts -= 8, scales += 8, minima += 8, row += blockBytes)
        {
            (Vector256<float> s, Vector256<float> m) = Eight(row);
            s.Store(scales);
            m.Store(minima);
        }
    }

    /// <summary>The same of 16 rows: [parts, rows].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadTile(float* scales, float* minima, byte* rows, nint rowBytes, int blockBytes, int parts)
    {
        for (; parts > 0; parts -= 8, rows += blockBytes)
        {
            (Vector512<uint> factors, Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) = SixteenRows.Transposed(rows, rowBytes);
            Store(ref scales, ref minima, factors, a, b, c);
        }
    }

    /// <summary>The same from blocks' beginnings that lie side by side already, a double word of each row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadHeaders(float* scales, float* minima, byte* headers, int parts)
    {
        const int Words = 64; // bytes of a double word of each row
        for (; parts > 0; parts -= 8, headers += 4 * Words)
            Store(ref scales, ref minima, Vector512.Load((uint*)headers), Vector512.Load((uint*)(headers + Words)),
                Vector512.Load((uint*)(headers + (2 * Words))), Vector512.Load((uint*)(headers + (3 * Words))));
    }

    // Eight parts of 16 rows: the two factors of each row, and three words of scales and minima.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref float* scales, ref float* minima, Vector512<uint> factors, Vector512<uint> a, Vector512<uint> b, Vector512<uint> c)
    {
        Vector512<float> d = SixteenRows.LowHalves(factors), dmin = HalfBits.HighToSingle(factors);
        scales = Store(scales, a & Vector512.Create(0x3F3F3F3Fu), d);
        minima = Store(minima, b & Vector512.Create(0x3F3F3F3Fu), -dmin);
        scales = Store(scales, (c & Vector512.Create(0x0F0F0F0Fu)) | (Vector512.ShiftRightLogical(a, 2) & Vector512.Create(0x30303030u)), d);
        minima = Store(minima, (Vector512.ShiftRightLogical(c, 4) & Vector512.Create(0x0F0F0F0Fu)) | (Vector512.ShiftRightLogical(b, 2) & Vector512.Create(0x30303030u)), -dmin);
    }

    // Four bytes of each row times the row's factor.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Store(float* to, Vector512<uint> bytes, Vector512<float> factor)
    {
        for (int i = 0; i < 4; i++, to += 16)
            (factor * Vector512.ConvertToSingle((Vector512.ShiftRightLogical(bytes, 8 * i) & Vector512.Create(255u)).AsInt32())).Store(to);
        return to;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Scales, Vector256<float> Minima) Eight(byte* block)
    {
        uint a = Unsafe.ReadUnaligned<uint>(block + 4), b = Unsafe.ReadUnaligned<uint>(block + 8), c = Unsafe.ReadUnaligned<uint>(block + 12);
        ulong s = (a & 0x3F3F3F3F) | ((ulong)((c & 0x0F0F0F0F) | (((a >> 6) & 0x03030303) << 4)) << 32);
        ulong m = (b & 0x3F3F3F3F) | ((ulong)(((c >> 4) & 0x0F0F0F0F) | (((b >> 6) & 0x03030303) << 4)) << 32);
        return (Vector256.Create(Packed.Half(block)) * Packed.Singles(Vector128.WidenLower(Vector128.CreateScalar(s).AsByte()).AsInt16()),
            -(Vector256.Create(Packed.Half(block + 2)) * Packed.Singles(Vector128.WidenLower(Vector128.CreateScalar(m).AsByte()).AsInt16())));
    }
}

/// <summary>Q4_K: { f16 d; f16 dmin; 12 bytes of scales; 128 bytes of nibbles }, w = d·sc·q − dmin·m, in eight parts of 32.</summary>
internal readonly unsafe struct Q4_K : IIntegerFormat
{
    public static int Elements => 256;

    public static int Bytes => 144;

    public static bool IsSigned => false;

    public static bool IsFourBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => true;
    }

    public static bool HasMinimum => true;

    public static bool HasHalfScales => false;

    public static int HeaderBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 16;
    }

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block), dmin = Packed.Half(block + 2);
        for (int part = 0; part < 8; part++)
        {
            (int scale, int minimum) = SixBitScales.Get(block + 4, part);
            float s = d * scale, m = dmin * minimum;
            byte* nibbles = block + 16 + (32 * (part / 2));
            for (int l = 0; l < 32; l++)
                values[(32 * part) + l] = (s * ((nibbles[l] >> (4 * (part & 1))) & 15)) - m;
        }
    }

    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        SixBitScales.ReadRow(scales, minima, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadTile(float* scales, float* minima, byte* rows, nint rowBytes, int parts)
    {
        SixBitScales.ReadTile(scales, minima, rows, rowBytes, Bytes, parts);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadHeaders(float* scales, float* minima, byte* headers, int parts) => SixBitScales.ReadHeaders(scales, minima, headers, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        Vector256<byte> nibbles = Vector256.Load(block + 16 + (32 * (part / 2)));
        return ((part & 1) == 0 ? nibbles : Vector256.ShiftRightLogical(nibbles.AsUInt16(), 4).AsByte()) & Vector256.Create((byte)15);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> UnpackTwo(byte* first, byte* second, int part)
    {
        int at = 16 + (32 * (part / 2));
        Vector512<byte> nibbles = Packed.Join(Vector256.Load(first + at), Vector256.Load(second + at));
        return Vector512.ShiftRightLogical(nibbles.AsUInt16(), 4 * (part & 1)).AsByte() & Vector512.Create((byte)15);
    }
}

/// <summary>Q5_K: as Q4_K, with 32 bytes of fifth bits after the scales.</summary>
internal readonly unsafe struct Q5_K : IIntegerFormat
{
    public static int Elements => 256;

    public static int Bytes => 176;

    public static bool IsSigned => false;

    public static bool HasMinimum => true;

    public static bool HasHalfScales => false;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block), dmin = Packed.Half(block + 2);
        for (int part = 0; part < 8; part++)
        {
            (int scale, int minimum) = SixBitScales.Get(block + 4, part);
            float s = d * scale, m = dmin * minimum;
            byte* nibbles = block + 48 + (32 * (part / 2));
            for (int l = 0; l < 32; l++)
                values[(32 * part) + l] = (s * (((nibbles[l] >> (4 * (part & 1))) & 15) | (((block[16 + l] >> part) & 1) << 4))) - m;
        }
    }

    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        SixBitScales.ReadRow(scales, minima, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadTile(float* scales, float* minima, byte* rows, nint rowBytes, int parts)
    {
        SixBitScales.ReadTile(scales, minima, rows, rowBytes, Bytes, parts);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        Vector256<byte> nibbles = Vector256.Load(block + 48 + (32 * (part / 2)));
        nibbles = ((part & 1) == 0 ? nibbles : Vector256.ShiftRightLogical(nibbles.AsUInt16(), 4).AsByte()) & Vector256.Create((byte)15);
        Vector256<byte> bit = Vector256.Create((byte)(1 << part));
        Vector256<byte> fifth = Vector256.Equals(Vector256.Load(block + 16) & bit, bit) & Vector256.Create((byte)16);
        return nibbles | fifth;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> UnpackTwo(byte* first, byte* second, int part)
    {
        int at = 48 + (32 * (part / 2));
        Vector512<byte> nibbles = Packed.Join(Vector256.Load(first + at), Vector256.Load(second + at));
        Vector512<byte> bits = Packed.Join(Vector256.Load(first + 16), Vector256.Load(second + 16));
        return (Vector512.ShiftRightLogical(nibbles.AsUInt16(), 4 * (part & 1)).AsByte() & Vector512.Create((byte)15))
            | (Vector512.ShiftLeft(Vector512.ShiftRightLogical(bits.AsUInt16(), part), 4).AsByte() & Vector512.Create((byte)16));
    }
}

/// <summary>Q6_K: { 128 bytes of low nibbles; 64 bytes of high pairs; 16 signed scales; f16 d }, w = d·sc·(q − 32), scales of 16 elements.</summary>
internal readonly unsafe struct Q6_K : IIntegerFormat
{
    public static int Elements => 256;

    public static int Bytes => 210;

    public static bool IsSigned => true;

    public static bool HasMinimum => false;

    public static bool HasHalfScales => true;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block + 208);
        for (int part = 0; part < 8; part++)
        {
            int half = part / 4, quarter = part % 4;
            byte* low = block + (64 * half) + (32 * (quarter & 1)), high = block + 128 + (32 * half);
            for (int l = 0; l < 32; l++)
            {
                float scale = d * (sbyte)block[192 + (2 * part) + (l / 16)];
                int q = ((low[l] >> (quarter < 2 ? 0 : 4)) & 15) | (((high[l] >> (2 * quarter)) & 3) << 4);
                values[(32 * part) + l] = scale * (q - 32);
            }
        }
    }

    public static void ReadScales(float* scales, float* minima, byte* row, int parts)
    {
        for (; parts > 0; parts -= 8, scales += 16, row += Bytes)
        {
            Vector256<float> d = Vector256.Create(Packed.Half(row + 208));
            (Vector128<short> low, Vector128<short> high) = Vector128.Widen(Vector128.Load((sbyte*)row + 192));
            (d * Packed.Singles(low)).Store(scales);
            (d * Packed.Singles(high)).Store(scales + 8);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadTile(float* scales, float* minima, byte* rows, nint rowBytes, int parts)
    {
        uint* halves = stackalloc uint[SixteenRows.Count];
        for (; parts > 0; parts -= 8, rows += Bytes)
        {
            for (int r = 0; r < SixteenRows.Count; r++)
                halves[r] = (uint)Unsafe.ReadUnaligned<ushort>(rows + 208 + (r * rowBytes)) << 16;
            Vector512<float> d = HalfBits.HighToSingle(Vector512.Load(halves));
            (Vector512<uint> a, Vector512<uint> b, Vector512<uint> e, Vector512<uint> f) = SixteenRows.Transposed(rows + 192, rowBytes);
            scales = Store(Store(Store(Store(scales, a, d), b, d), e, d), f, d);
        }
        return true;
    }

    // Four signed bytes of each row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Store(float* scales, Vector512<uint> bytes, Vector512<float> d)
    {
        for (int i = 0; i < 4; i++, scales += 16)
            (d * Vector512.ConvertToSingle(Vector512.ShiftRightArithmetic(Vector512.ShiftLeft(bytes.AsInt32(), 24 - (8 * i)), 24))).Store(scales);
        return scales;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        int half = part / 4, quarter = part % 4;
        Vector256<byte> low = Vector256.Load(block + (64 * half) + (32 * (quarter & 1))), high = Vector256.Load(block + 128 + (32 * half));
        low = (quarter < 2 ? low : Vector256.ShiftRightLogical(low.AsUInt16(), 4).AsByte()) & Vector256.Create((byte)15);
        high = Vector256.ShiftRightLogical(high.AsUInt16(), 2 * quarter).AsByte() & Vector256.Create((byte)3);
        return (low | Vector256.ShiftLeft(high.AsUInt16(), 4).AsByte()) - Vector256.Create((byte)32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> UnpackTwo(byte* first, byte* second, int part)
    {
        int half = part / 4, quarter = part % 4, lowAt = (64 * half) + (32 * (quarter & 1)), highAt = 128 + (32 * half);
        Vector512<byte> low = Packed.Join(Vector256.Load(first + lowAt), Vector256.Load(second + lowAt));
        Vector512<byte> high = Packed.Join(Vector256.Load(first + highAt), Vector256.Load(second + highAt));
        low = Vector512.ShiftRightLogical(low.AsUInt16(), quarter < 2 ? 0 : 4).AsByte() & Vector512.Create((byte)15);
        high = Vector512.ShiftLeft(Vector512.ShiftRightLogical(high.AsUInt16(), 2 * quarter), 4).AsByte() & Vector512.Create((byte)0x30);
        return (low | high) - Vector512.Create((byte)32);
    }
}

/// <summary>Q2_K: { 16 bytes of scale and minimum nibbles; 64 bytes of pairs; f16 d; f16 dmin }, w = d·sc·q − dmin·m, in parts of 16.</summary>
internal readonly unsafe struct Q2_K : IBlockFormat
{
    public static int Elements => 256;

    public static int Bytes => 84;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block + 80), dmin = Packed.Half(block + 82);
        for (int part = 0; part < 16; part++)
        {
            int half = part / 8, shift = 2 * (part % 8 / 2);
            float s = d * (block[part] & 15), m = dmin * (block[part] >> 4);
            byte* pairs = block + 16 + (32 * half) + (16 * (part & 1));
            for (int l = 0; l < 16; l++)
                values[(16 * part) + l] = (s * ((pairs[l] >> shift) & 3)) - m;
        }
    }
}

/// <summary>Q3_K: { 32 bytes of third bits; 64 bytes of pairs; 12 bytes of scales; f16 d }, w = d·(sc − 32)·(q − 4 or q), in parts of 16.</summary>
internal readonly unsafe struct Q3_K : IBlockFormat
{
    public static int Elements => 256;

    public static int Bytes => 110;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block + 108);
        byte* packed = block + 96;
        for (int part = 0; part < 16; part++)
        {
            int half = part / 8, shift = 2 * (part % 8 / 2);
            int low = part < 8 ? packed[part] & 15 : packed[part - 8] >> 4;
            int scale = (low | (((packed[8 + (part % 4)] >> (2 * (part / 4))) & 3) << 4)) - 32;
            float s = d * scale;
            byte* pairs = block + 32 + (32 * half) + (16 * (part & 1)), third = block + (16 * (part & 1));
            int bit = 1 << ((4 * half) + (shift / 2));
            for (int l = 0; l < 16; l++)
                values[(16 * part) + l] = s * (((pairs[l] >> shift) & 3) - ((third[l] & bit) != 0 ? 0 : 4));
        }
    }
}
