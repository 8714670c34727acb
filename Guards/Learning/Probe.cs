using Managed.Guards.Evaluation;

namespace Managed.Guards.Learning;

/// <summary>Reads a state and tells how probable it is that it is of the positive kind.</summary>
public abstract class Probe
{
    /// <summary>Elements of a state.</summary>
    public abstract int Width { get; }

    /// <summary>The log-odds of the positive kind.</summary>
    /// <exception cref="GuardException">The state has another width.</exception>
    public double Score(ReadOnlySpan<float> state) => state.Length == Width ? Evaluate(state)
        : throw new GuardException($"probe: found a state of {state.Length} elements; expected {Width}.");

    /// <summary>The probability of the positive kind.</summary>
    /// <exception cref="GuardException">The state has another width.</exception>
    public double Probability(ReadOnlySpan<float> state) => LogisticRegression.Sigmoid(Score(state));

    /// <summary>How well it tells two kinds of states apart, at probability 0.5.</summary>
    public ProbeQuality Judge(IReadOnlyList<ReadOnlyMemory<float>> states, IReadOnlyList<bool> labels)
    {
        double[] scores = [.. states.Select(state => Score(state.Span))];
        double loss = 0;
        for (int i = 0; i < scores.Length; i++)
            loss += LogisticRegression.Softplus(labels[i] ? -scores[i] : scores[i]);
        return ProbeQuality.Of(scores, labels, loss / scores.Length);
    }

    /// <summary>Its tensors, as files hold them.</summary>
    internal abstract IEnumerable<(string Name, int[] Shape, float[] Values)> Tensors();

    private protected abstract double Evaluate(ReadOnlySpan<float> state);
}

/// <summary>How well a probe does.</summary>
/// <param name="Rows">States judged.</param>
/// <param name="Accuracy">Share on the right side of probability 0.5.</param>
/// <param name="Auc">Area under the ROC curve; NaN where one kind is absent.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
public sealed record ProbeQuality(int Rows, double Accuracy, double Auc, double Loss)
{
    internal static ProbeQuality Of(double[] scores, IReadOnlyList<bool> labels, double loss)
    {
        var judged = new LabelledScores(scores, labels);
        return new ProbeQuality(scores.Length, judged.At(0).Accuracy, judged.Auroc() ?? double.NaN, loss);
    }
}

/// <summary>p = σ(w·x + b).</summary>
/// <param name="weight">w, [width].</param>
/// <param name="bias">b.</param>
public sealed class LinearProbe(float[] weight, float bias) : Probe
{
    private readonly double[] wide = Vectors.ToDouble(weight);

    /// <summary>w, [width].</summary>
    public ReadOnlySpan<float> Weight => weight;

    /// <summary>b.</summary>
    public float Bias => bias;

    /// <inheritdoc/>
    public override int Width => weight.Length;

    private protected override double Evaluate(ReadOnlySpan<float> state) => Vectors.Dot(wide, Vectors.ToDouble(state)) + bias;

    internal override IEnumerable<(string Name, int[] Shape, float[] Values)> Tensors() => [("weight", [weight.Length], weight), ("bias", [1], [bias])];
}

/// <summary>Linear, ReLU, linear to two classes, softmax: SafeSwitch's prober. The second class is the positive kind.</summary>
public sealed class TwoLayerProbe : Probe
{
    private readonly Mlp<float> mlp;

    internal TwoLayerProbe(Mlp<float> mlp) => this.mlp = mlp;

    /// <summary>Width of the hidden layer.</summary>
    public int Hidden => mlp.Sizes[1];

    /// <inheritdoc/>
    public override int Width => mlp.Sizes[0];

    private protected override double Evaluate(ReadOnlySpan<float> state)
    {
        float[] logits = mlp.Forward([state.ToArray()])[0];
        return (double)logits[1] - logits[0];
    }

    // The published files' names.
    internal override IEnumerable<(string Name, int[] Shape, float[] Values)> Tensors() =>
    [
        ("layers.0.weight", [Hidden, Width], mlp.Parameters[0]), ("layers.0.bias", [Hidden], mlp.Parameters[1]),
        ("layers.2.weight", [2, Hidden], mlp.Parameters[2]), ("layers.2.bias", [2], mlp.Parameters[3]),
    ];
}
