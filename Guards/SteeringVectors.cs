namespace Managed.Guards;

/// <summary>
/// Directions in the residual stream, one for each of some blocks: what control vectors, difference of means, PCA and probes give,
/// and what files of them hold.
/// </summary>
public sealed class SteeringVectors
{
    private readonly SortedDictionary<int, float[]> byLayer = [];

    /// <param name="width">Elements of each direction: the width of the residual stream.</param>
    /// <exception cref="ArgumentOutOfRangeException">The width is not positive.</exception>
    public SteeringVectors(int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        Width = width;
    }

    /// <summary>Elements of each direction.</summary>
    public int Width { get; }

    /// <summary>Blocks that have a direction, ascending.</summary>
    public IReadOnlyCollection<int> Layers => byLayer.Keys;

    /// <summary>What the source said besides: method, model, conventions that were translated. May be empty.</summary>
    public Dictionary<string, string> Notes { get; } = [];

    /// <summary>The direction at the output of a block (`blocks.{layer}.hook_resid_post`), counted from 0.</summary>
    /// <exception cref="GuardException">The block has none, or the direction set has another width or values that are not finite.</exception>
    public float[] this[int layer]
    {
        get => byLayer.TryGetValue(layer, out float[]? found) ? found
            : throw new GuardException($"layer {layer}: found no direction; expected one of the layers {string.Join(", ", byLayer.Keys)}.");
        set
        {
            if (value.Length != Width)
                throw new GuardException($"layer {layer}: found a direction of {value.Length} elements; expected {Width}.");
            int bad = Array.FindIndex(value, element => !float.IsFinite(element));
            if (bad >= 0)
                throw new GuardException($"layer {layer}: found {value[bad]} at element {bad}; expected finite numbers.");
            byLayer[layer] = value;
        }
    }
}
