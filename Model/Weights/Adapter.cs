using Managed.Kernels;
using Managed.Weights;

namespace Managed;

/// <summary>
/// A low-rank adapter (Hu et al. 2021, eq. 3): y = W·x + scale · B·(A·x), for the linear layers it targets.
/// Bound to one model; any number of sequences may use it while others in the same batch use another or none.
/// </summary>
public sealed class Adapter : IDisposable
{
    private readonly IReadOnlyDictionary<LinearLayer, AdapterPart> parts;
    private readonly IDisposable? file;

    internal Adapter(string name, IReadOnlyDictionary<LinearLayer, AdapterPart> parts, IDisposable? file)
    {
        Name = name;
        this.parts = parts;
        this.file = file;
    }

    /// <summary>The folder it was loaded from; of several together, the folders joined by " + ".</summary>
    public string Name { get; }

    /// <summary>Linear layers that it changes.</summary>
    public int LayerCount => parts.Count;

    internal IReadOnlyDictionary<LinearLayer, AdapterPart> Parts => parts;

    /// <summary>The adapter's part for a layer, or null where it does not target it.</summary>
    internal AdapterPart? For(LinearLayer layer) => parts.GetValueOrDefault(layer);

    /// <summary>Several adapters of one model as one: each adds its own change. They keep their memory and must outlive it.</summary>
    /// <exception cref="ArgumentException">None were given.</exception>
    public static Adapter Together(params IReadOnlyList<Adapter> adapters)
    {
        if (adapters.Count < 2)
            return adapters.Count == 1 ? adapters[0] : throw new ArgumentException("Adapters: found none; expected one or more.");
        var parts = new Dictionary<LinearLayer, AdapterPart>();
        for (int i = adapters.Count - 1; i >= 0; i--)
            foreach ((LinearLayer layer, AdapterPart first) in adapters[i].parts)
                parts[layer] = Chain(first, parts.GetValueOrDefault(layer));
        return new Adapter(string.Join(" + ", adapters.Select(adapter => adapter.Name)), parts, file: null);

        static AdapterPart Chain(AdapterPart part, AdapterPart? after) =>
            part with { Next = part.Next is null ? after : Chain(part.Next, after) };
    }

    /// <summary>Frees its memory; no sequence may use it any more.</summary>
    public void Dispose()
    {
        if (file is null)
            return; // the parts belong to the adapters that were put together
        foreach (AdapterPart part in parts.Values)
        {
            part.Down.Dispose();
            part.Up.Dispose();
        }
        file.Dispose();
    }
}

/// <summary>One linear layer's low-rank change.</summary>
/// <param name="Down">A, [rank, inputs].</param>
/// <param name="Up">B, [outputs, rank].</param>
/// <param name="Scale">alpha / rank, or alpha / √rank (rank-stabilised).</param>
internal sealed record AdapterPart(Weight Down, Weight Up, float Scale)
{
    /// <summary>Another adapter's part for the same layer, added after this one; null: none.</summary>
    public AdapterPart? Next { get; init; }
}
