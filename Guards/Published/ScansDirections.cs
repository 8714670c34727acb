using System.Numerics.Tensors;

namespace Managed.Guards.Published;

/// <summary>
/// What <see cref="Scans"/> learns from two sets of prompts, in float64: v_l, the unit mean difference of the states at the end of the
/// instruction, and ref_l, the mean over harmful prompts of the transition τ_l = x_{l+1}[e] − x_{l+1}[s] to the last token of " Sure".
/// </summary>
/// <param name="Steering">v_l behind each block.</param>
/// <param name="Transition">ref_l behind each block.</param>
public sealed record ScansDirections(SteeringVectors Steering, SteeringVectors Transition)
{
    /// <summary>Extracts both from prompts: the whole token sequences up to where an answer begins.</summary>
    /// <param name="model">The model.</param>
    /// <param name="harmful">Prompts that are to be refused; the paper has 64.</param>
    /// <param name="harmless">Prompts that are to be answered; the paper has 64.</param>
    /// <param name="instructionEnd">Position of e, counted from each prompt's end; −1: its last token.</param>
    /// <param name="probe">The text behind the prompt whose last token is s.</param>
    /// <exception cref="GuardException">A set is empty, or a prompt is too short for e.</exception>
    public static ScansDirections Extract(
        LanguageModel model, IReadOnlyList<int[]> harmful, IReadOnlyList<int[]> harmless, int instructionEnd = -1, string probe = Scans.Sure)
    {
        if (harmful.Count == 0 || harmless.Count == 0)
            throw new GuardException($"scans: found {harmful.Count} harmful and {harmless.Count} harmless prompts; expected at least one of each.");
        int[] suffix = model.Encode(probe, addSpecialTokens: false);
        double[][][] States(int[] prompt) => StatesOf(model, [.. prompt, .. suffix], prompt.Length + instructionEnd);
        double[][][][] harm = [.. harmful.Select(States)], safe = [.. harmless.Select(States)];
        var steering = new SteeringVectors(model.Width);
        var transition = new SteeringVectors(model.Width);
        for (int layer = 0; layer < model.LayerCount; layer++)
        {
            steering[layer] = Narrow(Direction([.. harm.Select(states => states[layer][0])], [.. safe.Select(states => states[layer][0])]));
            transition[layer] = Narrow(Mean([.. harm.Select(states => Difference(states[layer][0], states[layer][1]))]));
        }
        return new ScansDirections(steering, transition);
    }

    /// <summary>v: mean of the harmful less mean of the harmless, of length 1.</summary>
    internal static double[] Direction(double[][] harmful, double[][] harmless)
    {
        double[] raw = Difference(Mean(harmful), Mean(harmless));
        double length = TensorPrimitives.Norm<double>(raw);
        return length > 0 ? [.. raw.Select(value => value / length)]
            : throw new GuardException("scans: found the same mean of harmful and harmless prompts; expected a difference.");
    }

    /// <summary>c: the mean over the blocks of cos(τ_l, ref_l); a cosine with a vector of length 0 counts as 0.</summary>
    internal static double Similarity(double[][] transitions, double[][] references) =>
        transitions.Zip(references, (a, b) => Cosine(a, b)).Average();

    private static double Cosine(double[] a, double[] b)
    {
        double lengths = TensorPrimitives.Norm<double>(a) * TensorPrimitives.Norm<double>(b);
        return lengths == 0 ? 0 : TensorPrimitives.Dot<double>(a, b) / lengths;
    }

    internal static double[] Mean(double[][] rows)
    {
        var mean = new double[rows[0].Length];
        foreach (double[] row in rows)
            TensorPrimitives.Add<double>(mean, row, mean);
        TensorPrimitives.Divide(mean, rows.Length, mean);
        return mean;
    }

    internal static double[] Difference(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x - y)];

    private static float[] Narrow(double[] values) => Array.ConvertAll(values, value => (float)value);

    // Behind each block the states at e and at the last token. // [layer][2][width]
    private static double[][][] StatesOf(LanguageModel model, int[] ids, int end)
    {
        if (end < 0)
            throw new GuardException($"scans: found the end of the instruction {-end} tokens before a prompt's beginning; expected it within the prompt.");
        ActivationCache cache = model.Run(ids, new RunOptions { Names = [.. Enumerable.Range(0, model.LayerCount).Select(GuardPoints.ResidPost)] }).Cache;
        return [.. Enumerable.Range(0, model.LayerCount).Select(layer => new[] { Row(layer, end), Row(layer, ids.Length - 1) })];

        double[] Row(int layer, int position) =>
            Array.ConvertAll(cache[GuardPoints.ResidPost(layer)].Values.Slice(position * model.Width, model.Width).ToArray(), value => (double)value);
    }
}
