using System.Globalization;
using Managed.Architectures;
using Managed.Loader;

namespace Managed.Families;

/// <summary>From an architecture and a layout to the place of every weight.</summary>
internal sealed class Locator(FamilySource source, Architecture architecture, TensorLayout layout)
{
    private int[]? queryOrder, keyOrder, groupOrder;

    public ModelTensors Locate()
    {
        var embedding = new TensorRef(layout.Embedding + ".weight");
        return new ModelTensors
        {
            Embedding = embedding,
            EmbeddingNorm = architecture.EmbeddingNorm is { } norm ? Norm(layout.EmbeddingNorm!, norm) : null,
            PositionEmbedding = architecture.LearnedPositionOffset is null ? null : new TensorRef(layout.PositionEmbedding + ".weight"),
            FinalNorm = Norm(layout.FinalNorm, architecture.FinalNorm),
            Head = layout.Tied ? new LinearRef(embedding, Bias(layout.Head, layout.HeadBias)) : Linear(layout.Head, layout.HeadBias),
            Layers = [.. architecture.Layers.Select(Layer)],
        };
    }

    private LayerTensors Layer(LayerSpec spec, int index)
    {
        string block = string.Format(CultureInfo.InvariantCulture, layout.Layer, index);
        AttentionSpec attention = spec.Attention;
        NormRef? NormOf(NormSpec? norm, string name) => norm is null ? null : Norm(block + name, norm);
        var tensors = new LayerTensors
        {
            AttentionNorm = NormOf(spec.AttentionNorm, layout.AttentionNorm),
            AttentionPostNorm = NormOf(spec.AttentionPostNorm, layout.AttentionPostNorm),
            MlpNorm = NormOf(spec.MlpNorm, layout.MlpNorm),
            MlpPostNorm = NormOf(spec.MlpPostNorm, layout.MlpPostNorm),
            AttentionOutput = Transposable(block + layout.AttentionOutput, layout.AttentionOutputBias),
            QueryNorm = HeadNorm(attention, block + layout.QueryNorm, attention.Heads),
            KeyNorm = HeadNorm(attention, block + layout.KeyNorm, attention.KeyHeads),
            Sinks = attention.Sinks ? new TensorRef(block + layout.Sinks) : null,
        };
        tensors = attention.Latent is { } latent ? Latent(tensors, block, attention, latent) : Projections(tensors, block, attention);
        return spec.Mlp.Router is null ? tensors with { Mlp = Mlp(block, spec.Mlp.Gated, spec.Mlp.Width) } : Experts(tensors, block, spec.Mlp);
    }

    private LayerTensors Projections(LayerTensors tensors, string block, AttentionSpec attention)
    {
        int queries = attention.Heads * attention.KeyDimension, keys = attention.KeyHeads * attention.KeyDimension;
        if (layout.QueryKeyValue is not { } fused)
        {
            ExpectRows(block + layout.Query, queries);
            ExpectRows(block + layout.Key, keys);
            return tensors with
            {
                Query = Ordered(Linear(block + layout.Query, layout.QueryKeyValueBias), ref queryOrder, attention.Heads, attention.KeyDimension),
                Key = Ordered(Linear(block + layout.Key, layout.QueryKeyValueBias), ref keyOrder, attention.KeyHeads, attention.KeyDimension),
                Value = Linear(block + layout.Value, layout.QueryKeyValueBias),
            };
        }
        LinearRef all = Transposable(block + fused, layout.QueryKeyValueBias);
        if (layout.FusedByGroup)
        {
            ExpectRows(block + fused, queries + (2 * keys));
            groupOrder ??= OrderByGroup(attention);
            return tensors with { QueryKeyValue = Reorder(all, groupOrder) };
        }
        return tensors with
        {
            Query = Ordered(Part(all, 0, queries), ref queryOrder, attention.Heads, attention.KeyDimension),
            Key = Ordered(Part(all, queries, keys), ref keyOrder, attention.KeyHeads, attention.KeyDimension),
            Value = Part(all, queries + keys, attention.KeyHeads * attention.ValueDimension),
        };
    }

    private LayerTensors Latent(LayerTensors tensors, string block, AttentionSpec attention, LatentSpec latent)
    {
        bool low = latent.QueryRank > 0;
        return tensors with
        {
            QueryDown = low ? Linear(block + layout.QueryDown, layout.LatentBias) : null,
            QueryLatentNorm = low ? Norm(block + layout.QueryLatentNorm, latent.LatentNorm) : null,
            Query = Linear(block + (low ? layout.QueryUp : layout.Query), false),
            KeyValueDown = Linear(block + layout.KeyValueDown, layout.LatentBias),
            KeyValueLatentNorm = Norm(block + layout.KeyValueLatentNorm, latent.LatentNorm),
            KeyValueUp = layout.KeyValueUpSplit is { } split
                ? new LinearRef(new TensorRef(block + split.Key) { Parts = [.. Enumerable.Range(0, attention.Heads).SelectMany(head => HeadParts(block, split, head))] })
                : Linear(block + layout.KeyValueUp, false),
        };
    }

    private static TensorRef[] HeadParts(string block, (string Key, string Value) split, int head) =>
    [
        new TensorRef(block + split.Key + ".weight") { Slice = head, Transposed = true },
        new TensorRef(block + split.Value + ".weight") { Slice = head },
    ];

    private LayerTensors Experts(LayerTensors tensors, string block, MlpSpec mlp)
    {
        ExpectRows(block + layout.Router, mlp.Router!.Experts);
        return tensors with
        {
            Router = Linear(block + layout.Router, layout.RouterBias),
            RouterCorrection = mlp.Router.Scoring == Kernels.RouterScoring.Sigmoid && source.HasTensor(block + layout.RouterCorrection)
                ? new TensorRef(block + layout.RouterCorrection) : null,
            Experts = [.. Enumerable.Range(0, mlp.Router.Experts).Select(expert => layout.Experts.Of(source, block, expert))],
            SharedExpert = mlp.SharedWidth == 0 ? null : new MlpRef(
                Linear(block + layout.SharedExpert.Gate, layout.MlpBias), Linear(block + layout.SharedExpert.Up, layout.MlpBias), Linear(block + layout.SharedExpert.Down, layout.MlpBias)),
            SharedExpertGate = mlp.SharedGate ? Linear(block + layout.SharedExpertGate, false) : null,
        };
    }

    private MlpRef Mlp(string block, bool gated, int width)
    {
        LinearRef down = Transposable(block + layout.Down, layout.MlpBias);
        if (!gated)
            return new MlpRef(null, Transposable(block + layout.Up, layout.MlpBias), down);
        if (layout.GateUp is not { } fused)
            return new MlpRef(Linear(block + layout.Gate, layout.MlpBias), Linear(block + layout.Up, layout.MlpBias), down);
        LinearRef both = Linear(block + fused, layout.MlpBias);
        return new MlpRef(Part(both, 0, width), Part(both, width, width), down);
    }

    private NormRef Norm(string module, NormSpec norm) => layout.NormsWithoutParameters ? new NormRef(null)
        : new NormRef(new TensorRef(module + ".weight"), norm.Kind == Kernels.NormKind.Layer ? Bias(module, layout.NormBias) : null);

    private NormRef? HeadNorm(AttentionSpec attention, string module, int heads)
    {
        if (attention.HeadNorm is null)
            return null;
        if (!layout.HeadNormPerHead)
            return new NormRef(new TensorRef(module + ".weight"), Bias(module, layout.HeadNormBias));
        TensorRef[] parts = [.. Enumerable.Range(0, heads).Select(head => new TensorRef(string.Format(CultureInfo.InvariantCulture, module, head) + ".weight"))];
        return new NormRef(new TensorRef(parts[0].Name) { Parts = parts });
    }

    private LinearRef Linear(string module, bool? bias) => new(new TensorRef(module + ".weight"), Bias(module, bias));

    private LinearRef Transposable(string module, bool? bias) =>
        new(new TensorRef(module + ".weight") { Transposed = layout.Transposed }, Bias(module, bias));

    private TensorRef? Bias(string module, bool? wanted) =>
        wanted ?? source.HasTensor(module + ".bias") ? new TensorRef(module + ".bias") : null;

    private static LinearRef Part(LinearRef all, int first, int rows) => new(
        all.Weight with { FirstRow = first, Rows = rows }, all.Bias is { } bias ? bias with { FirstRow = first, Rows = rows } : null);

    private static LinearRef Reorder(LinearRef all, int[] order) => new(
        all.Weight with { OutputOrder = order }, all.Bias is { } bias ? bias with { OutputOrder = order } : null);

    private LinearRef Ordered(LinearRef projection, ref int[]? order, int heads, int dimension) =>
        layout.RotaryPermuted ? Reorder(projection, order ??= UndoRotaryOrder(heads, dimension)) : projection;

    // Stored row 2i of a head is its output i, row 2i + 1 its output i + d/2.
    private static int[] UndoRotaryOrder(int heads, int dimension)
    {
        var order = new int[heads * dimension];
        for (int row = 0; row < order.Length; row++)
        {
            int within = row % dimension;
            order[row] = row - within + (within / 2) + (within % 2 * (dimension / 2));
        }
        return order;
    }

    private static int[] OrderByGroup(AttentionSpec attention)
    {
        int d = attention.KeyDimension, perGroup = attention.Heads / attention.KeyHeads;
        var order = new int[(attention.Heads + (2 * attention.KeyHeads)) * d];
        for (int row = 0; row < order.Length; row++)
        {
            int group = row / ((perGroup + 2) * d), part = row / d % (perGroup + 2);
            int head = part < perGroup ? (group * perGroup) + part : attention.Heads + ((part - perGroup) * attention.KeyHeads) + group;
            order[row] = (head * d) + (row % d);
        }
        return order;
    }

    // Before anything as long as the configuration claims is built.
    private void ExpectRows(string module, int rows)
    {
        string name = module + ".weight";
        if (source.Tensors.TryGetValue(name, out StoredTensor? tensor) && tensor.Shape.Length > 0 && tensor.Shape[0] == rows)
            return;
        if (tensor is not null)
            throw new CheckpointException(tensor.File, $"tensor {name}", tensor.FileOffset, $"shape [{string.Join(", ", tensor.Shape)}]", $"[{rows}, …]");
        throw TensorCheck.Missing(source, name);
    }
}
