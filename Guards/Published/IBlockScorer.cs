namespace Managed.Guards.Published;

/// <summary>An answer as far as it goes.</summary>
/// <param name="Prompt">The prompt's tokens.</param>
/// <param name="Ids">The answer's tokens so far.</param>
/// <param name="Text">The answer as text; null where the checkpoint has no tokenizer.</param>
/// <param name="BlockStart">Where its newest block begins in `Ids`.</param>
/// <param name="IsFinished">Whether it has ended.</param>
public sealed record PartialAnswer(IReadOnlyList<int> Prompt, IReadOnlyList<int> Ids, string? Text, int BlockStart, bool IsFinished);

/// <summary>What a scorer says of an answer.</summary>
/// <param name="SafetyCost">What its newest block costs; positive: unsafe; negative: credit.</param>
/// <param name="Reward">How good the whole is for the task.</param>
public readonly record struct BlockScore(double SafetyCost, double Reward);

/// <summary>Judges answers on their way.</summary>
public interface IBlockScorer
{
    /// <summary>A score for each answer, in their order. A score that is not a number counts as unsafe.</summary>
    IReadOnlyList<BlockScore> Score(IReadOnlyList<PartialAnswer> answers);
}

/// <summary>Foresees how an answer will end, from the model's own state.</summary>
public interface IBlockCritic
{
    /// <summary>P(something is left of the budget at the end), and the expected task cost to go.</summary>
    /// <param name="state">u: the final norm's output at the newest token. // [width]</param>
    /// <param name="budget">z.</param>
    (double SafeEnding, double TaskCost) Foresee(ReadOnlySpan<float> state, double budget);
}

/// <summary>A scorer from a function.</summary>
/// <param name="score">Gives a score for one answer.</param>
public sealed class BlockScorer(Func<PartialAnswer, BlockScore> score) : IBlockScorer
{
    /// <inheritdoc/>
    public IReadOnlyList<BlockScore> Score(IReadOnlyList<PartialAnswer> answers) => [.. answers.Select(score)];
}
