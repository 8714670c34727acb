using ILGPU;

namespace Managed.Kernels.Gpu.Formats;

/// <summary>The scale and minimum that eight weights share.</summary>
internal interface IScales
{
    static abstract float Scale(WeightView weight, int row, int eight);

    /// <summary>What is added; 0 where the format has none.</summary>
    static abstract float Minimum(WeightView weight, int row, int eight);
}

/// <summary>One half for 32 weights.</summary>
internal readonly struct HalfScale : IScales
{
    public static float Scale(WeightView weight, int row, int eight) => Arithmetic.Half(weight.ScaleHalf(row, eight >> 2));

    public static float Minimum(WeightView weight, int row, int eight) => 0;
}

/// <summary>A half for the scale and one for the minimum of 32 weights: a word.</summary>
internal readonly struct HalfScaleAndMinimum : IScales
{
    public static float Scale(WeightView weight, int row, int eight) => Arithmetic.Half(weight.ScaleWord(row, eight >> 2) & 0xFFFFu);

    public static float Minimum(WeightView weight, int row, int eight) => Arithmetic.Half(weight.ScaleWord(row, eight >> 2) >> 16);
}

/// <summary>2^(e − 128) for 32 weights: a byte.</summary>
internal readonly struct PowerScale : IScales
{
    public static float Scale(WeightView weight, int row, int eight)
    {
        uint e = weight.ScaleByte(row, eight >> 2);
        return Interop.IntAsFloat(e < 2 ? 0x00200000u << (int)e : (e - 1) << 23);
    }

    public static float Minimum(WeightView weight, int row, int eight) => 0;
}

/// <summary>
/// Q4_K and Q5_K: halves d and dmin for 256 weights, and eight 6-bit scales and minima for parts of 32; four words, as in the file.
/// </summary>
internal readonly struct SixBitScales : IScales
{
    public static float Scale(WeightView weight, int row, int eight)
    {
        int word = (eight >> 5) << 2, part = (eight >> 2) & 7, shift = (part & 3) << 3;
        float d = Arithmetic.Half(weight.ScaleWord(row, word) & 0xFFFFu);
        uint first = weight.ScaleWord(row, word + 1) >> shift, last = weight.ScaleWord(row, word + 3) >> shift;
        return d * (int)(part < 4 ? first & 63u : (last & 15u) | (((first >> 6) & 3u) << 4));
    }

    public static float Minimum(WeightView weight, int row, int eight)
    {
        int word = (eight >> 5) << 2, part = (eight >> 2) & 7, shift = (part & 3) << 3;
        float d = Arithmetic.Half(weight.ScaleWord(row, word) >> 16);
        uint second = weight.ScaleWord(row, word + 2) >> shift, last = weight.ScaleWord(row, word + 3) >> shift;
        return -(d * (int)(part < 4 ? second & 63u : ((last >> 4) & 15u) | (((second >> 6) & 3u) << 4)));
    }
}

/// <summary>Q6_K: a signed byte for 16 weights, then a half for 256; five words.</summary>
internal readonly struct ByteScales : IScales
{
    public static float Scale(WeightView weight, int row, int eight)
    {
        int word = 5 * (eight >> 5), part = (eight >> 1) & 15;
        float d = Arithmetic.Half(weight.ScaleWord(row, word + 4) & 0xFFFFu);
        return d * ((int)(weight.ScaleWord(row, word + (part >> 2)) << (24 - ((part & 3) << 3))) >> 24);
    }

    public static float Minimum(WeightView weight, int row, int eight) => 0;
}
