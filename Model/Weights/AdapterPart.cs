using Managed.Kernels;

namespace Managed.Weights;

/// <summary>
/// An adapter's change of the layers that read one input: their matrices A one below the other and their matrices B along a diagonal, so that
/// all of them take two products. Ranks are filled up to multiples of eight with zeros, which is what kernels read at a time.
/// </summary>
/// <param name="Layers">The layers, changed or not, whose outputs follow each other.</param>
/// <param name="Down">A, [ranks, inputs].</param>
/// <param name="Up">scale · B, [outputs from <see cref="FirstOutput"/> to the last changed layer's end, ranks]; scale = alpha / rank, or alpha / √rank (rank-stabilised).</param>
internal sealed record AdapterPart(LinearLayer[] Layers, Weight Down, Weight Up) : IDisposable
{
    /// <summary>Where the first changed layer's outputs begin among those of all layers.</summary>
    public int FirstOutput { get; init; }

    /// <summary>Another adapter's part for the same layers, added after this one; null: none.</summary>
    public AdapterPart? Next { get; init; }

    /// <summary>For each of several layers, the same change of it alone; null where it is not changed. Empty where there is one layer.</summary>
    public AdapterPart?[] Alone { get; init; } = [];

    /// <summary>The change of one of the layers; null: it has none.</summary>
    public AdapterPart? Of(LinearLayer layer) => Alone.Length == 0 ? this : Alone[Array.IndexOf(Layers, layer)];

    /// <summary>The layers that are changed, by this part or those after it.</summary>
    public IEnumerable<LinearLayer> Changed() =>
        Layers.Where(layer => Of(layer) is not null).Concat(Next?.Changed() ?? []).Distinct();

    /// <summary>The same, and another adapter's after it.</summary>
    public AdapterPart Then(AdapterPart? after) => after is null ? this : this with { Next = Next?.Then(after) ?? after };

    public void Dispose()
    {
        Down.Dispose();
        Up.Dispose();
        foreach (AdapterPart? part in Alone)
            part?.Dispose();
    }
}
