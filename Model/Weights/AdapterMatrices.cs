using Managed.Architectures;
using Managed.Kernels;
using Managed.Loader;

namespace Managed.Weights;

/// <summary>
/// Puts an adapter's matrices for the layers of one input together, as float32: A one below the other, scale · B along a diagonal. Layers that
/// are parts of one module share its A.
/// </summary>
internal sealed unsafe class AdapterMatrices
{
    private const int Step = 8; // columns that kernels read at a time

    private readonly LinearLayer[] layers;
    private readonly AdapterModule?[] modules; // of each layer; null: not changed
    private readonly Dictionary<AdapterModule, int> firstRanks = [];
    private readonly int[] firstOutputs; // of each layer, and the end
    private readonly int firstChanged, ranks, inputs;

    /// <param name="layers">The layers, in the order of their outputs.</param>
    /// <param name="modules">What changes each; null: nothing. At least one is changed.</param>
    public AdapterMatrices(LinearLayer[] layers, AdapterModule?[] modules)
    {
        (this.layers, this.modules, inputs) = (layers, modules, layers[0].Inputs);
        firstOutputs = new int[layers.Length + 1];
        for (int i = 0; i < layers.Length; i++)
            firstOutputs[i + 1] = firstOutputs[i] + layers[i].Outputs;
        foreach (AdapterModule? module in modules)
            if (module is not null && firstRanks.TryAdd(module, ranks))
                ranks += Padded(module.Rank);
        firstChanged = Array.FindIndex(modules, module => module is not null);
    }

    private static int Padded(int rank) => (rank + Step - 1) / Step * Step;

    /// <summary>The matrices on a device; what is to be freed with them is added to a list.</summary>
    public AdapterPart Bind(IDevice device, List<IDisposable> owned)
    {
        int first = firstOutputs[firstChanged], outputs = firstOutputs[Array.FindLastIndex(modules, module => module is not null) + 1] - first;
        var down = new CpuBuffer((long)ranks * inputs); // of zeros
        owned.Add(down);
        var up = new CpuBuffer((long)outputs * ranks);
        owned.Add(up);
        foreach ((AdapterModule module, int firstRank) in firstRanks)
            Values(module.A, new TensorRef(module.A.Name)).CopyTo(new Span<float>(down.Data + ((long)firstRank * inputs), module.Rank * inputs));
        for (int i = 0; i < layers.Length; i++)
            if (modules[i] is { } module)
                CopyUp(up.Data + ((long)(firstOutputs[i] - first) * ranks) + firstRanks[module], layers[i], module);

        Weight Down(int firstRank, int count) => Create(device, down.Data + ((long)firstRank * inputs), count, inputs, inputs);
        Weight Up(int firstOutput, int count, int firstRank, int columns) => Create(device, up.Data + ((long)firstOutput * ranks) + firstRank, count, columns, ranks);
        AdapterPart Alone(int i, AdapterModule module) =>
            new([layers[i]], Down(firstRanks[module], Padded(module.Rank)), Up(firstOutputs[i] - first, layers[i].Outputs, firstRanks[module], Padded(module.Rank)));
        var part = new AdapterPart(layers, Down(0, ranks), Up(0, outputs, 0, ranks))
        {
            FirstOutput = first,
            Alone = layers.Length == 1 ? [] : [.. modules.Select((module, i) => module is null ? null : Alone(i, module))],
        };
        owned.Insert(0, part);
        return part;
    }

    // A layer's rows of scale · B, in the order of its outputs.
    private void CopyUp(float* to, LinearLayer layer, AdapterModule module)
    {
        float[] values = Values(module.B, new TensorRef(module.B.Name) { FirstRow = layer.FirstRow, Rows = layer.Outputs });
        for (int row = 0; row < layer.Outputs; row++)
        {
            float* output = to + ((long)(layer.OutputOrder?[row] ?? row) * ranks);
            for (int rank = 0; rank < module.Rank; rank++)
                output[rank] = module.Scale * values[(row * module.Rank) + rank];
        }
    }

    private static float[] Values(StoredTensor tensor, TensorRef name)
    {
        StoredMatrix matrix = StoredMatrix.Of(tensor, name);
        var values = new float[matrix.Rows * matrix.Columns];
        fixed (float* to = values)
            matrix.CopyTo(to);
        return values;
    }

    private static Weight Create(IDevice device, float* data, int rows, int columns, int stride) => device.CreateWeight(new WeightSource
    {
        Data = (byte*)data,
        Type = WeightType.F32,
        Rows = rows,
        Columns = columns,
        RowBytes = (long)stride * sizeof(float),
    });
}
