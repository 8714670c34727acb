using System.Runtime.Intrinsics;
using Managed.Kernels;
using Managed.Kernels.Linear;

namespace Managed.Tests.Devices;

/// <summary>Vector functions against double precision; the machine's number paths against each other.</summary>
public class ElementaryTests
{
    private static void Compare(Func<Vector256<float>, Vector256<float>> function, Func<double, double> truth, float from, float to, double relative)
    {
        for (int i = 0; i <= 20000; i++)
        {
            float x = from + ((to - from) * i / 20000);
            double expected = truth(x);
            Assert.That((double)function(Vector256.Create(x)).ToScalar(), Is.EqualTo(expected).Within(Math.Abs(expected) * relative), $"at {x}");
        }
    }

    [Test]
    public void Tanh_is_right_to_two_units_in_the_last_place()
    {
        Compare(Elementary.Tanh, Math.Tanh, -12, 12, 2.4e-7);
        Compare(Elementary.Tanh, Math.Tanh, -1e-3f, 1e-3f, 2.4e-7);
        Assert.That(Elementary.Tanh(Vector256.Create(200f)).ToScalar(), Is.EqualTo(1f));
        Assert.That(Elementary.Tanh(Vector256.Create(-200f)).ToScalar(), Is.EqualTo(-1f));
        Assert.That(Elementary.Tanh(Vector256.Create(float.NaN)).ToScalar(), Is.NaN);
    }

    [Test]
    public void Exp_and_sigmoid_are_right_to_two_units_in_the_last_place()
    {
        Compare(Vector256.Exp, Math.Exp, -80, 80, 2.4e-7);
        Compare(Elementary.Sigmoid, x => 1 / (1 + Math.Exp(-x)), -80, 30, 3e-7);
    }

    [Test]
    public void The_normal_distribution_keeps_its_digits_on_both_sides()
    {
        Compare(Elementary.Normal, Phi, 0, 8, 2.4e-7);
        // ½ + a number that is rounded near −½: the error is absolute, a product's 2^-25 and a sum's 2^-25 at most.
        for (float x = -1.41f; x < 0; x += 1e-4f)
            Assert.That((double)Elementary.Normal(Vector256.Create(x)).ToScalar(), Is.EqualTo(Phi(x)).Within(6e-8), $"at {x}");
        Compare(Elementary.Normal, Phi, -9, -1.42f, 6e-6); // x² is rounded before the exponential
        Assert.That(Elementary.Normal(Vector256.Create(float.NaN)).ToScalar(), Is.NaN);
    }

    // Φ by erf near zero, by the tail's own continued fraction elsewhere.
    private static double Phi(double x)
    {
        if (x > -2)
            return 0.5 * (1 + PlainDevice.Erf(x / Math.Sqrt(2)));
        double y = -x / Math.Sqrt(2), fraction = 0;
        for (int n = 300; n > 0; n--)
            fraction = n / 2.0 / (y + fraction);
        return 0.5 * Math.Exp(-y * y) / Math.Sqrt(Math.PI) / (y + fraction);
    }

    [Test]
    public void Integer_products_are_the_same_on_the_portable_path([Values] bool signed)
    {
        var random = new Random(3);
        var weights = new byte[32];
        var values = new sbyte[32];
        for (int round = 0; round < 2000; round++)
        {
            for (int i = 0; i < 32; i++)
            {
                weights[i] = (byte)(signed ? random.Next(-128, 128) : random.Next(128));
                values[i] = (sbyte)random.Next(-127, 128);
            }
            if (round == 0) // the largest products
                (weights, values) = ([.. Enumerable.Repeat(signed ? (byte)0x80 : (byte)127, 32)], [.. Enumerable.Repeat((sbyte)-127, 32)]);
            var expected = new int[8];
            for (int i = 0; i < 32; i++)
                expected[i / 4] += (signed ? (sbyte)weights[i] : weights[i]) * values[i];
            foreach (Vector256<int> lanes in new[]
            {
                IntegerDot.Lanes(Vector256.Create(weights), Vector256.Create(values), signed),
                IntegerDot.Portable(Vector256.Create(weights), Vector256.Create(values), signed),
            })
                Assert.That(Enumerable.Range(0, 8).Select(lane => lanes.GetElement(lane)), Is.EqualTo(expected));
        }
    }
}
