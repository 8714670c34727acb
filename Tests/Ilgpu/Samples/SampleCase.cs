using ILGPU.Runtime;

namespace Managed.Tests.Ilgpu.Samples;

/// <summary>
/// A kernel written for ILGPU's programming interface and nothing else, so that the same file compiles against the published packages: what it
/// computes on an accelerator, and what plain C# computes.
/// </summary>
/// <param name="Name">For the test's name.</param>
/// <param name="Launch">Allocates, launches and reads back.</param>
/// <param name="Expected">The same in plain C#.</param>
/// <param name="Tolerance">Largest relative difference: 0 where the operations are exact or in one order.</param>
/// <param name="BeyondPackage">Whether the published package (1.5.3) refuses it.</param>
public sealed record SampleCase(
    string Name, Func<Accelerator, double[]> Launch, Func<double[]> Expected, double Tolerance = 0, bool BeyondPackage = false)
{
    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>All samples.</summary>
    public static IReadOnlyList<SampleCase> All { get; } =
    [
        .. MatrixSamples.Cases, .. ReductionSamples.Cases, .. WarpSamples.Cases, .. ElementSamples.Cases, .. StructSamples.Cases, .. MemorySamples.Cases,
        .. AlgorithmSamples.Cases,
    ];

    /// <summary>The first difference between what an accelerator gives and what is expected, or null.</summary>
    public string? Difference(Accelerator accelerator)
    {
        double[] actual = Launch(accelerator);
        double[] expected = Expected();
        if (actual.Length != expected.Length)
        {
            return $"{actual.Length} values instead of {expected.Length}";
        }
        for (int i = 0; i < actual.Length; i++)
        {
            bool isEqual = actual[i].Equals(expected[i]) || Math.Abs(actual[i] - expected[i]) <= Tolerance * Math.Abs(expected[i]);
            if (!isEqual)
            {
                return $"value {i} is {actual[i]:R} instead of {expected[i]:R}";
            }
        }
        return null;
    }

    /// <summary>Numbers as doubles, for comparison.</summary>
    internal static double[] Doubles<T>(IEnumerable<T> values)
        where T : IConvertible
        => [.. values.Select(value => value.ToDouble(System.Globalization.CultureInfo.InvariantCulture))];

    /// <summary>Pseudo-random numbers in [−1, 1), the same each time.</summary>
    internal static float[] Random(int count, int seed)
    {
        Random random = new(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (random.Next(1 << 24) - (1 << 23)) / (float)(1 << 23);
        }
        return values;
    }
}
