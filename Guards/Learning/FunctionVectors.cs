using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Sampling;

namespace Managed.Guards.Learning;

/// <summary>A head with the weight that it has in a function vector; a head that a list names twice has weight 2.</summary>
/// <param name="Layer">The block.</param>
/// <param name="Head">The query head; with grouped keys, flat: group · size + place.</param>
/// <param name="Weight">Its factor.</param>
public readonly record struct WeightedHead(int Layer, int Head, double Weight = 1);

/// <summary>How much a head's mean output raises the probability of the right answer.</summary>
/// <param name="Layer">The block.</param>
/// <param name="Head">The query head.</param>
/// <param name="Effect">Mean over the prompts of p(answer) with the head's output replaced, less p(answer) without.</param>
public sealed record HeadEffect(int Layer, int Head, double Effect);

/// <summary>
/// Function vectors (Todd et al. 2024; SafeInfer's safety vector): Σ over chosen heads of W_O times the head's mean output at the
/// last token of prompts that show a task.
/// </summary>
public static class FunctionVectors
{
    /// <summary>The mean output of every head at the last token: [layers][heads · headDim], summed in float64.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">Token ids of prompts that show the task.</param>
    /// <param name="progress">Takes prompts done.</param>
    /// <param name="cancellation">Ends the work between two steps.</param>
    public static double[][] MeanHeadOutputs(LanguageModel model, IReadOnlyList<int[]> prompts, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        if (prompts.Count == 0)
            throw new GuardException("function vector: found no prompts; expected at least one.");
        HookAddress[] points = ActivationCollector.Resolve(model, ["z"]);
        if (points.Length != model.LayerCount)
            throw new GuardException($"function vector: {points.Length} of {model.LayerCount} blocks have attention heads; expected all of them.");
        var sums = new double[points.Length][];
        ActivationCollector.Run(model, prompts, points, StatePositions.Last, (_, point, rows) =>
            Vectors.AddScaled(sums[point] ??= new double[rows[0].Length], 1, Vectors.ToDouble(rows[0])), progress: progress, cancellation: cancellation);
        return Array.ConvertAll(sums, sum => Vectors.Scaled(sum, 1.0 / prompts.Count));
    }

    /// <summary>Σ weight · W_O[head] · mean output, [width]. No output bias is added, and no norm behind the attention (Gemma 2) applied.</summary>
    /// <param name="model">The model.</param>
    /// <param name="means">Mean head outputs.</param>
    /// <param name="heads">The heads, each as often as it counts.</param>
    /// <exception cref="GuardException">No heads, or one that the model does not have.</exception>
    public static float[] Build(LanguageModel model, double[][] means, IReadOnlyList<WeightedHead> heads) =>
        Vectors.ToSingle(Build(means, heads, layer => model.Architecture.Layers[layer].Attention.Heads, (layer, z) =>
            Vectors.ToDouble(LinearMatrix.Apply(model.Device, model.Weights.Layers[layer].AttentionOutput.Matrix, Vectors.ToSingle(z), 1))));

    /// <param name="means">Mean head outputs, [layers][heads · headDim].</param>
    /// <param name="heads">The heads.</param>
    /// <param name="headsOf">Heads of a layer.</param>
    /// <param name="project">W_O z of a layer.</param>
    internal static double[] Build(double[][] means, IReadOnlyList<WeightedHead> heads, Func<int, int> headsOf, Func<int, double[], double[]> project)
    {
        if (heads.Count == 0)
            throw new GuardException("function vector: found no heads; expected at least one.");
        double[]? vector = null;
        foreach (IGrouping<int, WeightedHead> layer in heads.GroupBy(head => head.Layer).OrderBy(group => group.Key))
        {
            if (layer.Key < 0 || layer.Key >= means.Length)
                throw new GuardException($"function vector: found layer {layer.Key}; expected layers 0 to {means.Length - 1}.");
            int count = headsOf(layer.Key), size = means[layer.Key].Length / count;
            var z = new double[means[layer.Key].Length]; // zero but for the chosen heads
            foreach (WeightedHead head in layer)
            {
                if (head.Head < 0 || head.Head >= count)
                    throw new GuardException($"function vector: found head {head.Head} of layer {layer.Key}; expected heads 0 to {count - 1}.");
                Vectors.AddScaled(z.AsSpan(head.Head * size, size), head.Weight, means[layer.Key].AsSpan(head.Head * size, size));
            }
            double[] written = project(layer.Key, z);
            Vectors.AddScaled(vector ??= new double[written.Length], 1, written);
        }
        return vector!;
    }

    /// <summary>
    /// The mean indirect effect of every head: in prompts that do not show the task (Todd et al. shuffle the answers of their
    /// examples), one head's output at the last token is replaced by its mean, and the rise of the right answer's probability measured.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">Token ids.</param>
    /// <param name="answers">For each prompt, the token that would be right.</param>
    /// <param name="means">Mean head outputs of prompts that show the task.</param>
    /// <param name="progress">Takes prompts done.</param>
    /// <param name="cancellation">Ends the work between two prompts.</param>
    /// <returns>Every head, largest effect first (ties: first layer, first head).</returns>
    /// <exception cref="GuardException">No prompts, or not as many answers.</exception>
    public static IReadOnlyList<HeadEffect> IndirectEffects(
        LanguageModel model, IReadOnlyList<int[]> prompts, IReadOnlyList<int> answers, double[][] means, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        if (prompts.Count == 0 || prompts.Count != answers.Count)
            throw new GuardException($"indirect effects: found {prompts.Count} prompts and {answers.Count} answers; expected as many of both, at least one.");
        (int Layer, int Head)[] heads = [.. model.Architecture.Layers.SelectMany((layer, l) => Enumerable.Range(0, layer.Attention.Heads).Select(head => (l, head)))];
        var effects = new double[heads.Length];
        float[][] narrow = Array.ConvertAll(means, mean => Vectors.ToSingle(mean));
        Precision before = model.Transformer.Precision;
        model.Transformer.Precision = Precision.Exact;
        try
        {
            for (int i = 0; i < prompts.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                double[] probabilities = Probabilities(model, prompts[i], answers[i], heads, narrow);
                for (int head = 0; head < heads.Length; head++)
                    effects[head] += probabilities[head] - probabilities[^1];
                progress?.Report(i + 1);
            }
        }
        finally
        {
            model.Transformer.Precision = before;
        }
        return [.. heads.Select((head, i) => new HeadEffect(head.Layer, head.Head, effects[i] / prompts.Count)).OrderByDescending(effect => effect.Effect)];
    }

    // p(answer) with each head replaced in a row of its own, and last without. All rows share the prompt up to its last token.
    private static double[] Probabilities(LanguageModel model, int[] prompt, int answer, (int Layer, int Head)[] heads, float[][] means)
    {
        const int RowsOfStep = 64;
        using Sequence shared = model.Transformer.Cache.Create();
        var plain = new HookTable(model.LayerCount);
        plain.AddAll(model.Hooks);
        if (prompt.Length > 1)
            model.Transformer.Forward([new StepInput(shared, prompt.AsMemory(0, prompt.Length - 1))], LogitsWanted.None, plain);
        var probabilities = new double[heads.Length + 1];
        for (int first = 0; first < probabilities.Length; first += RowsOfStep)
        {
            int offset = first, count = Math.Min(RowsOfStep, probabilities.Length - first);
            var table = new HookTable(model.LayerCount);
            table.AddAll(model.Hooks);
            foreach (int layer in heads.Skip(first).Take(count).Select(head => head.Layer).Distinct())
                table.Add(new HookAddress(HookPoint.HeadOutput, layer), (values, at) =>
                {
                    int row = offset + at.Sequence;
                    if (row >= heads.Length || heads[row].Layer != at.Layer)
                        return;
                    int size = values.Columns / model.Architecture.Layers[at.Layer].Attention.Heads;
                    means[at.Layer].AsSpan(heads[row].Head * size, size).CopyTo(values.Row(0).Slice(heads[row].Head * size, size));
                });
            StepInput[] inputs = [.. Enumerable.Range(0, count).Select(_ => new StepInput(shared.Fork(), prompt.AsMemory(prompt.Length - 1)))];
            try
            {
                Span2D logits = model.Transformer.View(model.Transformer.Forward(inputs, LogitsWanted.Last, table));
                for (int row = 0; row < count; row++)
                    probabilities[first + row] = Math.Exp(logits[row, answer] - LogitFunctions.LogSumExp(logits.Row(row)));
            }
            finally
            {
                Array.ForEach(inputs, input => input.Sequence.Dispose());
            }
        }
        return probabilities;
    }
}
