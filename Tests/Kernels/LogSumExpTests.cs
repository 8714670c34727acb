using Managed.Kernels;
using Managed.Kernels.Linear;

namespace Managed.Tests.Devices;

/// <summary>ln Σ e^x over a vocabulary, and sums of squares, against their definitions in float64.</summary>
public class LogSumExpTests
{
    [TestCase(1)]
    [TestCase(15)]
    [TestCase(33)]
    [TestCase(LogSumExp.Piece)]
    [TestCase((2 * LogSumExp.Piece) + 7)]
    public void Both_sums_are_those_of_the_definition_over_tokens_that_can_come(int count)
    {
        var random = new Random(count);
        float[] logits = [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 40) - 20))];
        float[] scores = [.. logits.Select((x, id) => id % 3 == 1 ? float.NegativeInfinity : x)];
        double expected = Math.Log(logits.Where((_, id) => id % 3 != 1).Sum(x => Math.Exp(x)));
        Assert.Multiple(() =>
        {
            Assert.That(LogSumExp.Of(logits, scores), Is.EqualTo(expected).Within(1e-12));
            Assert.That(LogSumExp.Rounded(logits, scores), Is.EqualTo(expected).Within(1e-7 + (1.2e-7 * Math.Abs(expected)))); // and the result is rounded
        });
    }

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    [TestCase(float.NegativeInfinity)]
    public void What_is_not_finite_shows_in_both_sums(float odd)
    {
        foreach (int place in new[] { 0, 20, 39 })
        {
            float[] logits = [.. Enumerable.Repeat(float.IsNegativeInfinity(odd) ? odd : 1f, 40)];
            logits[place] = odd;
            Assert.Multiple(() =>
            {
                Assert.That(LogSumExp.Of(logits), Is.EqualTo((double)odd));
                Assert.That(LogSumExp.Rounded(logits, logits), Is.EqualTo(odd));
            });
        }
    }

    [Test]
    public unsafe void A_sum_of_squares_is_that_of_the_definition_for_every_width()
    {
        var random = new Random(5);
        for (int width = 1; width <= 100; width++)
        {
            float[] values = [.. Enumerable.Range(0, width).Select(_ => (float)(random.NextDouble() - 0.5))];
            double expected = values.Sum(x => (double)x * x);
            fixed (float* a = values)
                Assert.That(Lanes.SumOfSquares(a, width), Is.EqualTo(expected).Within(1e-6 * expected), $"width {width}");
        }
    }
}
