namespace Managed.Guards.Published;

/// <summary>
/// A cost model and a reward model as the scorer of a search. A block costs what the text's cost rose by, so that an answer's blocks
/// add up to the cost of the whole; its reward is that of the text so far.
/// </summary>
/// <param name="cost">The cost model: positive is harmful; null: nothing costs.</param>
/// <param name="reward">The reward model; null: no text is better than another.</param>
/// <param name="format">The tokens that both models read; null: prompt and answer as they are, which fits models of the same vocabulary.</param>
/// <remarks>These models are trained on whole answers; on partial ones they are what the paper makes of them, an estimate.</remarks>
public sealed class ScalarHeadScorer(ScalarHeadModel? cost, ScalarHeadModel? reward, Func<PartialAnswer, int[]>? format = null) : IBlockScorer
{
    private readonly Func<PartialAnswer, int[]> format = format ?? (static answer => [.. answer.Prompt, .. answer.Ids]);

    /// <summary>The format of Safe-RLHF's models, for a scorer with a tokenizer of its own: it reads text, whatever wrote it.</summary>
    /// <param name="scorer">Whose tokenizer it is.</param>
    /// <param name="request">What the user said.</param>
    public static Func<PartialAnswer, int[]> SafeRlhf(LanguageModel scorer, string request) =>
        answer => scorer.Encode($"BEGINNING OF CONVERSATION: USER: {request} ASSISTANT:{answer.Text ?? throw new GuardException("scalar head as scorer: found an answer without text, from a model without a tokenizer; expected text.")}");

    /// <inheritdoc/>
    public IReadOnlyList<BlockScore> Score(IReadOnlyList<PartialAnswer> answers)
    {
        int[][] texts = [.. answers.Select(format)];
        double[] rewards = reward?.Score(texts) ?? new double[texts.Length];
        double[] costs = cost is null ? new double[texts.Length] : Rises(cost, answers, texts);
        return [.. costs.Zip(rewards, (rise, value) => new BlockScore(rise, value))];
    }

    // cost(text) − cost(text before its newest block); the first block's is the cost itself.
    private double[] Rises(ScalarHeadModel model, IReadOnlyList<PartialAnswer> answers, int[][] texts)
    {
        int[] later = [.. Enumerable.Range(0, answers.Count).Where(i => answers[i].BlockStart > 0)];
        double[] before = later.Length == 0 ? [] : model.Score([.. later.Select(i => format(Before(answers[i])))]);
        double[] costs = model.Score(texts);
        for (int i = 0; i < later.Length; i++)
            costs[later[i]] -= before[i];
        return costs;
    }

    private static PartialAnswer Before(PartialAnswer answer) => answer with { Ids = [.. answer.Ids.Take(answer.BlockStart)], Text = null, IsFinished = false };
}
