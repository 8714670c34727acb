using Managed.Kernels.Guidance;

namespace Managed.Kernels.Gpu.Guidance;

/// <summary>A <see cref="LogitStage"/> as kernels see it: what depends on its numbers alone has been computed.</summary>
internal readonly record struct StageItem
{
    public StageItem(in LogitStage stage)
    {
        Kind = (int)stage.Kind;
        Lane = stage.Lane;
        Strength = stage.Kind == LogitStageKind.Union ? LogitStages.UnionFactor(stage.Strength) : stage.Strength;
        Keep = stage.Keep;
        LogCut = LogitStages.LogCut(stage.Cut);
        Rule = (int)LogitStages.RuleOf(stage.Keep, stage.Strength);
        (FirstId, IdCount, FirstTold) = (stage.FirstId, stage.IdCount, stage.FirstTold);
    }

    public int Kind { get; }

    /// <summary>The row of the lane's logits.</summary>
    public int Lane { get; }

    /// <summary>Mix: weight. Union: λ/(1 − λ). Penalty: what is taken off.</summary>
    public float Strength { get; }

    public float Keep { get; }

    /// <summary>Mix: ln cut; −∞: nothing is left out.</summary>
    public float LogCut { get; }

    /// <summary>Mix: a <see cref="MixRule"/>.</summary>
    public int Rule { get; }

    public int FirstId { get; }

    public int IdCount { get; }

    /// <summary>Aside: where the scores of its tokens go.</summary>
    public int FirstTold { get; }

    /// <summary>Whether it reads a lane's logits.</summary>
    public bool HasLane => Kind <= (int)LogitStageKind.Union;

    /// <summary>Whether it asks for the normaliser of the scores and of the lane.</summary>
    public bool HasSums => Kind == (int)LogitStageKind.Union;
}

/// <summary>What is known of a chunk of a row's scores before its next stage.</summary>
internal struct ChunkStatistics
{
    /// <summary>Σ e^(x − greatest) of the scores and of the lane that the stage reads.</summary>
    public double OwnSum, LaneSum;

    /// <summary>The greatest.</summary>
    public float OwnMost, LaneMost;
}

/// <summary>The greatest score of a chunk; +∞: a number was met that only the host can speak of.</summary>
internal struct ChunkBest
{
    public float Score;

    /// <summary>Its token, the lowest among equals.</summary>
    public int Id;
}
