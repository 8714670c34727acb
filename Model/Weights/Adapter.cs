using Managed.Weights;

namespace Managed;

/// <summary>
/// A low-rank adapter (Hu et al. 2021, eq. 3): y = W·x + scale · B·(A·x), for the linear layers it targets.
/// Bound to one model; any number of sequences may use it while others in the same batch use another or none.
/// </summary>
public sealed class Adapter : IDisposable
{
    private readonly Dictionary<LinearLayer, AdapterPart> parts = []; // by each of their layers
    private readonly IReadOnlyList<AdapterPart> all;
    private readonly IReadOnlyList<IDisposable> owned;

    /// <param name="name">Where it comes from.</param>
    /// <param name="parts">Its change of each group of layers of one input.</param>
    /// <param name="layerCount">Layers that it changes.</param>
    /// <param name="owned">What goes with it.</param>
    internal Adapter(string name, IReadOnlyList<AdapterPart> parts, int layerCount, IReadOnlyList<IDisposable> owned)
    {
        (Name, LayerCount, all, this.owned) = (name, layerCount, parts, owned);
        foreach (AdapterPart part in parts)
            foreach (LinearLayer layer in part.Layers)
                this.parts[layer] = part;
    }

    /// <summary>The folder it was loaded from; of several together, the folders joined by " + ".</summary>
    public string Name { get; }

    /// <summary>Linear layers that it changes.</summary>
    public int LayerCount { get; }

    /// <summary>Its parts, each for the layers of one input.</summary>
    internal IReadOnlyList<AdapterPart> Parts => all;

    /// <summary>The part for a layer and those that share its input; null where the adapter changes none of them.</summary>
    internal AdapterPart? For(LinearLayer layer) => parts.GetValueOrDefault(layer);

    /// <summary>Several adapters of one model as one: each adds its own change. They keep their memory and must outlive it.</summary>
    /// <exception cref="ArgumentException">None were given.</exception>
    public static Adapter Together(params IReadOnlyList<Adapter> adapters)
    {
        if (adapters.Count < 2)
            return adapters.Count == 1 ? adapters[0] : throw new ArgumentException("Adapters: found none; expected one or more.");
        var parts = new Dictionary<LinearLayer, AdapterPart>(); // by their first layers
        for (int i = adapters.Count - 1; i >= 0; i--)
            foreach (AdapterPart part in adapters[i].all)
                parts[part.Layers[0]] = part.Then(parts.GetValueOrDefault(part.Layers[0]));
        int changed = adapters.SelectMany(adapter => adapter.all).SelectMany(part => part.Changed()).Distinct().Count();
        return new Adapter(string.Join(" + ", adapters.Select(adapter => adapter.Name)), [.. parts.Values], changed, owned: []);
    }

    /// <summary>Frees its memory; no sequence may use it any more.</summary>
    public void Dispose()
    {
        foreach (IDisposable item in owned) // none where several were put together: the parts are theirs
            item.Dispose();
    }
}
