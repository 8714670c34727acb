using System.Numerics;
using ILGPU;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>
/// How the keys that one query sees are split among groups of threads: in stretches of 2^shift positions that begin at multiples of
/// their length. The length follows from how many positions the query sees: few splits have less to combine, many fill the device.
/// It depends on nothing else, so that a row's bits are the same in any batch.
/// </summary>
internal static class DecodeSplits
{
    /// <summary>Splits of a query that sees every position before it; a window that begins within a split has one more.</summary>
    public const int Most = 32;

    /// <summary>The logarithm of a split's length for a query that sees so many positions; `least` (a power of two) is the shortest length.</summary>
    public static int Shift(int seen, int least) =>
        32 - BitOperations.LeadingZeroCount((uint)IntrinsicMath.Max(least - 1, (seen - 1) / Most));

    /// <summary>Groups for each row and key head that suffice as long as no text is longer than so many positions.</summary>
    public static int Bound(int longest, int window, int least) => window > 0 && window < longest
        ? Math.Min(Most, (window + least - 1) / least) + 1
        : Math.Min(Most, (longest + least - 1) / least);
}
