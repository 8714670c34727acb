namespace ILGPU.Algorithms;

public static partial class XMath
{
    /// <summary>Sine of an angle in radians, of any size.</summary>
    public static float Sin(float value)
    {
        int quadrant = Reduce(value, out float r, out float rLow);
        float result = (quadrant & 1) == 0 ? SinKernel(r, rLow) : CosKernel(r, rLow);
        result = (quadrant & 2) == 0 ? result : -result;
        // Keeps −0 and makes infinity NaN.
        return value == 0 ? value : result;
    }

    /// <summary>Cosine of an angle in radians, of any size.</summary>
    public static float Cos(float value)
    {
        int quadrant = Reduce(value, out float r, out float rLow);
        float result = (quadrant & 1) == 0 ? CosKernel(r, rLow) : SinKernel(r, rLow);
        return ((quadrant + 1) & 2) == 0 ? result : -result;
    }

    /// <summary>Sine and cosine of an angle in radians.</summary>
    public static void SinCos(float value, out float sin, out float cos)
    {
        sin = Sin(value);
        cos = Cos(value);
    }

    /// <summary>Tangent of an angle in radians, of any size.</summary>
    public static float Tan(float value)
    {
        int quadrant = Reduce(value, out float r, out float rLow);
        float z = r * r;
        float p = 0.0039705173f;
        p = MathF.FusedMultiplyAdd(p, z, 0.00096744054f);
        p = MathF.FusedMultiplyAdd(p, z, 0.0101005845f);
        p = MathF.FusedMultiplyAdd(p, z, 0.021581056f);
        p = MathF.FusedMultiplyAdd(p, z, 0.053999633f);
        p = MathF.FusedMultiplyAdd(p, z, 0.13333207f);
        p = MathF.FusedMultiplyAdd(p, z, 0.33333334f);
        float high = r;
        float low = MathF.FusedMultiplyAdd(p * z, r, MathF.FusedMultiplyAdd(rLow, z, rLow));
        float tangent = high + low;
        low = high - tangent + low;
        // −1 / tangent, corrected by what the rounded quotient leaves.
        float inverse = -1 / tangent;
        float residue = MathF.FusedMultiplyAdd(inverse, tangent, 1) + (inverse * low);
        inverse = MathF.FusedMultiplyAdd(inverse, residue, inverse);
        float result = (quadrant & 1) == 0 ? tangent : inverse;
        return value == 0 ? value : result;
    }

    /// <summary>The remainder of an angle after whole quarter turns, as a sum of two numbers; returns how many quarter turns (modulo 4).</summary>
    private static int Reduce(float value, out float r, out float rLow)
    {
        if (MathF.Abs(value) < 100000f)
        {
            float whole = MathF.Round(value * 0.63661975f);
            float first = MathF.FusedMultiplyAdd(whole, -1.5707964f, value);
            float product = whole * (4.371139e-8f);
            float productLow = MathF.FusedMultiplyAdd(whole, 4.371139e-8f, -product);
            r = first + product;
            // Exact, as product is no larger than what it is taken from wherever that matters.
            rLow = TwoSumError(first, product, r) + productLow;
            rLow = MathF.FusedMultiplyAdd(whole, 1.7151245e-15f, rLow);
            float sum = r + rLow;
            rLow = r - sum + rLow;
            r = sum;
            return (int)(whole);
        }
        if (!IsFinite(value))
        {
            r = float.NaN;
            rLow = 0;
            return 0;
        }
        int quadrant = ReduceLarge(value, out r, out rLow);
        float total = r + rLow;
        rLow = r - total + rLow;
        r = total;
        return quadrant;
    }

    /// <summary>What the sum of two numbers lost by rounding.</summary>
    private static float TwoSumError(float a, float b, float sum)
    {
        float part = sum - a;
        return a - (sum - part) + (b - part);
    }

    private static float SinKernel(float r, float rLow)
    {
        float z = r * r;
        float p = -0.00019580338f;
        p = MathF.FusedMultiplyAdd(p, z, 0.008332713f);
        p = MathF.FusedMultiplyAdd(p, z, -0.16666664f);
        return r + MathF.FusedMultiplyAdd(p * z, r, rLow);
    }

    private static float CosKernel(float r, float rLow)
    {
        float z = r * r;
        float p = 2.4540373e-5f;
        p = MathF.FusedMultiplyAdd(p, z, -0.0013888268f);
        p = MathF.FusedMultiplyAdd(p, z, 0.041666664f);
        float half = 0.5f * z;
        float high = 1 - half;
        float low = 1 - high - half;
        return high + MathF.FusedMultiplyAdd(p * z, z, MathF.FusedMultiplyAdd(-r, rLow, low));
    }

    /// <summary>The remainder of any finite number, from as many digits of 2/π as it needs.</summary>
    private static int ReduceLarge(float value, out float r, out float rLow)
    {
        int bits = BitConverter.SingleToInt32Bits(value);
        uint mantissa = ((uint)bits & 0x007fffff) | 0x00800000;
        // value · 2/π = mantissa · 2/π · 2^(offset + 2), of which multiples of 4 do not count: 96 bits of 2/π from `offset` on suffice.
        int offset = ((bits >> 23) & 0xff) - 152 + 32;
        int word = offset >> 5;
        int shift = offset & 31;
        uint q0 = Window(TwoOverPi(word), TwoOverPi(word + 1), shift);
        uint q1 = Window(TwoOverPi(word + 1), TwoOverPi(word + 2), shift);
        uint q2 = Window(TwoOverPi(word + 2), TwoOverPi(word + 3), shift);
        ulong low = (ulong)mantissa * q2;
        ulong middle = ((ulong)mantissa * q1) + (low >> 32);
        uint high = (mantissa * q0) + (uint)(middle >> 32);
        ulong turns = ((ulong)high << 32) | (uint)middle;
        int quadrant = (int)(turns >> 62);
        // What is left of a quarter turn, in [−1/2, 1/2) · 2⁶⁴.
        long rest = (long)(turns << 2);
        quadrant += (int)((ulong)rest >> 63);
        float restHigh = rest;
        float restLow = restHigh >= 9.2233715e18f ? 0 : rest - (long)restHigh;
        r = restHigh * 8.515304e-20f;
        rLow = MathF.FusedMultiplyAdd(restHigh, 8.515304e-20f, -r) + (restHigh * -2.3695991e-27f) + (restLow * 8.515304e-20f);
        bool isNegative = bits < 0;
        r = isNegative ? -r : r;
        rLow = isNegative ? -rLow : rLow;
        return isNegative ? -quadrant : quadrant;
    }

    private static uint Window(uint first, uint second, int shift) => (uint)((((ulong)first << 32) | second) >> (32 - shift));

    /// <summary>The bits of 2/π in words, after one word of 0.</summary>
    private static uint TwoOverPi(int word) => word switch
    {
        0 => 0x00000000,
        1 => 0xa2f9836e,
        2 => 0x4e441529,
        3 => 0xfc2757d1,
        4 => 0xf534ddc0,
        5 => 0xdb629599,
        6 => 0x3c439041,
        _ => 0xfe5163ab,
    };

    /// <summary>Sine of an angle in radians, of any size.</summary>
    public static double Sin(double value)
    {
        int quadrant = Reduce(value, out double r, out double rLow);
        double result = (quadrant & 1) == 0 ? SinKernel(r, rLow) : CosKernel(r, rLow);
        result = (quadrant & 2) == 0 ? result : -result;
        // Keeps −0 and makes infinity NaN.
        return value == 0 ? value : result;
    }

    /// <summary>Cosine of an angle in radians, of any size.</summary>
    public static double Cos(double value)
    {
        int quadrant = Reduce(value, out double r, out double rLow);
        double result = (quadrant & 1) == 0 ? CosKernel(r, rLow) : SinKernel(r, rLow);
        return ((quadrant + 1) & 2) == 0 ? result : -result;
    }

    /// <summary>Sine and cosine of an angle in radians.</summary>
    public static void SinCos(double value, out double sin, out double cos)
    {
        sin = Sin(value);
        cos = Cos(value);
    }

    /// <summary>Tangent of an angle in radians, of any size.</summary>
    public static double Tan(double value)
    {
        int quadrant = Reduce(value, out double r, out double rLow);
        double z = r * r;
        double p = 9.097289891445671e-6;
        p = Math.FusedMultiplyAdd(p, z, -2.090345500037357e-5);
        p = Math.FusedMultiplyAdd(p, z, 4.13795674251564e-5);
        p = Math.FusedMultiplyAdd(p, z, -1.6385831126126343e-5);
        p = Math.FusedMultiplyAdd(p, z, 5.9461216392354765e-5);
        p = Math.FusedMultiplyAdd(p, z, 8.807141458228788e-5);
        p = Math.FusedMultiplyAdd(p, z, 0.0002418883145834322);
        p = Math.FusedMultiplyAdd(p, z, 0.0005894147291293475);
        p = Math.FusedMultiplyAdd(p, z, 0.0014559299084403374);
        p = Math.FusedMultiplyAdd(p, z, 0.003592117875778647);
        p = Math.FusedMultiplyAdd(p, z, 0.008863236232553728);
        p = Math.FusedMultiplyAdd(p, z, 0.021869488506989134);
        p = Math.FusedMultiplyAdd(p, z, 0.05396825396888618);
        p = Math.FusedMultiplyAdd(p, z, 0.13333333333332795);
        p = Math.FusedMultiplyAdd(p, z, 0.3333333333333333);
        double high = r;
        double low = Math.FusedMultiplyAdd(p * z, r, Math.FusedMultiplyAdd(rLow, z, rLow));
        double tangent = high + low;
        low = high - tangent + low;
        // −1 / tangent, corrected by what the rounded quotient leaves.
        double inverse = -1 / tangent;
        double residue = Math.FusedMultiplyAdd(inverse, tangent, 1) + (inverse * low);
        inverse = Math.FusedMultiplyAdd(inverse, residue, inverse);
        double result = (quadrant & 1) == 0 ? tangent : inverse;
        return value == 0 ? value : result;
    }

    /// <summary>The remainder of an angle after whole quarter turns, as a sum of two numbers; returns how many quarter turns (modulo 4).</summary>
    private static int Reduce(double value, out double r, out double rLow)
    {
        if (Math.Abs(value) < 1e9)
        {
            double whole = Math.Round(value * 0.6366197723675814);
            double first = Math.FusedMultiplyAdd(whole, -1.5707963267948966, value);
            double product = whole * (6.123233995736766e-17);
            double productLow = Math.FusedMultiplyAdd(whole, 6.123233995736766e-17, -product);
            r = first - product;
            // Exact, as product is no larger than what it is taken from wherever that matters.
            rLow = TwoSumError(first, -product, r) - productLow;
            rLow = Math.FusedMultiplyAdd(whole, 1.4973849048591698e-33, rLow);
            double sum = r + rLow;
            rLow = r - sum + rLow;
            r = sum;
            return (int)(long)whole;
        }
        if (!IsFinite(value))
        {
            r = double.NaN;
            rLow = 0;
            return 0;
        }
        int quadrant = ReduceLarge(value, out r, out rLow);
        double total = r + rLow;
        rLow = r - total + rLow;
        r = total;
        return quadrant;
    }

    /// <summary>What the sum of two numbers lost by rounding.</summary>
    private static double TwoSumError(double a, double b, double sum)
    {
        double part = sum - a;
        return a - (sum - part) + (b - part);
    }

    private static double SinKernel(double r, double rLow)
    {
        double z = r * r;
        double p = 1.5913920350003036e-10;
        p = Math.FusedMultiplyAdd(p, z, -2.5051072548500804e-8);
        p = Math.FusedMultiplyAdd(p, z, 2.755731581375289e-6);
        p = Math.FusedMultiplyAdd(p, z, -0.00019841269836193376);
        p = Math.FusedMultiplyAdd(p, z, 0.00833333333333057);
        p = Math.FusedMultiplyAdd(p, z, -0.16666666666666663);
        return r + Math.FusedMultiplyAdd(p * z, r, rLow);
    }

    private static double CosKernel(double r, double rLow)
    {
        double z = r * r;
        double p = -1.1379999309037171e-11;
        p = Math.FusedMultiplyAdd(p, z, 2.0876109172764453e-9);
        p = Math.FusedMultiplyAdd(p, z, -2.755731709105963e-7);
        p = Math.FusedMultiplyAdd(p, z, 2.480158729841211e-5);
        p = Math.FusedMultiplyAdd(p, z, -0.001388888888888716);
        p = Math.FusedMultiplyAdd(p, z, 0.041666666666666664);
        double half = 0.5 * z;
        double high = 1 - half;
        double low = 1 - high - half;
        return high + Math.FusedMultiplyAdd(p * z, z, Math.FusedMultiplyAdd(-r, rLow, low));
    }

    /// <summary>The remainder of any finite number, from as many digits of 2/π as it needs.</summary>
    private static int ReduceLarge(double value, out double r, out double rLow)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        ulong mantissa = ((ulong)bits & 0x000fffffffffffff) | 0x0010000000000000;
        // value · 2/π = mantissa · 2/π · 2^(offset + 2), of which multiples of 4 do not count: 192 bits of 2/π from `offset` on suffice.
        int offset = ((int)(bits >> 52) & 0x7ff) - 1077 + 64;
        int word = offset >> 6;
        int shift = offset & 63;
        ulong q0 = Window(TwoOverPiLong(word), TwoOverPiLong(word + 1), shift);
        ulong q1 = Window(TwoOverPiLong(word + 1), TwoOverPiLong(word + 2), shift);
        ulong q2 = Window(TwoOverPiLong(word + 2), TwoOverPiLong(word + 3), shift);
        ulong carry = Math.BigMul(mantissa, q2, out _);
        ulong middleHigh = Math.BigMul(mantissa, q1, out ulong middle);
        middle += carry;
        middleHigh += middle < carry ? 1UL : 0UL;
        ulong turns = (mantissa * q0) + middleHigh;
        int quadrant = (int)(turns >> 62);
        // What is left of a quarter turn, in [−1/2, 1/2) · 2⁶⁴, and 62 bits beyond.
        long rest = (long)((turns << 2) | (middle >> 62));
        quadrant += (int)((ulong)rest >> 63);
        double restHigh = rest;
        double restLow = restHigh >= 9.2233720368547748e18 ? 0 : rest - (long)restHigh;
        restLow += (double)(middle << 2) * 5.421010862427522e-20;
        r = restHigh * 8.515303950216386e-20;
        rLow = Math.FusedMultiplyAdd(restHigh, 8.515303950216386e-20, -r) + (restHigh * 3.319411800407449e-36) + (restLow * 8.515303950216386e-20);
        bool isNegative = bits < 0;
        r = isNegative ? -r : r;
        rLow = isNegative ? -rLow : rLow;
        return isNegative ? -quadrant : quadrant;
    }

    private static ulong Window(ulong first, ulong second, int shift) => shift == 0 ? first : (first << shift) | (second >> (64 - shift));

    /// <summary>The bits of 2/π in words, after one word of 0.</summary>
    private static ulong TwoOverPiLong(int word) => word switch
    {
        0 => 0x0000000000000000,
        1 => 0xa2f9836e4e441529,
        2 => 0xfc2757d1f534ddc0,
        3 => 0xdb6295993c439041,
        4 => 0xfe5163abdebbc561,
        5 => 0xb7246e3a424dd2e0,
        6 => 0x06492eea09d1921c,
        7 => 0xfe1deb1cb129a73e,
        8 => 0xe88235f52ebb4484,
        9 => 0xe99c7026b45f7e41,
        10 => 0x3991d639835339f4,
        11 => 0x9c845f8bbdf9283b,
        12 => 0x1ff897ffde05980f,
        13 => 0xef2f118b5a0a6d1f,
        14 => 0x6d367ecf27cb09b7,
        15 => 0x4f463f669e5fea2d,
        16 => 0x7527bac7ebe5f17b,
        17 => 0x3d0739f78a5292ea,
        18 => 0x6bfb5fb11f8d5d08,
        _ => 0x56033046fc7b6bab,
    };
}
