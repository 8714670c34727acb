using FsCheck;
using FsCheck.Fluent;
using Managed.Kernels.Gpu;

namespace Managed.Tests.Gpu;

/// <summary>Divisors that kernels are given.</summary>
public class DivisorTests
{
    [Test]
    public void It_divides_as_CSharp_does() => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).Zip(Gen.Choose(1, int.MaxValue)).Zip(Gen.Choose(0, 30)).ToArbitrary(),
        drawn =>
        {
            ((int n, int d), int shift) = drawn;
            d = Math.Max(1, d >> shift);
            return new Divisor(d).Divide(n) == n / d;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Test]
    public void Quotients_change_where_they_must()
    {
        foreach (int d in Enumerable.Range(1, 300).Concat([641, 65535, 65536, 65537, 1 << 30, int.MaxValue - 1, int.MaxValue]))
        {
            Divisor divisor = new(d);
            foreach (long times in new long[] { 0, 1, 2, 3, int.MaxValue / d / 2, (int.MaxValue / d) - 1, int.MaxValue / d })
                for (long n = Math.Max(0, (times * d) - 1); n <= Math.Min(int.MaxValue, (times * d) + 1); n++)
                    Assert.That(divisor.Divide((int)n), Is.EqualTo((int)n / d), $"{n} / {d}");
            Assert.That(divisor.Divide(int.MaxValue), Is.EqualTo(int.MaxValue / d));
        }
    }
}
