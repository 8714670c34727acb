using Managed.Kernels;
using Managed.Weights;

namespace Managed.Cli.Bench;

/// <summary>What one token of one sequence costs: bytes that must be read, multiplications that must be made.</summary>
/// <param name="WeightBytes">Weights in the types that the kernels read: each matrix once, of experts only those a token passes.</param>
/// <param name="CacheBytes">Keys and values of all earlier positions that are in a layer's window, and the token's own.</param>
/// <param name="MultiplyAdds">Multiplications with addition in linear layers and attention.</param>
internal sealed record TokenWork(long WeightBytes, long CacheBytes, long MultiplyAdds)
{
    /// <summary>Everything that is read.</summary>
    public long Bytes => WeightBytes + CacheBytes;

    /// <summary>The work of the token at a position, with its logits or without.</summary>
    public static TokenWork At(LanguageModel model, int position, bool logits = true)
    {
        ModelWeights weights = model.Weights;
        long bytes = RowBytes(weights.Embedding) + (weights.PositionEmbedding is { } positions ? RowBytes(positions) : 0) + NormBytes(weights.EmbeddingNorm);
        long cache = 0, multiplyAdds = 0;
        for (int layer = 0; layer < weights.Layers.Length; layer++)
        {
            LayerWeights block = weights.Layers[layer];
            foreach (NormSettings? norm in new[]
            {
                block.AttentionNorm, block.AttentionPostNorm, block.MlpNorm, block.MlpPostNorm,
                block.QueryNorm, block.KeyNorm, block.QueryLatentNorm, block.KeyValueLatentNorm,
            })
                bytes += NormBytes(norm);
            foreach (LinearLayer linear in block.LinearLayers())
                Add(linear, 1);
            if (block.Experts is { } experts)
                foreach (LinearLayer linear in new[] { experts[0].Gate, experts[0].Up, experts[0].Down }.OfType<LinearLayer>())
                    Add(linear, block.Routing!.Chosen);
            AttentionSettings attention = block.Attention;
            int seen = attention.Window > 0 ? Math.Min(position + 1, attention.Window) : position + 1;
            CacheLayout layout = model.Transformer.Cache.Layouts[layer];
            cache += (long)seen * layout.KeyHeads * (layout.KeyDimension + layout.ValueDimension) * sizeof(float);
            multiplyAdds += (long)seen * attention.Heads * (attention.KeyDimension + attention.ValueDimension);
        }
        if (logits)
        {
            bytes += NormBytes(weights.FinalNorm);
            Add(weights.Head, 1);
        }
        return new TokenWork(bytes, cache, multiplyAdds);

        void Add(LinearLayer linear, int times)
        {
            bytes += times * (linear.Matrix.ByteCount + ((linear.Bias?.Length ?? 0) * sizeof(float)));
            multiplyAdds += (long)times * linear.Outputs * linear.Inputs;
        }
    }

    private static long RowBytes(Weight table) => table.ByteCount / table.Rows;

    private static long NormBytes(NormSettings? norm) => ((norm?.Gain?.Length ?? 0) + (norm?.Bias?.Length ?? 0)) * sizeof(float);
}
