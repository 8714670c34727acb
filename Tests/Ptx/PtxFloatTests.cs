namespace Managed.Tests.Ptx;

/// <summary>Floating point: results, rounding modes, NaN, subnormals, conversions.</summary>
public class PtxFloatTests
{
    private static readonly float[] Edges =
    [
        0f, -0f, 1f, -1f, 0.5f, 1.5f, 2.5f, -2.5f, 3.4028235e38f, -3.4028235e38f, 1.1754944e-38f, 1e-45f, -1e-45f, 1e-40f, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
        16777216f, 16777217f, 0.1f, 1f / 3, 2147483648f, 4294967296f, 4.3e9f, -129f, 255.5f, 65504f, 65520f, 1e-8f,
    ];

    private static readonly (ulong A, ulong B, ulong C)[] Cases = MakeCases();

    private static (ulong, ulong, ulong)[] MakeCases()
    {
        var random = new Random(2);
        ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);
        var cases = new List<(ulong, ulong, ulong)>();
        for (int i = 0; i < 29 * 29; i++)
            cases.Add((Bits(Edges[i % 29]), Bits(Edges[i / 29]), Bits(Edges[random.Next(29)])));
        while (cases.Count < 1024)
        {
            // neighbours in size, so that sums cancel and round
            float a = (float)Math.ScaleB(random.NextDouble() - 0.5, random.Next(-20, 20));
            cases.Add((Bits(a), Bits(a * (1 + (float)(random.NextDouble() * 0.01))), Bits(-a * a)));
        }
        return [.. cases];
    }

    private static float F(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static double D(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    public static IEnumerable<TestCaseData> Instructions()
    {
        static TestCaseData Make(string code, Func<float, float, float, float> expected) => new TestCaseData(code, expected).SetArgDisplayNames(code);
        static float Flush(float value) => float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;
        static float Saturate(float value) => value > 0 ? MathF.Min(value, 1) : 0;

        yield return Make("add.f32 f0,f1,f2;", (a, b, _) => a + b);
        yield return Make("sub.rn.f32 f0,f1,f2;", (a, b, _) => a - b);
        yield return Make("mul.rn.f32 f0,f1,f2;", (a, b, _) => a * b);
        yield return Make("div.rn.f32 f0,f1,f2;", (a, b, _) => a / b);
        yield return Make("fma.rn.f32 f0,f1,f2,f3;", MathF.FusedMultiplyAdd);
        yield return Make("mad.rn.f32 f0,f1,f2,f3;", MathF.FusedMultiplyAdd);
        yield return Make("sqrt.rn.f32 f0,f1;", (a, _, _) => MathF.Sqrt(a));
        yield return Make("rcp.rn.f32 f0,f1;", (a, _, _) => 1 / a);
        yield return Make("neg.f32 f0,f1;", (a, _, _) => -a);
        yield return Make("abs.f32 f0,f1;", (a, _, _) => MathF.Abs(a));
        yield return Make("min.f32 f0,f1,f2;", (a, b, _) => float.MinNumber(a, b));
        yield return Make("max.f32 f0,f1,f2;", (a, b, _) => float.MaxNumber(a, b));
        yield return Make("min.NaN.f32 f0,f1,f2;", (a, b, _) => MathF.Min(a, b));
        yield return Make("max.NaN.f32 f0,f1,f2;", (a, b, _) => MathF.Max(a, b));
        yield return Make("add.ftz.f32 f0,f1,f2;", (a, b, _) => Flush(Flush(a) + Flush(b)));
        yield return Make("mul.rn.ftz.f32 f0,f1,f2;", (a, b, _) => Flush(Flush(a) * Flush(b)));
        yield return Make("add.sat.f32 f0,f1,f2;", (a, b, _) => Saturate(a + b));
        yield return Make("fma.rn.sat.f32 f0,f1,f2,f3;", (a, b, c) => Saturate(MathF.FusedMultiplyAdd(a, b, c)));
        yield return Make("cvt.sat.f32.f32 f0,f1;", (a, _, _) => Saturate(a));
        yield return Make("cvt.rni.f32.f32 f0,f1;", (a, _, _) => MathF.Round(a, MidpointRounding.ToEven));
        yield return Make("cvt.rzi.f32.f32 f0,f1;", (a, _, _) => MathF.Truncate(a));
        yield return Make("cvt.rmi.f32.f32 f0,f1;", (a, _, _) => MathF.Floor(a));
        yield return Make("cvt.rpi.f32.f32 f0,f1;", (a, _, _) => MathF.Ceiling(a));
        yield return Make("cvt.f64.f32 d0,f1; cvt.rn.f32.f64 f0,d0;", (a, _, _) => a);
        yield return Make("cvt.rn.f16.f32 h0,f1; cvt.f32.f16 f0,h0;", (a, _, _) => (float)(Half)a);
        yield return Make("copysign.f32 f0,f1,f2;", (a, b, _) => MathF.CopySign(b, a));
        yield return Make("mov.b32 r0,f1; mov.b32 f0,r0;", (a, _, _) => a);
        yield return Make("cvt.f64.f32 d1,f1; cvt.f64.f32 d2,f2; add.rn.f64 d0,d1,d2; cvt.rn.f32.f64 f0,d0;", (a, b, _) => (float)((double)a + b));
        yield return Make("cvt.f64.f32 d1,f1; cvt.f64.f32 d2,f2; cvt.f64.f32 d3,f3; fma.rn.f64 d0,d1,d2,d3; cvt.rn.f32.f64 f0,d0;", (a, b, c) => (float)Math.FusedMultiplyAdd(a, b, c));
    }

    [TestCaseSource(nameof(Instructions))]
    public void A_float_instruction_computes_what_CSharp_does_bit_for_bit(string code, Func<float, float, float, float> expected)
    {
        ulong[] results = Snippet.Run(code, "f0", Cases);
        for (int i = 0; i < Cases.Length; i++)
        {
            float wanted = expected(F(Cases[i].A), F(Cases[i].B), F(Cases[i].C));
            string what = $"{code} for {F(Cases[i].A):R}, {F(Cases[i].B):R}, {F(Cases[i].C):R}";
            if (float.IsNaN(wanted))
                Assert.That(float.IsNaN(F(results[i])), Is.True, what);
            else
                Assert.That((uint)results[i], Is.EqualTo(BitConverter.SingleToUInt32Bits(wanted)), what);
        }
    }

    [TestCase("add.{0}.f32 f0,f1,f2;")]
    [TestCase("mul.{0}.f32 f0,f1,f2;")]
    [TestCase("div.{0}.f32 f0,f1,f2;")]
    [TestCase("fma.{0}.f32 f0,f1,f2,f3;")]
    [TestCase("sqrt.{0}.f32 f0,f1;")]
    public void Directed_modes_enclose_the_exact_result_as_closely_as_possible(string form)
    {
        ulong[] Of(string mode) => Snippet.Run(string.Format(form, mode), "f0", Cases);
        ulong[] near = Of("rn"), zero = Of("rz"), down = Of("rm"), up = Of("rp");
        for (int i = 0; i < Cases.Length; i++)
        {
            float low = F(down[i]), high = F(up[i]), nearest = F(near[i]), truncated = F(zero[i]);
            string what = $"{form} for {F(Cases[i].A):R}, {F(Cases[i].B):R}, {F(Cases[i].C):R}: {low:R} … {high:R}";
            if (float.IsNaN(nearest))
            {
                Assert.That(float.IsNaN(low) && float.IsNaN(high) && float.IsNaN(truncated), Is.True, what);
                continue;
            }
            Assert.That(low == high || MathF.BitIncrement(low) == high, Is.True, what);
            Assert.That(nearest == low || nearest == high, Is.True, what);
            Assert.That(truncated, Is.EqualTo(low > 0 || (low == 0 && high > 0) ? low : high), what);
        }
    }

    [TestCase("sqrt.rn.f32 f0,f1;", 0xBF800000u)]
    [TestCase("add.f32 f0,f1,f1;", 0xFFC12345u)]
    [TestCase("mul.rn.f32 f0,f1,0f00000000;", 0x7F800000u)]
    public void Generated_NaNs_have_one_pattern(string code, uint operand) => Assert.That(Snippet.One(code, "f0", operand), Is.EqualTo(0x7FFFFFFF));

    [Test]
    public void Special_values_of_approximations()
    {
        Assert.That(Snippet.One("ex2.approx.ftz.f32 f0,f1;", "f0", 0xFF800000), Is.Zero);
        Assert.That(Snippet.One("rcp.approx.ftz.f32 f0,f1;", "f0", 0), Is.EqualTo(0x7F800000));
        Assert.That(Snippet.One("rsqrt.approx.f32 f0,f1;", "f0", 0), Is.EqualTo(0x7F800000));
        Assert.That(F(Snippet.One("ex2.approx.f32 f0,f1;", "f0", BitConverter.SingleToUInt32Bits(3))), Is.EqualTo(8));
        Assert.That(F(Snippet.One("lg2.approx.f32 f0,f1;", "f0", BitConverter.SingleToUInt32Bits(0.125f))), Is.EqualTo(-3));
        Assert.That(F(Snippet.One("tanh.approx.f32 f0,f1;", "f0", BitConverter.SingleToUInt32Bits(0.5f))), Is.EqualTo(MathF.Tanh(0.5f)).Within(1e-6));
    }

    [TestCase("ne", false)]
    [TestCase("neu", true)]
    [TestCase("eq", false)]
    [TestCase("equ", true)]
    [TestCase("lt", false)]
    [TestCase("ltu", true)]
    [TestCase("geu", true)]
    [TestCase("num", false)]
    [TestCase("nan", true)]
    public void Comparisons_with_NaN(string word, bool expected)
    {
        Assert.That(Snippet.One($"setp.{word}.f32 p0,f1,f2;", "p0", 0x7FC00000, 0x3F800000), Is.EqualTo(expected ? 1 : 0));
        Assert.That(Snippet.One($"setp.{word}.f64 p0,d1,d2;", "p0", 0x7FF8000000000000, 0x3FF0000000000000), Is.EqualTo(expected ? 1 : 0));
        Assert.That(Snippet.One($"setp.{word}.f16 p0,h1,h2;", "p0", 0x7E00, 0x3C00), Is.EqualTo(expected ? 1 : 0));
    }

    [TestCase("cvt.rzi.s32.f32 r0,f1;", 4.3e9f, 0x7FFFFFFFu)]
    [TestCase("cvt.rzi.s32.f32 r0,f1;", -4.3e9f, 0x80000000u)]
    [TestCase("cvt.rzi.s32.f32 r0,f1;", -2.9f, 0xFFFFFFFEu)]
    [TestCase("cvt.rzi.s32.f32 r0,f1;", float.NaN, 0u)]
    [TestCase("cvt.rzi.u32.f32 r0,f1;", -1f, 0u)]
    [TestCase("cvt.rzi.u32.f32 r0,f1;", 4.3e9f, 0xFFFFFFFFu)]
    [TestCase("cvt.rni.s32.f32 r0,f1;", 2.5f, 2u)]
    [TestCase("cvt.rmi.s32.f32 r0,f1;", -2.5f, 0xFFFFFFFDu)]
    [TestCase("cvt.rzi.u8.f32 r0,f1;", 300f, 255u)]
    [TestCase("cvt.rzi.s8.f32 r0,f1;", -300f, 0xFFFFFF80u)]
    public void Floats_become_integers_by_clamping(string code, float value, uint expected) =>
        Assert.That(Snippet.One(code, "r0", BitConverter.SingleToUInt32Bits(value)), Is.EqualTo(expected));

    [Test]
    public void NaN_becomes_the_top_bit_where_64_bits_are_involved()
    {
        Assert.That(Snippet.One("cvt.rzi.s64.f32 rd0,f1;", "rd0", 0x7FC00000), Is.EqualTo(1UL << 63));
        Assert.That(Snippet.One("cvt.rzi.u64.f64 rd0,d1;", "rd0", 0x7FF8000000000000), Is.EqualTo(1UL << 63));
        Assert.That(Snippet.One("cvt.rzi.s32.f64 r0,d1;", "r0", 0x7FF8000000000000), Is.EqualTo(0x80000000));
        Assert.That(Snippet.One("cvt.rzi.s64.f64 rd0,d1;", "rd0", BitConverter.DoubleToUInt64Bits(1e30)), Is.EqualTo((ulong)long.MaxValue));
        Assert.That(Snippet.One("cvt.rzi.u64.f32 rd0,f1;", "rd0", BitConverter.SingleToUInt32Bits(1.2e19f)), Is.EqualTo((ulong)1.2e19f));
    }

    [Test]
    public void Integers_become_floats_rounded_once()
    {
        ulong[] values = [0x8000_0080_0000_0001, ulong.MaxValue, 0x7FFF_FFBF_FFFF_FFFF, 16777217, 0xFFFF_FFFF_FEFF_FFFF, 1UL << 63];
        foreach (ulong value in values)
        {
            Assert.That(F(Snippet.One("cvt.rn.f32.s64 f0,rd1;", "f0", value)), Is.EqualTo(NearestFloat((long)value)), $"signed {value:X}");
            Assert.That(F(Snippet.One("cvt.rn.f32.u64 f0,rd1;", "f0", value)), Is.EqualTo(NearestFloat(value)), $"unsigned {value:X}");
            Assert.That(D(Snippet.One("cvt.rn.f64.s32 d0,r1;", "d0", value)), Is.EqualTo((double)(int)value));
        }
        Assert.That(F(Snippet.One("cvt.rz.f32.u32 f0,r1;", "f0", 0xFFFFFFFF)), Is.EqualTo(4294967040f));
    }

    /// <summary>The float nearest to an integer, ties to even, found by trying the neighbours of a guess.</summary>
    private static float NearestFloat(Int128 value)
    {
        float guess = (float)(double)value;
        float[] candidates = [MathF.BitDecrement(guess), guess, MathF.BitIncrement(guess)];
        return candidates.OrderBy(candidate => Int128.Abs((Int128)candidate - value)).ThenBy(candidate => BitConverter.SingleToUInt32Bits(candidate) & 1).First();
    }

    [Test]
    public void Brain_floats_round_ties_to_even_and_pack_the_first_source_high()
    {
        ulong[] packed = Snippet.Run("cvt.rn.bf16x2.f32 r0,f1,f2;", "r0", Cases);
        for (int i = 0; i < Cases.Length; i++)
        {
            Assert.That(packed[i] >> 16, Is.EqualTo(Expected(Cases[i].A)), $"{F(Cases[i].A):R}");
            Assert.That(packed[i] & 0xFFFF, Is.EqualTo(Expected(Cases[i].B)), $"{F(Cases[i].B):R}");
        }

        static ulong Expected(ulong bits) => float.IsNaN(F(bits)) ? 0x7FFF : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    }

    [Test]
    public void Half_arithmetic_rounds_once()
    {
        var random = new Random(3);
        (ulong, ulong, ulong)[] cases = [.. Enumerable.Range(0, 1024).Select(_ => ((ulong)random.Next(65536), (ulong)random.Next(65536), (ulong)random.Next(65536)))];
        ulong[] sums = Snippet.Run("add.f16 h0,h1,h2;", "h0", cases), products = Snippet.Run("mul.f16 h0,h1,h2;", "h0", cases), fused = Snippet.Run("fma.rn.f16 h0,h1,h2,h3;", "h0", cases);
        ulong[] brain = Snippet.Run("fma.rn.bf16 h0,h1,h2,h3;", "h0", cases);
        for (int i = 0; i < cases.Length; i++)
        {
            Half a = BitConverter.UInt16BitsToHalf((ushort)cases[i].Item1), b = BitConverter.UInt16BitsToHalf((ushort)cases[i].Item2), c = BitConverter.UInt16BitsToHalf((ushort)cases[i].Item3);
            Check(sums[i], (Half)((float)a + (float)b));
            Check(products[i], (Half)((float)a * (float)b));
            Check(fused[i], (Half)ExactArithmetic.MultiplyAdd((double)a, (double)b, (double)c, FloatFormat.F16, Rounding.Nearest));
            float x = F(cases[i].Item1 << 16), y = F(cases[i].Item2 << 16), z = F(cases[i].Item3 << 16);
            double exact = ExactArithmetic.MultiplyAdd(x, y, z, FloatFormat.BF16, Rounding.Nearest);
            Assert.That(double.IsNaN(exact) ? brain[i] == 0x7FFF : F(brain[i] << 16) == exact, Is.True, $"{x} * {y} + {z} = {exact}, found {F(brain[i] << 16)}");
        }

        static void Check(ulong found, Half expected) =>
            Assert.That(found, Is.EqualTo(Half.IsNaN(expected) ? 0x7FFF : BitConverter.HalfToUInt16Bits(expected)));
    }

    [Test]
    public void Pairs_of_halves_compute_each_half_alone()
    {
        Assert.That(Snippet.One("add.f16x2 r0,r1,r2;", "r0", 0x3C00_4000, 0x3C00_3800), Is.EqualTo(0x4000_4100));
        Assert.That(Snippet.One("fma.rn.relu.bf16x2 r0,r1,r2,r3;", "r0", 0xBF80_4000, 0x3F80_3F80, 0x0000_3F80), Is.EqualTo(0x0000_4040));
        Assert.That(Snippet.One("max.NaN.bf16x2 r0,r1,r2;", "r0", 0x7FC0_3F80, 0x3F80_4000), Is.EqualTo(0x7FFF_4000));
        Assert.That(Snippet.One("neg.bf16x2 r0,r1;", "r0", 0x3F80_BF80), Is.EqualTo(0xBF80_3F80));
    }

    [Test]
    public void Eight_bit_floats_saturate_and_come_back()
    {
        Assert.That(Snippet.One("cvt.rn.satfinite.e4m3x2.f32 h0,f1,f2;", "h0", BitConverter.SingleToUInt32Bits(1000), BitConverter.SingleToUInt32Bits(-0.4375f)), Is.EqualTo(0x7E_AE));
        Assert.That(Snippet.One("cvt.rn.f16x2.e4m3x2 r0,h1;", "r0", 0x7E_AE), Is.EqualTo(0x5F00_B700));
        Assert.That(Snippet.One("cvt.rn.satfinite.e5m2x2.f32 h0,f1,f2;", "h0", BitConverter.SingleToUInt32Bits(1e9f), BitConverter.SingleToUInt32Bits(1.25f)), Is.EqualTo(0x7B_3D));
    }

    [TestCase(0x3F801000u, 0x3F802000u)]
    [TestCase(0x3F800FFFu, 0x3F800000u)]
    [TestCase(0xBF801000u, 0xBF802000u)]
    public void Tf32_rounds_ties_away(uint value, uint expected) => Assert.That(Snippet.One("cvt.rna.tf32.f32 r0,f1;", "r0", value), Is.EqualTo(expected));

    [Test]
    public void Subnormal_sums_are_kept_without_ftz()
    {
        Assert.That(Snippet.One("add.f32 f0,f1,f1;", "f0", 1), Is.EqualTo(2));
        Assert.That(Snippet.One("add.ftz.f32 f0,f1,f1;", "f0", 1), Is.Zero);
        Assert.That(Snippet.One("testp.subnormal.f32 p0,f1;", "p0", 1), Is.EqualTo(1));
        Assert.That(Snippet.One("testp.notanumber.f64 p0,d1;", "p0", 0x7FF0000000000001), Is.EqualTo(1));
    }
}
