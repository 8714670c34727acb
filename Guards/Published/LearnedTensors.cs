using Managed.Loader;
using Managed.Weights;

namespace Managed.Guards.Published;

/// <summary>Tensors of a trained part of a guard, from a safetensors file; names as PyTorch's state dicts have them.</summary>
internal sealed class LearnedTensors : IDisposable
{
    private static readonly TensorType[] s_floats = [TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.F64];
    private readonly SafetensorsFile file;

    /// <exception cref="GuardException">The file is damaged.</exception>
    public LearnedTensors(string path)
    {
        try
        {
            file = SafetensorsFile.Open(path);
        }
        catch (CheckpointException damaged)
        {
            throw new GuardException(damaged.Message, damaged);
        }
    }

    public bool Has(string name) => file.Tensors.ContainsKey(name);

    /// <summary>The first of several names that the file has; null: none.</summary>
    public string? First(params string[] names) => names.FirstOrDefault(Has);

    /// <summary>A tensor of finite numbers.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="axes">How many axes it must have.</param>
    /// <exception cref="GuardException">It is not there, or has another shape, type, or numbers that are not finite.</exception>
    public GuardTensor Read(string name, int axes)
    {
        if (!file.Tensors.TryGetValue(name, out StoredTensor? stored))
            throw Bad($"tensor {name}", $"none of that name among {string.Join(", ", file.Tensors.Keys.OrderBy(known => ClosestName.Distance(name, known)).Take(6).Select(known => Utf8Text.Show(known)))}", "it");
        if (stored.Shape.Length != axes || stored.Shape.Any(size => size is < 1 or > int.MaxValue) || stored.ElementCount > 1L << 30)
            throw Bad($"tensor {name}", $"shape [{string.Join(", ", stored.Shape)}]", $"{axes} {(axes == 1 ? "axis" : "axes")}, none of them empty");
        if (!s_floats.Contains(stored.Type))
            throw Bad($"tensor {name}", $"type {TensorTypes.Of(stored.Type).Name}", $"one of {string.Join(", ", s_floats)}");
        float[] values = StoredValues.ToSingle(stored);
        int bad = Array.FindIndex(values, value => !float.IsFinite(value));
        return bad < 0 ? new GuardTensor([.. stored.Shape.Select(size => (int)size)], values) : throw Bad($"tensor {name}", $"{values[bad]} at element {bad}", "finite numbers");
    }

    public GuardException Bad(string where, string found, string expected) => new($"{file.Path}, {where}: found {found}; expected {expected}.");

    public void Dispose() => file.Dispose();
}
