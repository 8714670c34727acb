using System.Runtime.InteropServices;

namespace ILGPU;

/// <summary>Sizes, alignments, bits.</summary>
public static unsafe partial class Interop
{
    /// <summary>Bytes of a value.</summary>
    public static int SizeOf<T>()
        where T : unmanaged
        => sizeof(T);

    /// <summary>Bytes of a value.</summary>
    public static int SizeOf<T>(T structure)
        where T : unmanaged
        => sizeof(T);

    /// <summary>Bytes from the start of a structure to one of its fields.</summary>
    public static int OffsetOf<T>(string fieldName)
        where T : unmanaged
        => Marshal.OffsetOf<T>(fieldName).ToInt32();

    /// <summary>Bytes from an address to the next multiple of the alignment (a power of two).</summary>
    public static int ComputeAlignmentOffset(long ptr, int alignmentInBytes)
    {
        int over = (int)ptr & (alignmentInBytes - 1);
        return over == 0 ? 0 : alignmentInBytes - over;
    }

    /// <summary>A length rounded up so that a piece at this address ends at a multiple of the alignment (a power of two).</summary>
    public static long Align(long ptr, long length, int alignmentInBytes) => length + ComputeAlignmentOffset(ptr + length, alignmentInBytes);

    /// <summary>Elements of the first type that hold so many elements of the second.</summary>
    public static long ComputeRelativeSizeOf<TFirst, TSecond>(long numSecondElements)
        where TFirst : unmanaged
        where TSecond : unmanaged
        => ((numSecondElements * sizeof(TSecond)) + sizeof(TFirst) - 1) / sizeof(TFirst);

    /// <summary>The bits of a number.</summary>
    public static ushort FloatAsInt(Half value) => value.RawValue;

    /// <summary>The bits of a number.</summary>
    public static uint FloatAsInt(float value) => BitConverter.SingleToUInt32Bits(value);

    /// <summary>The bits of a number.</summary>
    public static ulong FloatAsInt(double value) => BitConverter.DoubleToUInt64Bits(value);

    /// <summary>The number with these bits.</summary>
    public static Half IntAsFloat(ushort value) => Half.FromRaw(value);

    /// <summary>The number with these bits.</summary>
    public static float IntAsFloat(uint value) => BitConverter.UInt32BitsToSingle(value);

    /// <summary>The number with these bits.</summary>
    public static double IntAsFloat(ulong value) => BitConverter.UInt64BitsToDouble(value);
}
