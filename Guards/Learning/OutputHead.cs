using System.Numerics.Tensors;

namespace Managed.Guards.Learning;

/// <summary>A head that takes the place of a model's own: a whole matrix, or a low-rank change to it.</summary>
public sealed class OutputHead
{
    private readonly float[] weight, up, down;

    private OutputHead(float[] weight, float[] up, float[] down, int vocabulary, int width, int rank)
    {
        this.weight = weight;
        this.up = up;
        this.down = down;
        Vocabulary = vocabulary;
        Width = width;
        Rank = rank;
    }

    /// <summary>Number of tokens.</summary>
    public int Vocabulary { get; }

    /// <summary>Width of the states it reads.</summary>
    public int Width { get; }

    /// <summary>Rank of the change to the model's head; 0: it is a whole head.</summary>
    public int Rank { get; }

    /// <summary>The whole matrix [vocabulary, width]; empty for a low-rank change.</summary>
    public ReadOnlySpan<float> Weight => weight;

    /// <summary>[vocabulary, rank]; empty for a whole head. Logits change by up · (down · u).</summary>
    public ReadOnlySpan<float> Up => up;

    /// <summary>[rank, width]; empty for a whole head.</summary>
    public ReadOnlySpan<float> Down => down;

    internal static OutputHead Dense(float[] weight, int vocabulary, int width) => new(weight, [], [], vocabulary, width, 0);

    internal static OutputHead LowRank(float[] up, float[] down, int vocabulary, int width, int rank) => new([], up, down, vocabulary, width, rank);

    /// <summary>The best change of a rank that brings a model's head near this one (truncated singular values).</summary>
    /// <param name="model">The model whose head is changed.</param>
    /// <param name="rank">Rank of the change.</param>
    /// <returns>The change, and the share of the difference's sum of squares that it keeps.</returns>
    /// <exception cref="GuardException">The head is of low rank already, is of another shape, or does not differ from the model's.</exception>
    public (OutputHead Head, double KeptShare) Compress(LanguageModel model, int rank)
    {
        if (model.VocabularySize != Vocabulary || model.Width != Width)
            throw new GuardException($"refusal head: found a head of {Vocabulary}×{Width}; expected {model.VocabularySize}×{model.Width}, as the model's.");
        return Compress(LinearMatrix.Read(model.Device, model.Weights.Head.Matrix), rank);
    }

    internal (OutputHead Head, double KeptShare) Compress(float[] start, int rank)
    {
        if (Rank > 0)
            throw new GuardException($"refusal head: found a change of rank {Rank}; expected a whole head to compress.");
        var difference = new double[Vocabulary][];
        for (int v = 0; v < Vocabulary; v++)
            difference[v] = Vectors.Subtract(Vectors.ToDouble(weight.AsSpan(v * Width, Width)), Vectors.ToDouble(start.AsSpan(v * Width, Width)));
        PrincipalComponents components = PrincipalComponents.Of(difference, rank); // the right singular vectors
        float[] ups = [.. difference.SelectMany(row => components.Vectors.Select(vector => (float)Vectors.Dot(row, vector)))];
        return (LowRank(ups, [.. components.Vectors.SelectMany(vector => Vectors.ToSingle(vector))], Vocabulary, Width, rank), components.Shares.Sum());
    }

    /// <summary>The products that take the place of the model's own W u.</summary>
    /// <param name="products">The model's W u, [vocabulary]; overwritten.</param>
    /// <param name="state">u, behind the final norm.</param>
    public void Apply(Span<float> products, ReadOnlySpan<float> state)
    {
        if (products.Length != Vocabulary || state.Length != Width)
            throw new GuardException($"refusal head: found {products.Length} logits of a state of {state.Length}; expected {Vocabulary} and {Width}.");
        if (Rank == 0)
        {
            for (int v = 0; v < Vocabulary; v++)
                products[v] = TensorPrimitives.Dot(weight.AsSpan(v * Width, Width), state);
            return;
        }
        Span<float> inner = new float[Rank];
        for (int k = 0; k < Rank; k++)
            inner[k] = TensorPrimitives.Dot(down.AsSpan(k * Width, Width), state);
        for (int v = 0; v < Vocabulary; v++)
            products[v] += TensorPrimitives.Dot(up.AsSpan(v * Rank, Rank), inner);
    }

    /// <summary>Its tensors, as files hold them.</summary>
    internal IEnumerable<(string Name, int[] Shape, float[] Values)> Tensors() => Rank == 0
        ? [("weight", [Vocabulary, Width], weight)]
        : [("up", [Vocabulary, Rank], up), ("down", [Rank, Width], down)];
}
