using Managed.Kernels;
using Managed.Loader;

namespace Managed.Weights;

/// <summary>Joins an adapter's files with a model's linear layers.</summary>
internal static class AdapterBinder
{
    /// <summary>Binds every module of the adapter.</summary>
    /// <exception cref="CheckpointException">A module that this model lacks or that adapters cannot change; shapes that do not fit.</exception>
    public static Adapter Bind(IDevice device, ModelWeights weights, string folder)
    {
        using AdapterFile file = AdapterFile.Open(folder);
        ILookup<string, LinearLayer> layers = weights.LinearLayers().Where(layer => layer.IsAdaptable).ToLookup(layer => layer.Module);
        foreach (AdapterModule module in file.Modules.Values)
        {
            if (!layers.Contains(module.Module))
                throw new CheckpointException(folder, $"module {module.Module}", null, "no linear layer of that name in the model, or one of a single expert",
                    $"one of {string.Join(", ", layers.Take(6).Select(group => group.Key))}…");
            foreach (LinearLayer layer in layers[module.Module])
                Check(folder, layer, module);
        }
        var parts = new List<AdapterPart>();
        var owned = new List<IDisposable>();
        try
        {
            int changed = 0;
            foreach (LinearLayer[] group in weights.LayersByInput())
            {
                AdapterModule?[] modules = [.. group.Select(layer => layer.IsAdaptable ? file.Modules.GetValueOrDefault(layer.Module) : null)];
                if (Array.TrueForAll(modules, module => module is null))
                    continue;
                changed += modules.Count(module => module is not null);
                parts.Add(new AdapterMatrices(group, modules).Bind(device, owned));
            }
            return new Adapter(folder, parts, changed, owned);
        }
        catch
        {
            owned.ForEach(item => item.Dispose());
            throw;
        }
    }

    private static void Check(string folder, LinearLayer layer, AdapterModule module)
    {
        if (module.A.Shape[1] != layer.Inputs || module.B.Shape[0] < layer.FirstRow + layer.Outputs)
            throw new CheckpointException(folder, $"module {module.Module}", module.A.FileOffset,
                $"A [{string.Join(", ", module.A.Shape)}] and B [{string.Join(", ", module.B.Shape)}]",
                $"A [rank, {layer.Inputs}] and B [{layer.FirstRow + layer.Outputs}, rank]");
    }
}
