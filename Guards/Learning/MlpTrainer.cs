using System.Numerics;
using System.Numerics.Tensors;
using Managed.Guards.Evaluation;

namespace Managed.Guards.Learning;

/// <summary>Trains an <see cref="Mlp{T}"/> on rows in memory: seeded mini-batches, AdamW, curves. The same seed gives the same bits.</summary>
internal static class MlpTrainer
{
    /// <param name="mlp">The network, initialised.</param>
    /// <param name="what">Its name in the report.</param>
    /// <param name="rows">Inputs.</param>
    /// <param name="targets">Targets of each row.</param>
    /// <param name="held">Rows that are only validated on.</param>
    /// <param name="loss">The loss of a row.</param>
    /// <param name="label">A row's class, where there is one: for accuracy and AUC.</param>
    /// <param name="score">An output's score of the positive class, in [0, 1].</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Takes each epoch's report.</param>
    /// <param name="cancellation">Ends the training between two epochs.</param>
    public static TrainingReport Train<T, TLoss>(
        Mlp<T> mlp, string what, IReadOnlyList<T[]> rows, IReadOnlyList<T[]> targets, IReadOnlyList<int> held, TLoss loss,
        Func<T[], bool?> label, Func<T[], double> score, TrainingOptions options, IProgress<EpochReport>? progress, CancellationToken cancellation)
        where T : struct, IFloatingPointIeee754<T>
        where TLoss : struct, ILoss<T>
    {
        options.Validate();
        var heldRows = held.ToHashSet();
        int[] order = [.. Enumerable.Range(0, rows.Count).Where(row => !heldRows.Contains(row))];
        if (order.Length == 0)
            throw new GuardException($"{what}: found {rows.Count} rows, all of them held out; expected rows to train on.");
        var random = new SplitMix(options.Seed ^ 0x5DEECE66D);
        var optimiser = new AdamW<T>(mlp.Parameters, options.WeightDecay);
        int steps = options.Epochs * ((order.Length + options.BatchRows - 1) / options.BatchRows), done = 0;
        var epochs = new List<EpochReport>();
        T[][]? best = null;
        int kept = options.Epochs;
        double lowest = double.PositiveInfinity;
        for (int epoch = 1; epoch <= options.Epochs; epoch++)
        {
            cancellation.ThrowIfCancellationRequested();
            random.Shuffle(order.AsSpan());
            var pass = new Tally();
            for (int first = 0; first < order.Length; first += options.BatchRows, done++)
            {
                int[] batch = order[first..Math.Min(order.Length, first + options.BatchRows)];
                T[][] inputs = Array.ConvertAll(batch, row => rows[row]);
                T[][] gradients = Evaluate(mlp, inputs, batch, targets, loss, label, score, pass);
                foreach (T[] gradient in gradients)
                    TensorPrimitives.Divide((ReadOnlySpan<T>)gradient, T.CreateTruncating(batch.Length), gradient);
                mlp.Backward(inputs, gradients);
                optimiser.Step(mlp.Gradients, options.LearningRate * (options.LinearDecay ? 1 - ((double)done / steps) : 1));
            }
            var validation = new Tally();
            for (int first = 0; first < held.Count; first += 256)
            {
                int[] batch = [.. held.Skip(first).Take(256)];
                Evaluate(mlp, Array.ConvertAll(batch, row => rows[row]), batch, targets, loss, label, score, validation);
            }
            var report = new EpochReport(epoch, pass.Loss, held.Count > 0 ? validation.Loss : null, pass.Accuracy, validation.Accuracy, validation.Auc);
            if (!double.IsFinite(report.TrainLoss))
                throw new GuardException($"{what}: the loss became {report.TrainLoss} in epoch {epoch}; expected a finite number: lower the learning rate, or look for states that are not finite.");
            epochs.Add(report);
            progress?.Report(report);
            if (options.KeepBest && report.ValidationLoss < lowest)
            {
                (lowest, kept) = (report.ValidationLoss.Value, epoch);
                best = Array.ConvertAll(mlp.Parameters, parameter => (T[])parameter.Clone());
            }
        }
        for (int i = 0; best is not null && i < best.Length; i++)
            best[i].CopyTo(mlp.Parameters[i], 0);
        return new TrainingReport(what, options.Seed, order.Length, held.Count, epochs, kept);
    }

    // The rows' gradients; their loss and decisions are tallied.
    private static T[][] Evaluate<T, TLoss>(
        Mlp<T> mlp, T[][] inputs, int[] batch, IReadOnlyList<T[]> targets, TLoss loss, Func<T[], bool?> label, Func<T[], double> score, Tally tally)
        where T : struct, IFloatingPointIeee754<T>
        where TLoss : struct, ILoss<T>
    {
        T[][] outputs = mlp.Forward(inputs);
        var gradients = new T[batch.Length][];
        for (int i = 0; i < batch.Length; i++)
        {
            gradients[i] = new T[outputs[i].Length];
            T[] target = targets[batch[i]];
            tally.Add(double.CreateTruncating(loss.Evaluate(gradients[i], outputs[i], target)), score(outputs[i]), label(target));
        }
        return gradients;
    }

    /// <summary>Draws the rows that are held out, each kind by the same share so that both are on either side.</summary>
    public static int[] HoldOut(IReadOnlyList<bool> labels, TrainingOptions options)
    {
        options.Validate();
        var random = new SplitMix(options.Seed);
        var held = new List<int>();
        foreach (bool kind in new[] { false, true })
        {
            int[] rows = [.. Enumerable.Range(0, labels.Count).Where(row => labels[row] == kind)];
            random.Shuffle(rows.AsSpan());
            held.AddRange(rows.Take((int)Math.Round(options.ValidationShare * rows.Length)));
        }
        held.Sort();
        return [.. held];
    }

    private sealed class Tally
    {
        private readonly List<double> scores = [];
        private readonly List<bool> labels = [];
        private double sum;
        private int rows;

        private LabelledScores? Judged => scores.Count > 0 && scores.TrueForAll(double.IsFinite) ? new LabelledScores(scores, labels) : null;

        public double Loss => sum / rows;

        public double? Accuracy => Judged?.At(0.5).Accuracy;

        public double? Auc => Judged?.Auroc();

        public void Add(double loss, double score, bool? label)
        {
            sum += loss;
            rows++;
            if (label is not { } known)
                return;
            scores.Add(score);
            labels.Add(known);
        }
    }
}
