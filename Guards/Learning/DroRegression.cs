namespace Managed.Guards.Learning;

/// <summary>
/// What DRO (Zheng et al. 2024) steers by: the first principal components of the states behind the final norm, and two logistic
/// regressions on them, of refusal and of harmfulness; larger means less refusal, and harmless.
/// </summary>
public sealed class DroRegression
{
    private readonly double[] refusal, harm;

    internal DroRegression(double[] mean, double[][] basis, double[] refusal, double refusalBias, double[] harm, double harmBias)
    {
        Mean = mean;
        Basis = basis;
        this.refusal = refusal;
        this.harm = harm;
        (RefusalBias, HarmBias) = (refusalBias, harmBias);
    }

    /// <summary>Mean of the states, [width].</summary>
    internal double[] Mean { get; }

    /// <summary>An orthonormal basis of the whole space, [width][width]; the first are the components.</summary>
    internal double[][] Basis { get; }

    /// <summary>Number of components that the regressions read.</summary>
    public int Components => refusal.Length;

    /// <summary>Weights of the refusal regression.</summary>
    public ReadOnlySpan<double> Refusal => refusal;

    /// <summary>Its bias.</summary>
    public double RefusalBias { get; }

    /// <summary>Weights of the harmfulness regression.</summary>
    public ReadOnlySpan<double> Harm => harm;

    /// <summary>Its bias.</summary>
    public double HarmBias { get; }

    /// <summary>A state in the basis: the components first.</summary>
    public double[] Project(ReadOnlySpan<float> state)
    {
        if (state.Length != Mean.Length)
            throw new GuardException($"DRO: found a state of {state.Length} elements; expected {Mean.Length}.");
        double[] centred = Vectors.Subtract(Vectors.ToDouble(state), Mean);
        return Array.ConvertAll(Basis, vector => Vectors.Dot(vector, centred));
    }

    /// <summary>
    /// BCE(r − r₀, y) + 10⁻² BCE(h − h₀, y) + 10⁻³ mean((tail − tail₀)²): how far a soft prompt is from moving a query where it should be.
    /// </summary>
    /// <param name="now">The query's state under the soft prompt, in the basis.</param>
    /// <param name="before">Under the textual prompt.</param>
    /// <param name="harmless">y = 1 for a harmless query.</param>
    public DroLoss Loss(ReadOnlySpan<double> now, ReadOnlySpan<double> before, bool harmless)
    {
        int k = Components;
        double Bce(double x) => LogisticRegression.Softplus(harmless ? -x : x);
        double r = Vectors.Dot(refusal, now[..k]) - Vectors.Dot(refusal, before[..k]), h = Vectors.Dot(harm, now[..k]) - Vectors.Dot(harm, before[..k]);
        double tail = 0;
        for (int i = k; i < now.Length; i++)
            tail += (now[i] - before[i]) * (now[i] - before[i]) / (now.Length - k);
        return new DroLoss(r, h, Bce(r), Bce(h), tail, Bce(r) + (1e-2 * Bce(h)) + (1e-3 * tail));
    }

    /// <summary>Fits the components and the two regressions.</summary>
    /// <param name="states">States behind the final norm at the last token, of harmful and harmless queries under several prompts.</param>
    /// <param name="answered">Whether each was answered rather than refused.</param>
    /// <param name="harmless">Whether each query is harmless.</param>
    /// <param name="options">How.</param>
    /// <exception cref="GuardException">Too few states, or one kind alone.</exception>
    public static DroRegression Fit(IReadOnlyList<float[]> states, IReadOnlyList<bool> answered, IReadOnlyList<bool> harmless, DroOptions? options = null)
    {
        options ??= new DroOptions();
        double[][] rows = Vectors.ToDouble(states);
        if (rows.Length < options.Folds || options.Folds < 2)
            throw new GuardException($"DRO: found {rows.Length} states for {options.Folds} folds; expected at least 2 folds and a state for each.");
        double[] mean = Vectors.Mean(rows);
        double[][] centred = Array.ConvertAll(rows, row => Vectors.Subtract(row, mean));
        double[][] basis = Complete(PrincipalComponents.Of(centred, options.Components).Vectors, mean.Length, options.Seed);
        double[][] low = Array.ConvertAll(centred, row => Array.ConvertAll(basis[..options.Components], vector => Vectors.Dot(vector, row)));
        (double[] refusal, double refusalBias) = Regress(low, answered, options);
        (double[] harm, double harmBias) = Regress(low, harmless, options);
        return new DroRegression(mean, basis, refusal, refusalBias, harm, harmBias);
    }

    // Random vectors, orthogonal to all before them, until the space is full.
    private static double[][] Complete(double[][] components, int width, ulong seed)
    {
        var random = new SplitMix(seed);
        double[][] basis = [.. components, .. Enumerable.Range(0, width - components.Length).Select(_ => Enumerable.Range(0, width).Select(_ => random.NextDouble() - 0.5).ToArray())];
        PrincipalComponents.Orthonormalise(basis);
        return basis;
    }

    private static (double[] Weight, double Bias) Regress(double[][] rows, IReadOnlyList<bool> labels, DroOptions options)
    {
        if (!options.Reference)
        {
            LogisticRegression fit = LogisticRegression.Fit(rows, labels, options.Penalty);
            return (fit.Weight, fit.Bias);
        }
        var random = new SplitMix(options.Seed);
        int[] order = [.. Enumerable.Range(0, rows.Length)];
        random.Shuffle(order.AsSpan());
        var sum = new double[rows[0].Length + 1];
        for (int fold = 0; fold < options.Folds; fold++)
        {
            int[] train = [.. order.Where((_, i) => i % options.Folds != fold)];
            Vectors.AddScaled(sum, 1.0 / options.Folds, Descend([.. train.Select(row => rows[row])], [.. train.Select(row => labels[row])]));
        }
        return (sum[..^1], sum[^1]);
    }

    // The published training: full batches, AdamW 1e-4, until three steps in a row gain less than 1e-4. Weight, then bias.
    private static double[] Descend(double[][] rows, bool[] labels)
    {
        var point = new double[rows[0].Length + 1];
        var optimiser = new AdamW<double>([point], weightDecay: 0.01); // PyTorch's default
        double best = double.PositiveInfinity;
        for (int stale = 0; stale < 3;)
        {
            var gradient = new double[point.Length];
            double loss = 0;
            for (int i = 0; i < rows.Length; i++)
            {
                double score = Vectors.Dot(rows[i], point.AsSpan(0, rows[i].Length)) + point[^1];
                double error = (LogisticRegression.Sigmoid(score) - (labels[i] ? 1 : 0)) / rows.Length;
                loss += LogisticRegression.Softplus(labels[i] ? -score : score) / rows.Length;
                Vectors.AddScaled(gradient.AsSpan(0, rows[i].Length), error, rows[i]);
                gradient[^1] += error;
            }
            stale = loss < best - 1e-4 ? 0 : stale + 1;
            best = Math.Min(best, loss);
            optimiser.Step([gradient], 1e-4);
        }
        return point;
    }
}

/// <summary>The parts of DRO's loss of one query.</summary>
/// <param name="RefusalChange">r − r₀.</param>
/// <param name="HarmChange">h − h₀.</param>
/// <param name="Refusal">Cross-entropy of the first.</param>
/// <param name="Harm">Cross-entropy of the second.</param>
/// <param name="Tail">Mean squared change of the other coordinates.</param>
/// <param name="Total">Their weighted sum.</param>
public sealed record DroLoss(double RefusalChange, double HarmChange, double Refusal, double Harm, double Tail, double Total);

/// <summary>How DRO's regressions are fitted.</summary>
public sealed record DroOptions
{
    /// <summary>Principal components that the regressions read.</summary>
    public int Components { get; init; } = 4;

    /// <summary>Folds whose weights are averaged, in the published training.</summary>
    public int Folds { get; init; } = 10;

    /// <summary>What the folds and the rest of the basis are drawn with.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>The published training: full-batch AdamW 1e-4, stopped after three steps that gain little; else the exact minimum.</summary>
    public bool Reference { get; init; }

    /// <summary>Weight of |w|²/2 where the exact minimum is taken.</summary>
    public double Penalty { get; init; } = 1;
}
