using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Gpu.Formats;

/// <summary>
/// How a stored type is sorted into the planes of <see cref="WeightView"/> while it is uploaded; the bits stay the file's, none are added
/// but padding.
/// </summary>
internal sealed unsafe class WeightPlanes
{
    private readonly int bits; // of an integer, or of a plain number
    private readonly int scaleOffset, scaleBytes, scaleStride; // bytes within a block, and from block to block in the plane
    private readonly int blockElements = 1, blockBytes;
    private readonly delegate*<byte*, int, Vector256<byte>> unpack; // null: plain numbers
    private readonly byte[]? codes; // what an unpacked value was stored as; null: its low bits

    private WeightPlanes(int bits)
    {
        this.bits = bits;
        blockBytes = bits / 8;
    }

    private WeightPlanes(
        int bits, int elements, int bytes, delegate*<byte*, int, Vector256<byte>> unpack, int scaleOffset, int scaleBytes, int scaleStride, Func<int, int>? value)
    {
        this.bits = bits;
        (blockElements, blockBytes) = (elements, bytes);
        this.unpack = unpack;
        (this.scaleOffset, this.scaleBytes, this.scaleStride) = (scaleOffset, scaleBytes, scaleStride);
        if (value is null)
            return;
        codes = new byte[256];
        for (int code = (1 << bits) - 1; code >= 0; code--)
            codes[(byte)value(code)] = (byte)code;
    }

    private static readonly Dictionary<WeightType, WeightPlanes> Known = new()
    {
        [WeightType.F32] = new(32),
        [WeightType.F16] = new(16),
        [WeightType.BF16] = new(16),
        [WeightType.Q8_0] = Of<Q8_0>(8, 0, 2, 2),
        [WeightType.Q4_0] = Of<Q4_0>(4, 0, 2, 2),
        [WeightType.Q4_1] = Of<Q4_1>(4, 0, 4, 4),
        [WeightType.Q5_0] = Of<Q5_0>(5, 0, 2, 2),
        [WeightType.Q5_1] = Of<Q5_1>(5, 0, 4, 4),
        [WeightType.Q4_K] = Of<Q4_K>(4, 0, 16, 16),
        [WeightType.Q5_K] = Of<Q5_K>(5, 0, 16, 16),
        [WeightType.Q6_K] = Of<Q6_K>(6, 192, 18, 20, code => code - 32),
        [WeightType.IQ4_NL] = Of<IQ4_NL>(4, 0, 2, 2, code => NibbleTables.NonLinear.GetElement(code)),
        [WeightType.MXFP4] = Of<MXFP4>(4, 0, 1, 1, code => NibbleTables.Fp4Doubled.GetElement(code)),
    };

    private static WeightPlanes Of<TFormat>(int bits, int scaleOffset, int scaleBytes, int scaleStride, Func<int, int>? value = null)
        where TFormat : struct, IIntegerFormat =>
        new(bits, TFormat.Elements, TFormat.Bytes, &TFormat.Unpack, scaleOffset, scaleBytes, scaleStride, value);

    /// <summary>The planes of a type that kernels read; null: it has none.</summary>
    public static WeightPlanes? For(WeightType type) => Known.GetValueOrDefault(type);

    private static int Padded(int columns) => (columns + 7) & ~7;

    /// <summary>
    /// The word of a row in which the nibbles of columns 8·eight … stand: 16 words hold the first eight columns of four blocks of 32, then
    /// their second eight, and so on. So 16 bytes are one eighth of four blocks, as tensor cores want them.
    /// </summary>
    public static int NibbleWord(int eight) => (eight & ~15) | ((eight & 3) << 2) | ((eight >> 2) & 3);

    /// <summary>The first of the two words for bytes: 16 words hold the first eight columns of two blocks of 32, then their second eight, and so on.</summary>
    public static int ByteWord(int eight) => ((eight & ~7) << 1) | ((eight & 3) << 2) | ((eight >> 1) & 2);

    /// <summary>The word of the second plane for the pairs of bits of columns 8·eight …: eight words hold the first halves of eight blocks of 32, eight the second.</summary>
    public static int PairWord(int eight) => ((eight >> 1) & ~15) | ((eight & 2) << 2) | ((eight >> 2) & 7);

    /// <summary>Words of a row in the first plane.</summary>
    public int QuantWords(int columns) => bits < 16
        ? (Padded(columns) / (bits < 8 ? 8 : 4) + 15) & ~15
        : ((Padded(columns) * (bits / 8)) + 15) / 16 * 4;

    /// <summary>Words of a row in the second plane.</summary>
    public int HighWords(int columns) => bits switch
    {
        5 => ((Padded(columns) / 32) + 3) & ~3,
        6 => ((Padded(columns) / 16) + 15) & ~15,
        _ => 0,
    };

    /// <summary>Words of a row in the third plane.</summary>
    public int ScaleWords(int columns) => ((columns / blockElements * scaleStride) + 15) / 16 * 4;

    /// <summary>Sorts one stored row into its places in the planes, which hold zeros.</summary>
    public void Sort(uint* quants, uint* high, uint* scales, byte* row, int columns)
    {
        if (unpack == null)
        {
            new Span<byte>(row, columns * blockBytes).CopyTo(new Span<byte>(quants, columns * blockBytes));
            return;
        }
        byte* values = stackalloc byte[32];
        byte* scale = (byte*)scales;
        for (int first = 0; first < columns; first += blockElements, row += blockBytes, scale += scaleStride)
        {
            Unsafe.CopyBlockUnaligned(scale, row + scaleOffset, (uint)scaleBytes);
            for (int part = 0; part < blockElements / 32; part++)
            {
                unpack(row, part).Store(values);
                if (codes is not null)
                    for (int i = 0; i < 32; i++)
                        values[i] = codes[values[i]];
                Pack(quants, high, values, first + (32 * part));
            }
        }
    }

    // 32 integers from column `first` on.
    private void Pack(uint* quants, uint* high, byte* values, int first)
    {
        if (bits == 8)
        {
            for (int eight = 0; eight < 4; eight++)
                Unsafe.CopyBlockUnaligned(quants + ByteWord((first / 8) + eight), values + (8 * eight), 8);
            return;
        }
        int above = bits - 4;
        for (int i = 0; i < 32; i++)
        {
            int column = first + i;
            quants[NibbleWord(column / 8)] |= (uint)(values[i] & 15) << (4 * (i & 7));
            if (above > 0)
                high[above == 1 ? column / 32 : PairWord(column / 8)] |= (uint)(values[i] >> 4) << (column * above % 32);
        }
    }
}
