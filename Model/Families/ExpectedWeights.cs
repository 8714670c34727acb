using Managed.Architectures;

namespace Managed.Families;

/// <summary>A weight that an architecture needs: where it is said to lie, and its shape.</summary>
/// <param name="Reference">Where it lies.</param>
/// <param name="Rows">Outputs, or elements of a vector.</param>
/// <param name="Columns">Inputs; null: a vector.</param>
internal sealed record ExpectedWeight(TensorRef Reference, long Rows, long? Columns)
{
    /// <summary>Rows of each part of a reference with parts, repeating.</summary>
    public long[]? PartRows { get; init; }
}

/// <summary>The shapes that an architecture gives to its weights.</summary>
internal static class ExpectedWeights
{
    public static IEnumerable<ExpectedWeight> Of(Architecture architecture, ModelTensors tensors)
    {
        int width = architecture.Width, vocabulary = architecture.VocabularySize;
        yield return new ExpectedWeight(tensors.Embedding, vocabulary, width);
        if (tensors.PositionEmbedding is { } positions)
            yield return new ExpectedWeight(positions, architecture.LearnedPositions, width);
        IEnumerable<ExpectedWeight> rest =
        [
            .. Norm(tensors.EmbeddingNorm, width), .. Norm(tensors.FinalNorm, width), .. Linear(tensors.Head, vocabulary, width),
        ];
        foreach (ExpectedWeight expected in rest)
            yield return expected;
        for (int layer = 0; layer < architecture.Layers.Length; layer++)
            foreach (ExpectedWeight expected in Layer(architecture.Layers[layer], tensors.Layers[layer], width))
                yield return expected;
    }

    private static IEnumerable<ExpectedWeight> Layer(LayerSpec spec, LayerTensors tensors, int width) =>
    [
        .. Norm(tensors.AttentionNorm, width), .. Norm(tensors.AttentionPostNorm, width),
        .. Norm(tensors.MlpNorm, width), .. Norm(tensors.MlpPostNorm, width),
        .. Attention(spec.Attention, tensors, width),
        .. Mlp(tensors.Mlp, spec.Mlp.Width, width),
        .. Linear(tensors.Router, spec.Mlp.Router?.Experts ?? 0, width),
        .. Vector(tensors.RouterCorrection, spec.Mlp.Router?.Experts ?? 0),
        .. (tensors.Experts ?? []).SelectMany(expert => Mlp(expert, spec.Mlp.Width, width)),
        .. Mlp(tensors.SharedExpert, spec.Mlp.SharedWidth, width),
        .. Linear(tensors.SharedExpertGate, 1, width),
    ];

    private static IEnumerable<ExpectedWeight> Attention(AttentionSpec spec, LayerTensors tensors, int width)
    {
        long queries = (long)spec.Heads * spec.KeyDimension, keys = (long)spec.KeyHeads * spec.KeyDimension, values = (long)spec.KeyHeads * spec.ValueDimension;
        LatentSpec? latent = spec.Latent;
        HeadNormExtent extent = spec.HeadNorm?.Extent ?? HeadNormExtent.Head;
        return
        [
            .. Linear(tensors.QueryKeyValue, queries + keys + values, width),
            .. Linear(tensors.Query, queries, latent is { QueryRank: > 0 } ? latent.QueryRank : width),
            .. Linear(tensors.Key, keys, width),
            .. Linear(tensors.Value, values, width),
            .. Linear(tensors.AttentionOutput, width, (long)spec.Heads * spec.ValueDimension),
            .. HeadNorm(tensors.QueryNorm, extent == HeadNormExtent.Head ? spec.KeyDimension : queries, spec.KeyDimension),
            .. HeadNorm(tensors.KeyNorm, extent == HeadNormExtent.Head ? spec.KeyDimension : keys, spec.KeyDimension),
            .. Vector(tensors.Sinks, spec.Heads),
            .. Linear(tensors.QueryDown, latent?.QueryRank ?? 0, width),
            .. Norm(tensors.QueryLatentNorm, latent?.QueryRank ?? 0),
            .. Linear(tensors.KeyValueDown, latent is null ? 0 : latent.KeyValueRank + latent.RopeDimension, width),
            .. Norm(tensors.KeyValueLatentNorm, latent?.KeyValueRank ?? 0),
            .. Linear(tensors.KeyValueUp, latent is null ? 0 : (long)spec.Heads * (latent.NopeDimension + spec.ValueDimension), latent?.KeyValueRank ?? 0)
                .Select(expected => expected with { PartRows = [latent!.NopeDimension, spec.ValueDimension] }),
        ];
    }

    private static IEnumerable<ExpectedWeight> Mlp(MlpRef? mlp, long inner, long width) =>
        mlp is null ? [] : [.. Linear(mlp.Gate, inner, width), .. Linear(mlp.Up, inner, width), .. Linear(mlp.Down, width, inner)];

    private static IEnumerable<ExpectedWeight> Linear(LinearRef? linear, long rows, long columns) =>
        linear is null ? [] : [new ExpectedWeight(linear.Weight, rows, columns), .. Vector(linear.Bias, rows)];

    private static IEnumerable<ExpectedWeight> Norm(NormRef? norm, long width) => norm is null ? [] : [.. Vector(norm.Gain, width), .. Vector(norm.Bias, width)];

    private static IEnumerable<ExpectedWeight> HeadNorm(NormRef? norm, long width, int headDimension) =>
        Norm(norm, width).Select(expected => expected with { PartRows = [headDimension] });

    private static IEnumerable<ExpectedWeight> Vector(TensorRef? vector, long length) => vector is null ? [] : [new ExpectedWeight(vector, length, null)];
}
