namespace Managed.Kernels.Gpu.Formats;

/// <summary>How a kernel reads weights of one stored type. Kernels are generic over it and compiled once for each type.</summary>
internal interface IWeightFormat
{
    /// <summary>The weights of a row in columns 8·eight … 8·eight + 7, with the operations that define the format.</summary>
    static abstract Eight Read(WeightView weight, int row, int eight);
}

/// <summary>float32.</summary>
internal readonly struct SingleFormat : IWeightFormat
{
    public static Eight Read(WeightView weight, int row, int eight)
    {
        Eight w;
        int at = 8 * eight;
        w.V0 = ILGPU.Interop.IntAsFloat(weight.Quant(row, at));
        w.V1 = ILGPU.Interop.IntAsFloat(weight.Quant(row, at + 1));
        w.V2 = ILGPU.Interop.IntAsFloat(weight.Quant(row, at + 2));
        w.V3 = ILGPU.Interop.IntAsFloat(weight.Quant(row, at + 3));
        w.V4 = ILGPU.Interop.IntAsFloat(weight.Quant(row, at + 4));
        w.V5 = ILGPU.Interop.IntAsFloat(weight.Quant(row, at + 5));
        w.V6 = ILGPU.Interop.IntAsFloat(weight.Quant(row, at + 6));
        w.V7 = ILGPU.Interop.IntAsFloat(weight.Quant(row, at + 7));
        return w;
    }
}

/// <summary>Two 16-bit numbers a word, the first in the low half.</summary>
internal readonly struct SixteenBits<TNumber> : IWeightFormat
    where TNumber : struct, INumber16
{
    public static Eight Read(WeightView weight, int row, int eight)
    {
        Eight w;
        int at = 4 * eight;
        uint a = weight.Quant(row, at), b = weight.Quant(row, at + 1), c = weight.Quant(row, at + 2), d = weight.Quant(row, at + 3);
        w.V0 = TNumber.ToSingle(a & 0xFFFFu);
        w.V1 = TNumber.ToSingle(a >> 16);
        w.V2 = TNumber.ToSingle(b & 0xFFFFu);
        w.V3 = TNumber.ToSingle(b >> 16);
        w.V4 = TNumber.ToSingle(c & 0xFFFFu);
        w.V5 = TNumber.ToSingle(c >> 16);
        w.V6 = TNumber.ToSingle(d & 0xFFFFu);
        w.V7 = TNumber.ToSingle(d >> 16);
        return w;
    }
}

/// <summary>A 16-bit floating-point number.</summary>
internal interface INumber16
{
    static abstract float ToSingle(uint bits);
}

/// <summary>IEEE half.</summary>
internal readonly struct HalfNumber : INumber16
{
    public static float ToSingle(uint bits) => Arithmetic.Half(bits);
}

/// <summary>bfloat16.</summary>
internal readonly struct BrainNumber : INumber16
{
    public static float ToSingle(uint bits) => Arithmetic.Brain(bits);
}
