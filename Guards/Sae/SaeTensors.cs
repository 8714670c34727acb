using System.Numerics.Tensors;
using Managed.Loader;

namespace Managed.Guards.Sae;

/// <summary>The tensors of one autoencoder's file: each is asked for with its shape, checked, and none may be left over.</summary>
internal sealed class SaeTensors(string file, IReadOnlyDictionary<string, (long[] Shape, long? Offset, Func<float[]> Values)> tensors)
{
    /// <summary>More features, or wider inputs, are refused.</summary>
    public const int MostSize = 1 << 24;

    private readonly HashSet<string> taken = [];

    public string File => file;

    public bool Has(string name) => tensors.ContainsKey(name);

    /// <summary>The size of one axis of a tensor.</summary>
    public int Size(string name, int axis, int rank)
    {
        long[] shape = Find(name).Shape;
        return shape.Length == rank && shape[axis] is > 0 and <= MostSize ? (int)shape[axis]
            : throw Wrong(name, Shown(shape), $"{rank} dimensions of 1 to {MostSize}");
    }

    /// <summary>A tensor's numbers; its shape must be this one.</summary>
    public float[] Take(string name, params long[] shape)
    {
        (long[] found, _, Func<float[]> values) = Find(name);
        if (!found.AsSpan().SequenceEqual(shape))
            throw Wrong(name, Shown(found), Shown(shape));
        if (shape.Aggregate((Int128)1, (product, size) => product * size) > Array.MaxLength)
            throw Wrong(name, Shown(found), $"at most {Array.MaxLength} elements");
        taken.Add(name);
        float[] numbers = values();
        int bad = Array.FindIndex(numbers, value => !float.IsFinite(value));
        return bad < 0 ? numbers : throw Wrong(name, $"{numbers[bad]} at element {bad}", "numbers that are finite as 32-bit floats");
    }

    /// <summary>A matrix, with its axes exchanged.</summary>
    public float[] TakeTransposed(string name, int rows, int columns)
    {
        float[] stored = Take(name, rows, columns), transposed = new float[stored.Length];
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                transposed[((long)column * rows) + row] = stored[((long)row * columns) + column];
        return transposed;
    }

    /// <summary>A multiplier of each activation, or null where there is none or it is one.</summary>
    public float[]? TakeScale(string name, int features)
    {
        if (!Has(name))
            return null;
        float[] scale = Take(name, features);
        return Array.TrueForAll(scale, value => value == 1) ? null : scale;
    }

    /// <summary>A threshold for each feature, or one for all.</summary>
    public float[] TakeThreshold(string name, int features)
    {
        if (Find(name).Shape is not ([] or [1]) || features == 1)
            return Take(name, features);
        var threshold = new float[features];
        threshold.AsSpan().Fill(Take(name, Find(name).Shape)[0]);
        return threshold;
    }

    /// <summary>Refuses what nobody asked for: it could mean something that would be missed silently.</summary>
    public void Finish()
    {
        if (tensors.Keys.FirstOrDefault(name => !taken.Contains(name)) is { } left)
            throw Wrong(left, "a tensor that this kind of autoencoder does not have", string.Join(", ", taken) + " alone");
    }

    /// <summary>exp of each number of a tensor.</summary>
    public float[] TakeExp(string name, int features)
    {
        float[] values = Take(name, features);
        TensorPrimitives.Exp(values, values);
        return Array.TrueForAll(values, float.IsFinite) ? values : throw Wrong(name, "a number whose exponential overflows", "logarithms of scales");
    }

    private (long[] Shape, long? Offset, Func<float[]> Values) Find(string name) => tensors.TryGetValue(name, out var found) ? found
        : throw new CheckpointException(file, $"tensor {name}", null, "no such tensor", $"it among {string.Join(", ", tensors.Keys.Take(12).Select(known => Utf8Text.Show(known)))}");

    private CheckpointException Wrong(string name, string found, string expected) =>
        new(file, $"tensor {Utf8Text.Show(name)}", tensors[name].Offset, found, expected);

    private static string Shown(long[] shape) => $"shape [{string.Join(", ", shape)}]";
}
