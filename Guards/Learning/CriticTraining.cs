namespace Managed.Guards.Learning;

/// <summary>InferenceGuard's critic: from a state behind the final norm and the budget that is left to what becomes of the answer.</summary>
public sealed class Critic
{
    private readonly Mlp<float> mlp;

    internal Critic(Mlp<float> mlp) => this.mlp = mlp;

    /// <summary>Elements of a state, without the budget.</summary>
    public int Width => mlp.Sizes[0] - 1;

    /// <summary>The probability that the budget lasts to the end, and the expected task cost to go.</summary>
    /// <param name="state">u, [width].</param>
    /// <param name="budget">z, what is left of the safety budget.</param>
    /// <exception cref="GuardException">The state has another width.</exception>
    public (double Safe, double Cost) Evaluate(ReadOnlySpan<float> state, float budget)
    {
        if (state.Length != Width)
            throw new GuardException($"critic: found a state of {state.Length} elements; expected {Width}.");
        float[] outputs = mlp.Forward([[.. state, budget]])[0];
        return (LogisticRegression.Sigmoid(outputs[0]), outputs[1]);
    }

    /// <summary>Its tensors, named as PyTorch names layers with ReLU between them.</summary>
    internal IEnumerable<(string Name, int[] Shape, float[] Values)> Tensors()
    {
        for (int layer = 0; layer < mlp.Layers; layer++)
        {
            yield return ($"layers.{2 * layer}.weight", [mlp.Sizes[layer + 1], mlp.Sizes[layer]], mlp.Parameters[2 * layer]);
            yield return ($"layers.{2 * layer}.bias", [mlp.Sizes[layer + 1]], mlp.Parameters[(2 * layer) + 1]);
        }
    }
}

/// <summary>A block's end in an answer that was sampled and scored.</summary>
/// <param name="State">u at the block's last token.</param>
/// <param name="Budget">z there.</param>
/// <param name="Safe">Whether the budget was above 0 at the answer's end.</param>
/// <param name="CostToGo">γ^(tokens to the end) · the task's cost; NaN: unknown.</param>
public sealed record CriticExample(float[] State, float Budget, bool Safe, float CostToGo);

/// <summary>How a critic is trained.</summary>
public sealed record CriticOptions
{
    /// <summary>Widths of the hidden layers; the paper's are of 4096.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [256, 256];

    /// <summary>Weight of the squared error of the cost beside the cross-entropy.</summary>
    public double CostWeight { get; init; } = 1;

    /// <summary>Steps, epochs, seed, rows held out.</summary>
    public TrainingOptions Training { get; init; } = new() { LearningRate = 1e-3, Epochs = 50, BatchRows = 64, KeepBest = true };

    /// <summary>The paper's table: hidden width 4096, step size 1e-5, 50 epochs, batches of 8; three layers as RE-Control's critic, which is a choice.</summary>
    public static CriticOptions Reference { get; } = new()
    {
        Hidden = [4096, 4096, 4096],
        Training = new TrainingOptions { LearningRate = 1e-5, Epochs = 50, BatchRows = 8 },
    };
}

/// <summary>Trains InferenceGuard's critic on scored answers: binary cross-entropy of the first output, squared error of the second.</summary>
public static class CriticTraining
{
    /// <summary>z after a block: z ← (z − cost) / γ^tokens.</summary>
    public static double NextBudget(double budget, double cost, double discount, int tokens) => (budget - cost) / Math.Pow(discount, tokens);

    /// <summary>The examples of one answer: one for each block's end but the last, where there is nothing left to tell.</summary>
    /// <param name="states">u at each block's last token.</param>
    /// <param name="blockCosts">Safety cost of each block.</param>
    /// <param name="blockTokens">Tokens of each block.</param>
    /// <param name="taskCost">Cost of the finished answer; NaN: unknown.</param>
    /// <param name="budget">The budget at the beginning, d.</param>
    /// <param name="discount">γ.</param>
    public static IReadOnlyList<CriticExample> Examples(
        IReadOnlyList<float[]> states, IReadOnlyList<double> blockCosts, IReadOnlyList<int> blockTokens, double taskCost, double budget = 10, double discount = 0.999)
    {
        if (states.Count != blockCosts.Count || states.Count != blockTokens.Count)
            throw new GuardException($"critic: found {states.Count} states, {blockCosts.Count} costs and {blockTokens.Count} block lengths of an answer; expected one of each per block.");
        var budgets = new double[states.Count];
        double z = budget;
        for (int block = 0; block < states.Count; block++)
            budgets[block] = z = NextBudget(z, blockCosts[block], discount, blockTokens[block]);
        var examples = new List<CriticExample>();
        for (int block = 0, rest = blockTokens.Sum(); block < states.Count - 1; block++)
        {
            rest -= blockTokens[block];
            examples.Add(new CriticExample(states[block], (float)budgets[block], z > 0, (float)(Math.Pow(discount, rest) * taskCost)));
        }
        return examples;
    }

    /// <summary>Trains a critic.</summary>
    /// <param name="examples">Block ends of scored answers.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Takes each epoch's report.</param>
    /// <param name="cancellation">Ends the training between two epochs.</param>
    /// <exception cref="GuardException">No examples, different widths, options out of range, a loss that is not finite.</exception>
    public static (Critic Critic, TrainingReport Report) Train(
        IReadOnlyList<CriticExample> examples, CriticOptions? options = null, IProgress<EpochReport>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new CriticOptions();
        if (examples.Count < 2)
            throw new GuardException($"critic: found {examples.Count} examples; expected at least 2.");
        int width = examples[0].State.Length;
        if (examples.FirstOrDefault(example => example.State.Length != width) is { } other)
            throw new GuardException($"critic: found states of {width} and of {other.State.Length} elements; expected one width.");
        var mlp = new Mlp<float>([width + 1, .. options.Hidden, 2]);
        mlp.Initialise(options.Training.Seed);
        float[][] rows = [.. examples.Select(example => (float[])[.. example.State, example.Budget])];
        float[][] targets = [.. examples.Select(example => (float[])[example.Safe ? 1 : 0, example.CostToGo])];
        int[] held = MlpTrainer.HoldOut([.. examples.Select(example => example.Safe)], options.Training);
        var scale = new Standardisation([.. rows.Where((_, row) => Array.BinarySearch(held, row) < 0)]);
        float[][] scaled = Array.ConvertAll(rows, row => Vectors.ToSingle(scale.Apply(row)));
        TrainingReport report = MlpTrainer.Train(mlp, $"critic {string.Join('-', mlp.Sizes)}", scaled, targets, held, new CriticLoss<float>(options.CostWeight),
            target => target[0] > 0, outputs => LogisticRegression.Sigmoid(outputs[0]), options.Training, progress, cancellation);
        scale.FoldInto(mlp);
        return (new Critic(mlp), report);
    }
}
