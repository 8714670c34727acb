using Managed.Architectures;
using Managed.Kernels;
using Managed.Loader;

namespace Managed.Weights;

/// <summary>Puts a checkpoint's tensors into a device's hands: in place where the stored layout allows it, as a copy where not.</summary>
internal sealed unsafe class WeightBinder(IDevice device, string file, IReadOnlyDictionary<string, StoredTensor> tensors) : IDisposable
{
    private readonly Dictionary<TensorRef, Weight> weights = [];
    private readonly List<IDisposable> owned = [];
    private readonly List<nint> copies = [];
    private readonly SortedDictionary<WeightType, (int Count, long Bytes)> converted = [];

    /// <summary>Bytes that had to be copied: transposed and interleaved matrices, types that no kernel takes.</summary>
    public long CopiedBytes { get; private set; }

    /// <summary>What a user should know of how weights are kept, a sentence for each type that was converted.</summary>
    public IEnumerable<string> Notes => converted.Select(pair => FormattableString.Invariant(
        $"{pair.Value.Count} {(pair.Value.Count == 1 ? "weight" : "weights")} of type {pair.Key} kept as float32 ({pair.Value.Bytes / 1e6:0.0} MB): no kernel of {device.Name} reads that type"));

    /// <summary>Buffers and weights to be freed with the model.</summary>
    public ModelWeights Bind(Architecture architecture, ModelTensors names) => new()
    {
        Embedding = Matrix(names.Embedding),
        EmbeddingNorm = Norm(architecture.EmbeddingNorm, names.EmbeddingNorm),
        PositionEmbedding = names.PositionEmbedding is { } positions ? Matrix(positions) : null,
        FinalNorm = Norm(architecture.FinalNorm, names.FinalNorm)!,
        Head = Linear(names.Head)!,
        Layers = [.. names.Layers.Select((layer, i) => Layer(architecture.Layers[i], layer))],
    };

    private LayerWeights Layer(LayerSpec spec, LayerTensors names)
    {
        AttentionSpec attention = spec.Attention;
        NormSettings? HeadNorm(NormRef? norm, int heads) =>
            Norm(attention.HeadNorm?.Norm, norm) is not { } settings ? null
            : attention.HeadNorm!.Extent == HeadNormExtent.Whole ? settings
            : settings with { Segments = heads, GainPerSegment = attention.HeadNorm.Extent == HeadNormExtent.HeadWithOwnGain };
        ExpertStacks? stacks = names.Experts is { } stacked && spec.Mlp is { Gated: true, Router: { } router } && device.ChoosesExperts(router) ? Stacks(stacked) : null;
        MlpWeights[]? experts = names.Experts?.Select(expert => Mlp(expert)!).ToArray(); // where there are stacks, parts of these
        return new LayerWeights
        {
            AttentionNorm = Norm(spec.AttentionNorm, names.AttentionNorm),
            AttentionPostNorm = Norm(spec.AttentionPostNorm, names.AttentionPostNorm),
            MlpNorm = Norm(spec.MlpNorm, names.MlpNorm),
            MlpPostNorm = Norm(spec.MlpPostNorm, names.MlpPostNorm),
            Query = Linear(names.Query),
            Key = Linear(names.Key),
            Value = Linear(names.Value),
            QueryKeyValue = Linear(names.QueryKeyValue),
            AttentionOutput = Linear(names.AttentionOutput)!,
            QueryNorm = HeadNorm(names.QueryNorm, attention.Heads),
            KeyNorm = HeadNorm(names.KeyNorm, attention.KeyHeads),
            Attention = new AttentionSettings
            {
                Heads = attention.Heads,
                KeyHeads = attention.KeyHeads,
                KeyDimension = attention.KeyDimension,
                ValueDimension = attention.ValueDimension,
                Scale = attention.Scale,
                SoftCap = attention.SoftCap,
                Window = attention.Window,
                AlibiSlopes = attention.AlibiSlopes,
                Sinks = names.Sinks is { } sinks ? ReadVector(sinks) : null,
            },
            QueryDown = Linear(names.QueryDown),
            QueryLatentNorm = Norm(attention.Latent?.LatentNorm, names.QueryLatentNorm),
            KeyValueDown = Linear(names.KeyValueDown),
            KeyValueLatentNorm = Norm(attention.Latent?.LatentNorm, names.KeyValueLatentNorm),
            KeyValueUp = Linear(names.KeyValueUp),
            Mlp = Mlp(names.Mlp),
            Router = Linear(names.Router),
            Routing = names.RouterCorrection is { } correction
                ? spec.Mlp.Router! with { CorrectionBias = ReadVector(correction) }
                : spec.Mlp.Router,
            Experts = experts,
            Stacks = stacks,
            SharedExpert = Mlp(names.SharedExpert),
            SharedExpertGate = Linear(names.SharedExpertGate),
        };
    }

    private MlpWeights? Mlp(MlpRef? names) =>
        names is null ? null : new MlpWeights(Linear(names.Gate), Linear(names.Up)!, Linear(names.Down)!);

    private ExpertStacks? Stacks(MlpRef[] experts) =>
        Stack([.. experts.Select(expert => expert.Gate!)]) is { } gate && Stack([.. experts.Select(expert => expert.Up)]) is { } up
            && Stack([.. experts.Select(expert => expert.Down)]) is { } down ? new ExpertStacks(gate, up, down) : null;

    // One layer of all experts; null where they differ. Each is known from then on.
    private LinearStack? Stack(LinearRef[] layers)
    {
        TensorRef[] names = [.. layers.Select(layer => layer.Weight)];
        WeightSource[] sources = [.. names.Select(Source)];
        var parts = new Weight[names.Length];
        Weight? whole = device.TryStack(sources, parts);
        for (int i = 0; i < names.Length; i++)
            weights[names[i]] = whole is null ? Keep(device.CreateWeight(sources[i]), 1) : parts[i];
        if (whole is null)
            return null;
        Keep(whole, names.Length);
        if (layers[0].Bias is null)
            return new LinearStack(whole, null);
        DeviceBuffer bias = device.Upload([.. layers.SelectMany(layer => ReadVector(layer.Bias!))]);
        owned.Add(bias);
        return new LinearStack(whole, bias);
    }

    private LinearLayer? Linear(LinearRef? names) => names is null ? null : new LinearLayer(
        Matrix(names.Weight), names.Bias is { } bias ? Vector(bias) : null, ModuleOf(names.Weight.Name))
    {
        FirstRow = names.Weight.FirstRow,
        OutputOrder = names.Weight.OutputOrder,
        IsAdaptable = names.Weight.Slice is null && names.Weight.RowStep == 1,
    };

    private NormSettings? Norm(NormSpec? spec, NormRef? names) => spec is null || names is null ? null
        : new NormSettings(spec.Kind, spec.Epsilon)
        {
            GainOffset = spec.GainOffset,
            Gain = names.Gain is { } gain ? Vector(gain) : null,
            Bias = names.Bias is { } bias ? Vector(bias) : null,
        };

    private static string ModuleOf(string tensor) => tensor.EndsWith(".weight", StringComparison.Ordinal) ? tensor[..^".weight".Length] : tensor;

    private DeviceBuffer Vector(TensorRef name)
    {
        DeviceBuffer buffer = device.Upload(ReadVector(name));
        owned.Add(buffer);
        return buffer;
    }

    /// <summary>A one-dimensional weight (or one row of a matrix of them), as float32 in output order.</summary>
    private float[] ReadVector(TensorRef name)
    {
        if (name.Parts is { } parts)
            return [.. parts.SelectMany(ReadVector)];
        StoredTensor tensor = Find(name.Name);
        float[] all = StoredValues.ToSingle(tensor);
        if (name.Slice is { } slice)
        {
            int width = (int)(tensor.ElementCount / tensor.Shape[0]);
            all = all[(slice * width)..((slice + 1) * width)];
        }
        int count = name.Rows ?? ((all.Length - name.FirstRow + name.RowStep - 1) / name.RowStep);
        var values = new float[count];
        for (int i = 0; i < count; i++)
            values[name.OutputOrder?[i] ?? i] = all[name.FirstRow + (i * name.RowStep)];
        return values;
    }

    private Weight Matrix(TensorRef name)
    {
        if (weights.TryGetValue(name, out Weight? known))
            return known;
        return weights[name] = Keep(device.CreateWeight(Source(name)), 1);
    }

    private Weight Keep(Weight weight, int matrices)
    {
        owned.Add(weight);
        if (weight.StoredType != weight.Type)
        {
            (int count, long bytes) = converted.GetValueOrDefault(weight.StoredType);
            converted[weight.StoredType] = (count + matrices, bytes + weight.ByteCount);
        }
        return weight;
    }

    private WeightSource Source(TensorRef name) => name switch
    {
        { Parts: { } parts } => Join(parts, name),
        { BlockScales: { } scales } => Own(PackedFp4.Repack(Find(name.Name), Find(scales), name, out nint repacked), repacked),
        _ => Stored(name),
    };

    private WeightSource Stored(TensorRef name)
    {
        StoredMatrix matrix = StoredMatrix.Of(Find(name.Name), name);
        if (!matrix.NeedsCopy)
            return Source(matrix, name);
        WeightSource copy = Source(matrix.Copy(out nint memory), name);
        return Own(copy, memory);
    }

    private static WeightSource Source(in StoredMatrix matrix, TensorRef name) => new()
    {
        Data = matrix.Data,
        Type = matrix.Type,
        Rows = matrix.Rows,
        Columns = matrix.Columns,
        RowBytes = matrix.RowBytes,
        IsMapped = matrix.IsMapped,
        OutputOrder = name.OutputOrder,
    };

    // Parts one below the other, as float32.
    private WeightSource Join(TensorRef[] parts, TensorRef name)
    {
        StoredMatrix[] matrices = [.. parts.Select(part => StoredMatrix.Of(Find(part.Name), part))];
        int rows = matrices.Sum(matrix => matrix.Rows), columns = matrices[0].Columns;
        float* memory = (float*)System.Runtime.InteropServices.NativeMemory.Alloc((nuint)((long)rows * columns * sizeof(float)));
        float* next = memory;
        foreach (StoredMatrix matrix in matrices)
        {
            matrix.CopyTo(next);
            next += (long)matrix.Rows * columns;
        }
        return Own(new WeightSource { Data = (byte*)memory, Type = WeightType.F32, Rows = rows, Columns = columns, OutputOrder = name.OutputOrder }, (nint)memory);
    }

    private WeightSource Own(in WeightSource source, nint memory)
    {
        copies.Add(memory);
        CopiedBytes += source.Rows * (source.RowBytes > 0 ? source.RowBytes : Kernels.Blocks.BlockFormats.RowBytes(source.Type, source.Columns));
        return source;
    }

    private StoredTensor Find(string name) => tensors.TryGetValue(name, out StoredTensor? tensor) ? tensor
        : throw new CheckpointException(file, $"tensor {name}", null, "no such tensor", "a weight that this architecture needs");

    public void Dispose()
    {
        foreach (IDisposable item in owned)
            item.Dispose();
        foreach (nint copy in copies)
            System.Runtime.InteropServices.NativeMemory.Free((void*)copy);
        owned.Clear();
        copies.Clear();
    }
}
