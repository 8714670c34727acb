using System.Numerics.Tensors;

namespace Managed.Peers;

/// <summary>How far logits lie apart.</summary>
/// <param name="Largest">Difference of a logit.</param>
/// <param name="Relative">Root of the mean square of the differences, over the standard deviation of the logits.</param>
/// <param name="SameFirst">Whether the same token is the likeliest.</param>
internal sealed record LogitDifference(double Largest, double Relative, bool SameFirst)
{
    public static LogitDifference Of(ReadOnlySpan<float> ours, ReadOnlySpan<float> theirs)
    {
        float[] differences = new float[ours.Length];
        TensorPrimitives.Subtract(ours, theirs, differences);
        return new LogitDifference(TensorPrimitives.MaxMagnitude<float>(differences) is var most ? Math.Abs(most) : 0,
            Math.Sqrt(TensorPrimitives.SumOfSquares<float>(differences) / differences.Length) / TensorPrimitives.StdDev(theirs),
            TensorPrimitives.IndexOfMax(ours) == TensorPrimitives.IndexOfMax(theirs));
    }
}

/// <summary>Logits of both engines on one file.</summary>
/// <param name="Plain">Ours against llama.cpp's.</param>
/// <param name="Steered">The same with a control vector in both; null: there was none.</param>
/// <param name="Change">llama.cpp's with the vector against those without.</param>
internal sealed record LogitComparison(LogitDifference Plain, LogitDifference? Steered, LogitDifference? Change)
{
    /// <param name="ours">This project.</param>
    /// <param name="theirs">The other engine, with the same file.</param>
    /// <param name="tokens">Length of the text, of arbitrary tokens.</param>
    /// <param name="steering">What both add behind blocks, the first for block 1.</param>
    public static LogitComparison Of(IEngine ours, IEngine theirs, int tokens, (float[] Vectors, int Width)? steering)
    {
        int[] ids = RaceCase.TokenRun(0, 0, tokens, theirs.Vocabulary);
        float[] our = ours.Logits(ids), their = theirs.Logits(ids);
        LogitDifference plain = LogitDifference.Of(our, their);
        if (steering is not var (vectors, width))
            return new LogitComparison(plain, null, null);
        ours.Steer(vectors, width);
        theirs.Steer(vectors, width);
        float[] steered = theirs.Logits(ids);
        return new LogitComparison(plain, LogitDifference.Of(ours.Logits(ids), steered), LogitDifference.Of(steered, their));
    }
}
