namespace Managed.Kernels;

internal enum RouterScoring
{
    /// <summary>Softmax over all experts, then the k best.</summary>
    SoftmaxThenTop,

    /// <summary>The k best logits, then softmax over these.</summary>
    TopThenSoftmax,

    /// <summary>Sigmoid of each logit; a correction bias takes part in the choice, not in the weight (DeepSeek V3).</summary>
    Sigmoid,
}

/// <summary>How a mixture of experts chooses and weighs its experts.</summary>
internal sealed record RouterSettings
{
    public required int Experts { get; init; }

    public required int Chosen { get; init; }

    public required RouterScoring Scoring { get; init; }

    /// <summary>Divide the chosen weights by their sum.</summary>
    public bool Renormalise { get; init; }

    /// <summary>Multiplies the chosen weights, after renormalising.</summary>
    public float Scale { get; init; } = 1f;

    /// <summary>Experts come in this many groups, of which GroupsChosen are eligible; 1: no groups.</summary>
    public int Groups { get; init; } = 1;

    public int GroupsChosen { get; init; } = 1;

    /// <summary>A group's score is the sum of its so many best experts (1: DeepSeek V2, 2: V3).</summary>
    public int GroupScoreTop { get; init; } = 1;

    /// <summary>Added to the scores for the choice alone (DeepSeek V3's e_score_correction_bias); null: none.</summary>
    public float[]? CorrectionBias { get; init; } // [Experts]
}
