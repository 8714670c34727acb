namespace Managed.Guards.Learning;

/// <summary>How a direction is made of the states of two kinds of prompts.</summary>
public enum DirectionMethod
{
    /// <summary>mean(positive) − mean(negative), with its length (steering-vectors' mean, refusal direction).</summary>
    Mean,

    /// <summary>First principal component of the centred differences of pairs; unit, sign by the majority of pairs (repeng's pca_diff).</summary>
    Pca,

    /// <summary>First principal component of the states less the mean of their pair; unit, sign by the majority of pairs (repeng's and IBM's pca_center).</summary>
    PcaPairwise,

    /// <summary>First eigenvector of the differences as they are; unit, sign towards their mean (steering-vectors', llama.cpp's PCA).</summary>
    PcaUncentred,

    /// <summary>
    /// First principal component of all states less the middle of the two means; unit, sign towards the positive ones. Needs no pairs.
    /// </summary>
    PcaPooled,

    /// <summary>Minimum of |w|²/2 + Σ ln(1 + e^(−y w·x)) over the states less the mean of their pair; unit (steering-vectors' logistic).</summary>
    Logistic,
}
