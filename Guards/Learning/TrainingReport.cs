namespace Managed.Guards.Learning;

/// <summary>How a training went.</summary>
/// <param name="What">What was trained, in words.</param>
/// <param name="Seed">What everything drawn was drawn with.</param>
/// <param name="TrainRows">Rows trained on.</param>
/// <param name="ValidationRows">Rows held out.</param>
/// <param name="Epochs">The curves: one entry after each pass over the rows.</param>
/// <param name="KeptEpoch">The epoch whose parameters were kept, counted from 1.</param>
public sealed record TrainingReport(string What, ulong Seed, int TrainRows, int ValidationRows, IReadOnlyList<EpochReport> Epochs, int KeptEpoch)
{
    /// <summary>The epoch that was kept.</summary>
    public EpochReport Kept => Epochs[KeptEpoch - 1];
}

/// <summary>Where a training stood after a pass over its rows. Values that do not apply are null.</summary>
/// <param name="Epoch">Counted from 1.</param>
/// <param name="TrainLoss">Mean loss over the pass, each batch before its step.</param>
/// <param name="ValidationLoss">Mean loss of the rows held out.</param>
/// <param name="TrainAccuracy">Share of right decisions over the pass.</param>
/// <param name="ValidationAccuracy">Of the rows held out.</param>
/// <param name="ValidationAuc">Area under the ROC curve, of the rows held out.</param>
public sealed record EpochReport(
    int Epoch, double TrainLoss, double? ValidationLoss = null, double? TrainAccuracy = null, double? ValidationAccuracy = null, double? ValidationAuc = null);

/// <summary>How a training is run.</summary>
public sealed record TrainingOptions
{
    /// <summary>Step size of AdamW.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>AdamW's weight decay; 0: Adam.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Passes over the rows.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Rows of a step.</summary>
    public int BatchRows { get; init; } = 32;

    /// <summary>What the start, the split and the order of the rows are drawn with.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Share of the rows that is held out for the validation curves.</summary>
    public double ValidationShare { get; init; } = 0.2;

    /// <summary>Keeps the parameters of the epoch with the lowest validation loss instead of the last.</summary>
    public bool KeepBest { get; init; }

    /// <summary>Lets the step size fall linearly to 0, as Hugging Face's trainer does.</summary>
    public bool LinearDecay { get; init; }

    internal void Validate()
    {
        Refuse(nameof(LearningRate), LearningRate, LearningRate > 0 && double.IsFinite(LearningRate), "a number above 0");
        Refuse(nameof(WeightDecay), WeightDecay, WeightDecay >= 0 && double.IsFinite(WeightDecay), "0 or more");
        Refuse(nameof(Epochs), Epochs, Epochs >= 1, "1 or more");
        Refuse(nameof(BatchRows), BatchRows, BatchRows >= 1, "1 or more");
        Refuse(nameof(ValidationShare), ValidationShare, ValidationShare is >= 0 and < 1, "from 0 to below 1");
    }

    private static void Refuse(string option, double found, bool right, string expected)
    {
        if (!right)
            throw new GuardException($"{option}: found {found}; expected {expected}.");
    }
}
