using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Managed.Kernels.Blocks;

/// <summary>The 16-bit floating-point formats.</summary>
internal static class HalfBits
{
    /// <summary>IEEE half to float32, exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSingle(ushort bits)
    {
        // Exponent and fraction moved into place are the number times 2^-112; subnormals come out right too.
        if ((bits & 0x7C00) == 0x7C00)
            return (float)BitConverter.UInt16BitsToHalf(bits);
        float magnitude = BitConverter.UInt32BitsToSingle((uint)(bits & 0x7FFF) << 13) * BitConverter.UInt32BitsToSingle((127u + 112u) << 23);
        return BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(magnitude) | ((uint)(bits & 0x8000) << 16));
    }

    /// <summary>Eight halves, in the high 16 bits of each lane; what is in the low ones does not matter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> HighToSingle(Vector256<uint> bits)
    {
        Vector256<uint> exponent = Vector256.Create(0x7C000000u);
        Vector256<uint> special = Vector256.Equals(bits & exponent, exponent) & Vector256.Create(0x7F800000u); // infinite or not a number
        // The sign is copied over the three bits by which exponent and fraction move.
        Vector256<uint> moved = Vector256.ShiftRightArithmetic(bits.AsInt32(), 3).AsUInt32() & Vector256.Create(0x8FFFE000u);
        return ((moved.AsSingle() * Vector256.Create((127u + 112u) << 23).AsSingle()).AsUInt32() | special).AsSingle();
    }

    /// <summary>Sixteen of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> HighToSingle(Vector512<uint> bits)
    {
        Vector512<uint> exponent = Vector512.Create(0x7C000000u);
        Vector512<uint> special = Vector512.Equals(bits & exponent, exponent) & Vector512.Create(0x7F800000u);
        return (FiniteHighToSingle(bits).AsUInt32() | special).AsSingle();
    }

    /// <summary>The same where it is known that none is infinite or not a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> FiniteHighToSingle(Vector512<uint> bits)
    {
        Vector512<float> moved = (Vector512.ShiftRightArithmetic(bits.AsInt32(), 3).AsUInt32() & Vector512.Create(0x8FFFE000u)).AsSingle();
        // The same bits by either way; a multiplication takes several times as long where one of the numbers is subnormal.
        return Avx512F.IsSupported ? Avx512F.Scale(moved, Vector512.Create(112f)) : moved * Vector512.Create((127u + 112u) << 23).AsSingle();
    }

    /// <summary>Sixteen halves that lie side by side, of which it is known that none is infinite or not a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector512<float> FiniteToSingle(ushort* halves) =>
        FiniteHighToSingle(Vector512.ShiftLeft(Avx512F.ConvertToVector512UInt32(Vector256.Load(halves)), 16));

    /// <summary>Whether none of so many halves is infinite or not a number.</summary>
    public static unsafe bool AreFinite(ushort* halves, long count)
    {
        var magnitude = Vector512.Create((ushort)0x7FFF);
        Vector512<ushort> greatest = default;
        long i = 0;
        for (; i + Vector512<ushort>.Count <= count; i += Vector512<ushort>.Count)
            greatest = Vector512.Max(greatest, Vector512.Load(halves + i) & magnitude);
        bool finite = Vector512.LessThanAll(greatest, Vector512.Create(FirstSpecial));
        for (; i < count; i++)
            finite &= (halves[i] & 0x7FFF) < FirstSpecial;
        return finite;
    }

    private const ushort FirstSpecial = 0x7C00; // infinity; what is above is not a number

    /// <summary>bfloat16 to float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float BrainToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>float32 to bfloat16, rounded to nearest, ties to even.</summary>
    public static ushort ToBrain(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
