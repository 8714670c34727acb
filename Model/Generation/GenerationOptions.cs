using Managed.Constraints;
using Managed.Kernels;
using Managed.Sampling;

namespace Managed;

/// <summary>How a text is continued.</summary>
public sealed record GenerationOptions
{
    /// <summary>New tokens at most.</summary>
    public int MaxTokens { get; init; } = 128;

    /// <summary>How tokens are chosen; the default is the most likely one each time.</summary>
    public SamplingOptions Sampling { get; init; } = SamplingOptions.Greedy;

    /// <summary>Texts that end the answer and are not part of it.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Token ids that end the answer, besides the model's own end tokens.</summary>
    public IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>Goes on after the model's end tokens.</summary>
    public bool IgnoreEndTokens { get; init; }

    /// <summary>What the answer must look like; null: anything.</summary>
    public Constraint? Constraint { get; init; }

    /// <summary>A low-rank adapter; null: none.</summary>
    public Adapter? Adapter { get; init; }

    /// <summary>How quantised weights meet activations; null: as the model was loaded, else fast.</summary>
    public Precision? Precision { get; init; }
}
