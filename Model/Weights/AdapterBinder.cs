using Managed.Architectures;
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
        AdapterFile file = AdapterFile.Open(folder);
        try
        {
            var parts = new Dictionary<LinearLayer, AdapterPart>();
            ILookup<string, LinearLayer> layers = weights.LinearLayers().Where(layer => layer.IsAdaptable).ToLookup(layer => layer.Module);
            foreach (AdapterModule module in file.Modules.Values)
            {
                if (!layers.Contains(module.Module))
                    throw new CheckpointException(folder, $"module {module.Module}", null, "no linear layer of that name in the model, or one of a single expert",
                        $"one of {string.Join(", ", layers.Take(6).Select(group => group.Key))}…");
                foreach (LinearLayer layer in layers[module.Module])
                    parts[layer] = Bind(device, folder, layer, module);
            }
            return new Adapter(folder, parts, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static AdapterPart Bind(IDevice device, string folder, LinearLayer layer, AdapterModule module)
    {
        if (module.A.Shape[1] != layer.Inputs || module.B.Shape[0] < layer.FirstRow + layer.Outputs)
            throw new CheckpointException(folder, $"module {module.Module}", module.A.FileOffset,
                $"A [{string.Join(", ", module.A.Shape)}] and B [{string.Join(", ", module.B.Shape)}]",
                $"A [rank, {layer.Inputs}] and B [{layer.FirstRow + layer.Outputs}, rank]");
        return new AdapterPart(
            Matrix(device, module.A, new TensorRef(module.A.Name)),
            Matrix(device, module.B, new TensorRef(module.B.Name) { FirstRow = layer.FirstRow, Rows = layer.Outputs, OutputOrder = layer.OutputOrder }),
            module.Scale);
    }

    private static unsafe Weight Matrix(IDevice device, StoredTensor tensor, TensorRef name)
    {
        StoredMatrix matrix = StoredMatrix.Of(tensor, name);
        return device.CreateWeight(new WeightSource
        {
            Data = matrix.Data,
            Type = matrix.Type,
            Rows = matrix.Rows,
            Columns = matrix.Columns,
            RowBytes = matrix.RowBytes,
            OutputOrder = name.OutputOrder,
        });
    }
}
