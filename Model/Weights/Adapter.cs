using Managed.Kernels;

namespace Managed.Weights;

/// <summary>
/// A low-rank adapter (Hu et al. 2021, eq. 3): y = W·x + scale · B·(A·x), for the linear layers it targets.
/// Bound to one model on one device; any number of sequences may use it, others in the same batch another or none.
/// </summary>
internal sealed class Adapter(string name, IReadOnlyDictionary<LinearLayer, AdapterPart> parts)
{
    public string Name { get; } = name;

    /// <summary>The adapter's part for a layer, or null where it does not target it.</summary>
    public AdapterPart? For(LinearLayer layer) => parts.GetValueOrDefault(layer);

    /// <summary>Linear layers that it targets.</summary>
    public int PartCount => parts.Count;
}

/// <summary>One linear layer's low-rank change.</summary>
/// <param name="Down">A, [rank, inputs].</param>
/// <param name="Up">B, [outputs, rank].</param>
/// <param name="Scale">alpha / rank, or alpha / √rank (rank-stabilised).</param>
internal sealed record AdapterPart(Weight Down, Weight Up, float Scale);
