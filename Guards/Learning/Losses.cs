using System.Numerics;

namespace Managed.Guards.Learning;

/// <summary>A loss of one row: its value, and its gradient by the outputs.</summary>
internal interface ILoss<T>
    where T : struct, IFloatingPointIeee754<T>
{
    /// <summary>Target values a row.</summary>
    int Targets { get; }

    T Evaluate(Span<T> gradient, ReadOnlySpan<T> outputs, ReadOnlySpan<T> targets);
}

/// <summary>
/// Cross-entropy of a class whose index is the target. Twice: of softmax(softmax(outputs)), which is what SafeSwitch's probers were
/// trained with; its least value for two classes is ln(1 + 1/e).
/// </summary>
internal readonly struct ClassLoss<T>(bool twice) : ILoss<T>
    where T : struct, IFloatingPointIeee754<T>
{
    public int Targets => 1;

    public T Evaluate(Span<T> gradient, ReadOnlySpan<T> outputs, ReadOnlySpan<T> targets)
    {
        int label = int.CreateTruncating(targets[0]);
        Span<T> p = new T[outputs.Length];
        T logSum = Softmax(p, outputs);
        if (!twice)
        {
            p.CopyTo(gradient);
            gradient[label] -= T.One;
            return logSum - outputs[label];
        }
        T outer = Softmax(gradient, p);
        gradient[label] -= T.One; // by p; then through the first softmax
        T mean = T.Zero;
        for (int i = 0; i < p.Length; i++)
            mean += p[i] * gradient[i];
        for (int i = 0; i < p.Length; i++)
            gradient[i] = p[i] * (gradient[i] - mean);
        return outer - p[label];
    }

    /// <summary>softmax(values), and ln Σ exp(values).</summary>
    public static T Softmax(Span<T> p, ReadOnlySpan<T> values)
    {
        T most = values[0], sum = T.Zero;
        foreach (T value in values)
            most = T.Max(most, value);
        for (int i = 0; i < p.Length; i++)
            sum += p[i] = T.Exp(values[i] - most);
        for (int i = 0; i < p.Length; i++)
            p[i] /= sum;
        return most + T.Log(sum);
    }
}

/// <summary>
/// InferenceGuard's critic: binary cross-entropy of output 0 (a logit of "the budget lasts"; target 0 or 1) plus the squared error
/// of output 1 (the expected cost to go). A target that is NaN gives no loss.
/// </summary>
internal readonly struct CriticLoss<T>(double costWeight) : ILoss<T>
    where T : struct, IFloatingPointIeee754<T>
{
    public int Targets => 2;

    public T Evaluate(Span<T> gradient, ReadOnlySpan<T> outputs, ReadOnlySpan<T> targets)
    {
        gradient.Clear();
        T loss = T.Zero;
        if (!T.IsNaN(targets[0]))
        {
            T logit = outputs[0], size = T.Exp(-T.Abs(logit));
            T p = logit >= T.Zero ? T.One / (T.One + size) : size / (T.One + size);
            gradient[0] = p - targets[0];
            loss += T.Max(logit, T.Zero) - (logit * targets[0]) + T.LogP1(size);
        }
        if (!T.IsNaN(targets[1]))
        {
            T weight = T.CreateTruncating(costWeight), error = outputs[1] - targets[1];
            gradient[1] = weight * (error + error);
            loss += weight * error * error;
        }
        return loss;
    }
}
