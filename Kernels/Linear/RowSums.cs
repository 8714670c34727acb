using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Managed.Kernels.Linear;

/// <summary>Integer sums over the lanes of several rows at once. Integers add up to the same in any order.</summary>
internal static class RowSums
{
    /// <summary>Each lane of 128 bits: the sums of that lane in a, b, c, d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Four(Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d)
    {
        if (!Avx2.IsSupported)
            return Vector256.Create(
                Vector128.Create(Vector128.Sum(a.GetLower()), Vector128.Sum(b.GetLower()), Vector128.Sum(c.GetLower()), Vector128.Sum(d.GetLower())),
                Vector128.Create(Vector128.Sum(a.GetUpper()), Vector128.Sum(b.GetUpper()), Vector128.Sum(c.GetUpper()), Vector128.Sum(d.GetUpper())));
        Vector256<long> ab = (Avx2.UnpackLow(a, b) + Avx2.UnpackHigh(a, b)).AsInt64(), cd = (Avx2.UnpackLow(c, d) + Avx2.UnpackHigh(c, d)).AsInt64();
        return Avx2.UnpackLow(ab, cd).AsInt32() + Avx2.UnpackHigh(ab, cd).AsInt32();
    }

    /// <summary>The same of 16-bit numbers, in pairs that stay apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Four(Vector512<short> a, Vector512<short> b, Vector512<short> c, Vector512<short> d)
    {
        Vector512<long> ab = (Low(a, b) + High(a, b)).AsInt64(), cd = (Low(c, d) + High(c, d)).AsInt64();
        return Avx512F.UnpackLow(ab, cd).AsInt16() + Avx512F.UnpackHigh(ab, cd).AsInt16();
    }

    /// <summary>Of rows 0…3 in `low` and 4…7 in `high`: the even 128-bit lanes of all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> FirstHalf(Vector256<int> low, Vector256<int> high) =>
        Avx2.IsSupported ? Avx2.Permute2x128(low, high, 0x20) : Vector256.Create(low.GetLower(), high.GetLower());

    /// <summary>The odd 128-bit lanes of all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> SecondHalf(Vector256<int> low, Vector256<int> high) =>
        Avx2.IsSupported ? Avx2.Permute2x128(low, high, 0x31) : Vector256.Create(low.GetUpper(), high.GetUpper());

    /// <summary>Adds the two lanes of each row: rows 0…3 and 4…7 in the halves of `low`, 8…11 and 12…15 in those of `high`.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Both(Vector512<int> low, Vector512<int> high) =>
        Avx512F.Shuffle4x128(low, high, 0b10_00_10_00) + Avx512F.Shuffle4x128(low, high, 0b11_01_11_01);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Low(Vector512<short> a, Vector512<short> b) => Avx512F.UnpackLow(a.AsInt32(), b.AsInt32()).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> High(Vector512<short> a, Vector512<short> b) => Avx512F.UnpackHigh(a.AsInt32(), b.AsInt32()).AsInt16();
}
