namespace Managed.Kernels.Gpu.Formats;

/// <summary>A quantised type: integers, and scales for parts of them. w = scale · q + minimum, without fused multiply-add.</summary>
internal readonly struct IntegerFormat<TQuants, TScales> : IWeightFormat
    where TQuants : struct, IQuants
    where TScales : struct, IScales
{
    public static Eight Read(WeightView weight, int row, int eight)
    {
        float scale = TScales.Scale(weight, row, eight), minimum = TScales.Minimum(weight, row, eight);
        uint low = TQuants.Low(weight, row, eight), high = TQuants.High(weight, row, eight);
        Eight w;
        w.V0 = (scale * TQuants.Value(low, high, 0)) + minimum;
        w.V1 = (scale * TQuants.Value(low, high, 1)) + minimum;
        w.V2 = (scale * TQuants.Value(low, high, 2)) + minimum;
        w.V3 = (scale * TQuants.Value(low, high, 3)) + minimum;
        w.V4 = (scale * TQuants.Value(low, high, 4)) + minimum;
        w.V5 = (scale * TQuants.Value(low, high, 5)) + minimum;
        w.V6 = (scale * TQuants.Value(low, high, 6)) + minimum;
        w.V7 = (scale * TQuants.Value(low, high, 7)) + minimum;
        return w;
    }
}

/// <summary>Eight packed integers in one or two words.</summary>
internal interface IQuants
{
    static abstract uint Low(WeightView weight, int row, int eight);

    static abstract uint High(WeightView weight, int row, int eight);

    /// <summary>Integer i of the eight, or what it stands for.</summary>
    static abstract int Value(uint low, uint high, int i);
}

/// <summary>Bits that are less than a word for eight integers: a nibble each in the first plane.</summary>
internal static class Nibbles
{
    public static uint Low(WeightView weight, int row, int eight) => weight.Quant(row, WeightPlanes.NibbleWord(eight));

    public static int At(uint low, int i) => (int)((low >> (4 * i)) & 15u);
}

/// <summary>0 … 15.</summary>
internal readonly struct FourBits : IQuants
{
    public static uint Low(WeightView weight, int row, int eight) => Nibbles.Low(weight, row, eight);

    public static uint High(WeightView weight, int row, int eight) => 0;

    public static int Value(uint low, uint high, int i) => Nibbles.At(low, i);
}

/// <summary>−8 … 7.</summary>
internal readonly struct FourBitsCentred : IQuants
{
    public static uint Low(WeightView weight, int row, int eight) => Nibbles.Low(weight, row, eight);

    public static uint High(WeightView weight, int row, int eight) => 0;

    public static int Value(uint low, uint high, int i) => Nibbles.At(low, i) - 8;
}

/// <summary>0 … 31: fifth bits in a byte.</summary>
internal readonly struct FiveBits : IQuants
{
    public static uint Low(WeightView weight, int row, int eight) => Nibbles.Low(weight, row, eight);

    public static uint High(WeightView weight, int row, int eight) => weight.HighWord(row, eight >> 2) >> ((eight & 3) << 3);

    public static int Value(uint low, uint high, int i) => Nibbles.At(low, i) | (int)(((high >> i) & 1u) << 4);
}

/// <summary>−16 … 15.</summary>
internal readonly struct FiveBitsCentred : IQuants
{
    public static uint Low(WeightView weight, int row, int eight) => FiveBits.Low(weight, row, eight);

    public static uint High(WeightView weight, int row, int eight) => FiveBits.High(weight, row, eight);

    public static int Value(uint low, uint high, int i) => FiveBits.Value(low, high, i) - 16;
}

/// <summary>−32 … 31: the two high bits in half a word.</summary>
internal readonly struct SixBitsCentred : IQuants
{
    public static uint Low(WeightView weight, int row, int eight) => Nibbles.Low(weight, row, eight);

    public static uint High(WeightView weight, int row, int eight) => weight.HighWord(row, WeightPlanes.PairWord(eight)) >> ((eight & 1) << 4);

    public static int Value(uint low, uint high, int i) => (Nibbles.At(low, i) | (int)(((high >> (2 * i)) & 3u) << 4)) - 32;
}

/// <summary>−128 … 127: two words for eight.</summary>
internal readonly struct SignedBytes : IQuants
{
    public static uint Low(WeightView weight, int row, int eight) => weight.Quant(row, WeightPlanes.ByteWord(eight));

    public static uint High(WeightView weight, int row, int eight) => weight.Quant(row, WeightPlanes.ByteWord(eight) + 1);

    public static int Value(uint low, uint high, int i) => (int)((i < 4 ? low : high) << (24 - (8 * (i & 3)))) >> 24;
}

/// <summary>The 16 non-linear values of IQ4_NL.</summary>
internal readonly struct NonLinearNibbles : IQuants
{
    // Values 0 to 7 and 8 to 15 as signed bytes, the first lowest.
    private const ulong First = 0xF6EADDCFBFAD9881, Last = 0x7159453526190D01;

    public static uint Low(WeightView weight, int row, int eight) => Nibbles.Low(weight, row, eight);

    public static uint High(WeightView weight, int row, int eight) => 0;

    public static int Value(uint low, uint high, int i)
    {
        int q = Nibbles.At(low, i);
        uint value = (uint)((q < 8 ? First : Last) >> ((q & 7) << 3));
        return (int)(value << 24) >> 24;
    }
}

/// <summary>e2m1, doubled: 0, 1, 2, 3, 4, 6, 8, 12 and their negatives.</summary>
internal readonly struct MicroFloats : IQuants
{
    private const uint Magnitudes = 0xC8643210;

    public static uint Low(WeightView weight, int row, int eight) => Nibbles.Low(weight, row, eight);

    public static uint High(WeightView weight, int row, int eight) => 0;

    public static int Value(uint low, uint high, int i)
    {
        int q = Nibbles.At(low, i), magnitude = (int)((Magnitudes >> ((q & 7) << 2)) & 15u);
        return q < 8 ? magnitude : -magnitude;
    }
}
