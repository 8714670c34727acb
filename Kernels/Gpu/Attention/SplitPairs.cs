using ILGPU;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>Two pairs of numbers, each number as the sum of two bfloat16 numbers: together 16 of its 24 bits.</summary>
internal struct SplitPairs
{
    /// <summary>The numbers rounded, of the first and of the second pair; the first number in the low half.</summary>
    public uint Leading0, Leading1;

    /// <summary>What rounding left, rounded.</summary>
    public uint Rest0, Rest1;

    public static SplitPairs Of(float x, float y, float z, float w)
    {
        SplitPairs split;
        split.Leading0 = TensorCore.Brains(x, y);
        split.Leading1 = TensorCore.Brains(z, w);
        split.Rest0 = TensorCore.Brains(x - Low(split.Leading0), y - High(split.Leading0));
        split.Rest1 = TensorCore.Brains(z - Low(split.Leading1), w - High(split.Leading1));
        return split;
    }

    private static float Low(uint pair) => Interop.IntAsFloat(pair << 16);

    private static float High(uint pair) => Interop.IntAsFloat(pair & 0xFFFF0000u);
}
