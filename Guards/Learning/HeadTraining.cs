using Managed.Hooks;

namespace Managed.Guards.Learning;

/// <summary>
/// SafeSwitch's refusal head: a copy of the output matrix, trained with the body frozen. The states behind the final norm are computed
/// once; what is left is multinomial logistic regression, in mini-batches with AdamW. Sums go in a fixed order, whatever the threads.
/// </summary>
public static class HeadTraining
{
    /// <summary>Trains a head on texts.</summary>
    /// <param name="model">The model whose head it starts from.</param>
    /// <param name="texts">What the head should continue well.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Takes each epoch's report.</param>
    /// <param name="cancellation">Ends the training between two batches.</param>
    /// <exception cref="GuardException">Nothing to learn, options out of range, a loss that is not finite.</exception>
    public static (OutputHead Head, TrainingReport Report) Train(
        LanguageModel model, IReadOnlyList<TrainingText> texts, HeadOptions? options = null, IProgress<EpochReport>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new HeadOptions();
        TokenRowsInMemory rows = Collect(model, texts, cancellation);
        float[] head = LinearMatrix.Read(model.Device, model.Weights.Head.Matrix);
        return Train(rows, head, new LogitShape(model.Architecture.LogitScale, model.Architecture.LogitSoftCap, BiasOf(model)), options, progress, cancellation);
    }

    private static float[]? BiasOf(LanguageModel model) =>
        model.Weights.Head.Bias is { } bias ? model.Device.Span(bias, 0, model.VocabularySize).ToArray() : null;

    /// <summary>The final norm's output at every token whose successor is learned.</summary>
    internal static TokenRowsInMemory Collect(LanguageModel model, IReadOnlyList<TrainingText> texts, CancellationToken cancellation)
    {
        int wrong = texts.ToList().FindIndex(text => text.Learned is { } learned && learned.Length != text.Ids.Length);
        if (wrong >= 0)
            throw new GuardException($"text {wrong}: found {texts[wrong].Learned!.Length} marks for {texts[wrong].Ids.Length} tokens; expected one for each.");
        var rows = new TokenRowsInMemory(model.Width);
        ActivationCollector.Run(model, [.. texts.Select(text => text.Ids)], [new HookAddress(HookPoint.UnembedIn, -1)], StatePositions.All, (prompt, _, states) =>
        {
            TrainingText text = texts[prompt];
            for (int t = 0; t + 1 < text.Ids.Length; t++)
                if (text.Learned is not { } learned || learned[t + 1])
                    rows.Add(states[t], text.Ids[t + 1]);
        }, cancellation: cancellation);
        return rows;
    }

    internal static (OutputHead Head, TrainingReport Report) Train(
        ITokenRows rows, float[] start, LogitShape shape, HeadOptions options, IProgress<EpochReport>? progress, CancellationToken cancellation)
    {
        options.Training.Validate();
        int vocabulary = start.Length / rows.Width;
        if (rows.Count < 2)
            throw new GuardException($"refusal head: found {rows.Count} tokens to learn; expected at least 2.");
        if (options.Rank < 0 || options.Rank > Math.Min(vocabulary, rows.Width))
            throw new GuardException($"refusal head: found rank {options.Rank}; expected 0 (dense) to {Math.Min(vocabulary, rows.Width)}.");
        TrainingOptions training = options.Training;
        var random = new SplitMix(training.Seed);
        int[] order = [.. Enumerable.Range(0, rows.Count)];
        random.Shuffle(order.AsSpan());
        int[] held = order[..(int)(training.ValidationShare * rows.Count)];
        order = order[held.Length..];
        IHeadParameters parameters = options.Rank > 0 ? new LowRankParameters(start, rows.Width, options.Rank, training) : new DenseParameters(start, rows.Width, training);
        int steps = training.Epochs * ((order.Length + training.BatchRows - 1) / training.BatchRows), done = 0;
        var epochs = new List<EpochReport>();
        for (int epoch = 1; epoch <= training.Epochs; epoch++)
        {
            random.Shuffle(order.AsSpan());
            (double loss, int right) = (0, 0);
            for (int first = 0; first < order.Length; first += training.BatchRows, done++)
            {
                cancellation.ThrowIfCancellationRequested();
                var batch = new HeadBatch(rows, order.AsSpan(first, Math.Min(training.BatchRows, order.Length - first)), vocabulary);
                parameters.Logits(batch);
                (double l, int r) = batch.Differentiate(shape, 1.0 / batch.Count);
                (loss, right) = (loss + l, right + r);
                parameters.Step(batch, training.LearningRate * (training.LinearDecay ? 1 - ((double)done / steps) : 1));
            }
            (double heldLoss, int heldRight) = (0, 0);
            for (int first = 0; first < held.Length; first += training.BatchRows)
            {
                var batch = new HeadBatch(rows, held.AsSpan(first, Math.Min(training.BatchRows, held.Length - first)), vocabulary);
                parameters.Logits(batch);
                (double l, int r) = batch.Differentiate(shape, 1);
                (heldLoss, heldRight) = (heldLoss + l, heldRight + r);
            }
            if (!double.IsFinite(loss))
                throw new GuardException($"refusal head: the loss became {loss} in epoch {epoch}; expected a finite number: lower the learning rate.");
            bool any = held.Length > 0;
            epochs.Add(new EpochReport(epoch, loss / order.Length, any ? heldLoss / held.Length : null, (double)right / order.Length, any ? (double)heldRight / held.Length : null));
            progress?.Report(epochs[^1]);
        }
        string what = options.Rank > 0 ? $"refusal head {vocabulary}×{rows.Width}, rank {options.Rank}" : $"refusal head {vocabulary}×{rows.Width}";
        return (parameters.Head(), new TrainingReport(what, training.Seed, order.Length, held.Length, epochs, training.Epochs));
    }
}

/// <summary>What happens between the head's product and the logits: + bias, × scale, cap · tanh(x / cap).</summary>
internal readonly record struct LogitShape(float Scale, float SoftCap, float[]? Bias = null);

/// <summary>How a head is trained.</summary>
public sealed record HeadOptions
{
    /// <summary>Rank of the change to the model's own head; 0: a whole head.</summary>
    public int Rank { get; init; }

    /// <summary>Steps, epochs, seed, rows held out.</summary>
    public TrainingOptions Training { get; init; } = new() { LearningRate = 1e-3, WeightDecay = 0.02, Epochs = 5, BatchRows = 256, ValidationShare = 0.05, LinearDecay = true };

    /// <summary>SafeSwitch's published training: AdamW 1e-5, weight decay 0.02, 5 epochs, linear decay. (There a batch is 4 texts; here it is tokens.)</summary>
    public static HeadOptions Reference { get; } = new()
    {
        Training = new TrainingOptions { LearningRate = 1e-5, WeightDecay = 0.02, Epochs = 5, BatchRows = 256, ValidationShare = 0.05, LinearDecay = true },
    };
}
