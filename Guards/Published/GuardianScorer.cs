namespace Managed.Guards.Published;

/// <summary>
/// A guardian as the scorer of a search: the whole answer so far is shown to it each time, and costs its probability of harm times a
/// weight. Nothing is credited: a text that is surely safe costs 0.
/// </summary>
/// <param name="guardian">What labels the answers.</param>
/// <param name="weight">The cost of a text that is surely harmful; 20 is above the paper's budget of 10, so that one such block ends a text.</param>
/// <param name="reward">How good an answer is for the task; null: the logit of safe less that of harmful.</param>
public sealed class GuardianScorer(IGuardian guardian, double weight = 20, Func<PartialAnswer, double>? reward = null) : IBlockScorer
{
    /// <inheritdoc/>
    /// <exception cref="GuardException">An answer has no text, since the model has no tokenizer.</exception>
    public IReadOnlyList<BlockScore> Score(IReadOnlyList<PartialAnswer> answers) => [.. answers.Select(Score)];

    private BlockScore Score(PartialAnswer answer)
    {
        GuardianLabel label = guardian.Label(answer.Text ?? throw new GuardException("guardian as scorer: found an answer without text, from a model without a tokenizer; expected text."));
        return new BlockScore(weight * label.Harmful, reward is null ? label.SafeLogit - label.HarmfulLogit : reward(answer));
    }
}
