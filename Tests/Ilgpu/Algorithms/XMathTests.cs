using ILGPU.Algorithms;

namespace Managed.Tests.Ilgpu.Algorithms;

/// <summary>The mathematical functions against the runtime's 64-bit ones, over samples of all bit patterns.</summary>
public sealed class XMathTests
{
    /// <summary>Every so many-th of the 2³² bit patterns: a prime, so that all exponents and all kinds of mantissas are met.</summary>
    private const long Step = 7919;

    private static readonly (string Name, Func<float, float> Function, Func<double, double> Reference)[] Singles =
    [
        ("Exp", XMath.Exp, Math.Exp),
        ("Exp2", XMath.Exp2, value => Math.Pow(2, value)),
        ("Log", XMath.Log, Math.Log),
        ("Log2", XMath.Log2, Math.Log2),
        ("Log10", XMath.Log10, Math.Log10),
        ("Sin", XMath.Sin, Math.Sin),
        ("Cos", XMath.Cos, Math.Cos),
        ("Tan", XMath.Tan, Math.Tan),
        ("Asin", XMath.Asin, Math.Asin),
        ("Acos", XMath.Acos, Math.Acos),
        ("Atan", XMath.Atan, Math.Atan),
        ("Sinh", XMath.Sinh, Math.Sinh),
        ("Cosh", XMath.Cosh, Math.Cosh),
        ("Tanh", XMath.Tanh, Math.Tanh),
        ("Rsqrt", XMath.Rsqrt, value => 1 / Math.Sqrt(value)),
        ("Rcp", XMath.Rcp, value => 1 / value),
    ];

    private static readonly (string Name, Func<double, double> Function, Func<double, double> Reference)[] Doubles =
    [
        ("Exp", XMath.Exp, Math.Exp),
        ("Log", XMath.Log, Math.Log),
        ("Log2", XMath.Log2, Math.Log2),
        ("Log10", XMath.Log10, Math.Log10),
        ("Sin", XMath.Sin, Math.Sin),
        ("Cos", XMath.Cos, Math.Cos),
        ("Tan", XMath.Tan, Math.Tan),
        ("Asin", XMath.Asin, Math.Asin),
        ("Acos", XMath.Acos, Math.Acos),
        ("Atan", XMath.Atan, Math.Atan),
        ("Sinh", XMath.Sinh, Math.Sinh),
        ("Cosh", XMath.Cosh, Math.Cosh),
        ("Tanh", XMath.Tanh, Math.Tanh),
    ];

    private static IEnumerable<string> SingleNames => Singles.Select(entry => entry.Name);

    private static IEnumerable<string> DoubleNames => Doubles.Select(entry => entry.Name);

    [TestCaseSource(nameof(SingleNames))]
    public void SinglesAreWithinTwoUlpOverTheirWholeRange(string name)
    {
        (string _, Func<float, float> function, Func<double, double> reference) = Singles.First(entry => entry.Name == name);
        double worst = 0;
        float at = 0;
        for (long bits = 0; bits <= uint.MaxValue; bits += Step)
        {
            float x = BitConverter.UInt32BitsToSingle((uint)bits);
            double error = Ulps(function(x), reference(x));
            if (error > worst)
            {
                (worst, at) = (error, x);
            }
        }
        TestContext.Out.WriteLine($"{name}: {worst:F3} ulp at {at:R}");
        Assert.That(worst, Is.LessThanOrEqualTo(2), $"at {at:R}: {function(at):R}, exactly {reference(at):R}");
    }

    [TestCaseSource(nameof(SingleNames))]
    public void SinglesGiveTheExactSpecialValues(string name)
    {
        (string _, Func<float, float> function, Func<double, double> reference) = Singles.First(entry => entry.Name == name);
        foreach (float x in new[] { 0f, -0f, 1f, -1f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, float.Epsilon, -float.Epsilon, 2f, -2f })
        {
            float expected = (float)reference(x);
            bool isSpecial = expected == 0 || !float.IsFinite(expected) || expected == MathF.Truncate(expected);
            if (isSpecial)
            {
                Assert.That(BitConverter.SingleToInt32Bits(Canonical(function(x))), Is.EqualTo(BitConverter.SingleToInt32Bits(Canonical(expected))), $"at {x:R}");
            }
        }
    }

    [Test]
    public void PowersAreWithinTwoUlp()
    {
        Random random = new(1);
        double worst = 0;
        (float X, float Y) at = default;
        for (int i = 0; i < 2_000_000; i++)
        {
            float x = BitConverter.Int32BitsToSingle(random.Next(0x7f800000));
            // Exponents that leave the result in range, and now and then any.
            float y = i % 8 == 0
                ? BitConverter.Int32BitsToSingle(random.Next())
                : (float)((random.NextDouble() * 300 - 150) / Math.Log2(x));
            double error = Ulps(XMath.Pow(x, y), Math.Pow(x, y));
            if (error > worst)
            {
                (worst, at) = (error, (x, y));
            }
        }
        TestContext.Out.WriteLine($"Pow: {worst:F3} ulp at {at}");
        Assert.That(worst, Is.LessThanOrEqualTo(2), $"{at}");
    }

    [Test]
    public void PowersOfSpecialValuesAreThoseOfTheStandard()
    {
        float[] values =
            [0f, -0f, 1f, -1f, 2f, -2f, 0.5f, -0.5f, 3f, -3f, 2.5f, -2.5f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1e30f, -1e30f, 16777216f, 16777217f * 2];
        foreach (float x in values)
        {
            foreach (float y in values)
            {
                float expected = (float)Math.Pow(x, y);
                double expectedDouble = Math.Pow(x, y);
                Assert.Multiple(() =>
                {
                    Assert.That(Canonical(XMath.Pow(x, y)), Is.EqualTo(expected).Within(2).Ulps, $"{x:R} to the power {y:R}");
                    Assert.That(XMath.Pow((double)x, y), Is.EqualTo(expectedDouble).Within(2).Ulps, $"{x:R} to the power {y:R}, 64 bits");
                    Assert.That(float.IsNegative(XMath.Pow(x, y)), Is.EqualTo(float.IsNegative(expected) && !float.IsNaN(expected)).Or.EqualTo(float.IsNaN(expected)), $"sign of {x:R} to the power {y:R}");
                });
            }
        }
    }

    [Test]
    public void AnglesOfPointsAreWithinTwoUlp()
    {
        Random random = new(2);
        double worst = 0;
        (float Y, float X) at = default;
        float[] special = [0f, -0f, 1f, -1f, float.PositiveInfinity, float.NegativeInfinity, float.NaN];
        for (int i = 0; i < 1_000_000; i++)
        {
            float y = i < 49 ? special[i / 7] : BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
            float x = i < 49 ? special[i % 7] : i % 2 == 0 ? y * (float)Math.Exp((random.NextDouble() * 20) - 10) : BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
            double error = Ulps(XMath.Atan2(y, x), Math.Atan2(y, x));
            if (error > worst)
            {
                (worst, at) = (error, (y, x));
            }
        }
        TestContext.Out.WriteLine($"Atan2: {worst:F3} ulp at {at}");
        Assert.That(worst, Is.LessThanOrEqualTo(2), $"{at}");
    }

    [TestCaseSource(nameof(DoubleNames))]
    public void DoublesAreWithinThreeUlpOfTheRuntimes(string name)
    {
        (string _, Func<double, double> function, Func<double, double> reference) = Doubles.First(entry => entry.Name == name);
        Random random = new(3);
        double worst = 0;
        double at = 0;
        for (int i = 0; i < 500_000; i++)
        {
            // All bit patterns, and ordinary numbers.
            double x = i % 2 == 0 ? BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)) : (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-12, 12));
            double actual = function(x);
            double expected = reference(x);
            double error = double.IsNaN(expected) || double.IsInfinity(expected) || expected == 0
                ? (actual.Equals(expected) ? 0 : double.PositiveInfinity)
                : Math.Abs(actual - expected) / (Math.BitIncrement(Math.Abs(expected)) - Math.Abs(expected));
            if (!(error <= worst))
            {
                (worst, at) = (error, x);
            }
        }
        TestContext.Out.WriteLine($"{name}: {worst:F3} ulp at {at:R}");
        Assert.That(worst, Is.LessThanOrEqualTo(3), $"at {at:R}: {function(at):R}, the runtime {reference(at):R}");
    }

    private static readonly double[] Divisors = [1, 3, -2.5, 0.1, 1e-3, 7e20];

    [TestCaseSource(nameof(Divisors))]
    public void RemaindersAreTheRuntimes(double divisor)
    {
        Random random = new(4);
        for (int i = 0; i < 20_000; i++)
        {
            double x = i < 50 ? (i - 25) * divisor / 2 : (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-10, 80));
            Assert.That(XMath.IEEERemainder(x, divisor), Is.EqualTo(Math.IEEERemainder(x, divisor)), $"{x:R}");
            Assert.That(XMath.Rem(x, divisor), Is.EqualTo(x % divisor));
        }
    }

    private static float Canonical(float value) => float.IsNaN(value) ? float.NaN : value;

    /// <summary>How far a 32-bit number is from the exact one, in units of the last place there; denormals have that of the smallest normal number.</summary>
    private static double Ulps(float actual, double expected)
    {
        if (double.IsNaN(expected))
        {
            return float.IsNaN(actual) ? 0 : double.PositiveInfinity;
        }
        float rounded = (float)expected;
        if (float.IsInfinity(rounded) || float.IsInfinity(actual))
        {
            return actual == rounded ? 0 : double.PositiveInfinity;
        }
        float magnitude = Math.Max(Math.Abs(rounded), 1.17549435e-38f);
        double ulp = (double)MathF.BitIncrement(magnitude) - magnitude;
        return Math.Abs(actual - expected) / ulp;
    }
}
