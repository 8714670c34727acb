using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Managed.Kernels.Linear;

/// <summary>Products of 32 weights and 32 activations, both of 8 bits, summed in fours: exact on every machine, so all paths give the same bits.</summary>
internal static class IntegerDot
{
    /// <summary>Lane i holds Σ w·x over elements 4i…4i+3. Unsigned weights lie in 0…31.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Lanes(Vector256<byte> weights, Vector256<sbyte> values, bool signed)
    {
        if (Avx2.IsSupported)
        {
            if (signed)
            {
                // |w|·(x with w's sign): the instructions multiply unsigned by signed bytes.
                values = Avx2.Sign(values, weights.AsSByte());
                weights = Avx2.Abs(weights.AsSByte());
            }
            if (AvxVnni.IsSupported)
                return AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, weights, values);
            return Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(weights, values), Vector256.Create((short)1));
        }
        return Portable(weights, values, signed);
    }

    /// <summary>The same on any machine.</summary>
    public static Vector256<int> Portable(Vector256<byte> weights, Vector256<sbyte> values, bool signed)
    {
        (Vector256<short> w0, Vector256<short> w1) = signed
            ? Vector256.Widen(weights.AsSByte())
            : (Vector256.WidenLower(weights).AsInt16(), Vector256.WidenUpper(weights).AsInt16());
        (Vector256<short> x0, Vector256<short> x1) = Vector256.Widen(values);
        return Vector256.Create(Fours(w0 * x0), Fours(w1 * x1));
    }

    // Sums of four neighbours of 16; the products of bytes fit in 16 bits, their sums need 32.
    private static Vector128<int> Fours(Vector256<short> products)
    {
        (Vector256<int> a, Vector256<int> b) = Vector256.Widen(products);
        return Vector128.Create(
            Vector128.Sum(a.GetLower()), Vector128.Sum(a.GetUpper()), Vector128.Sum(b.GetLower()), Vector128.Sum(b.GetUpper()));
    }
}
