namespace Managed.Guards.Evaluation;

/// <summary>A model that answers through its chat template, many conversations in one batch.</summary>
/// <param name="model">The model; its hooks act.</param>
/// <param name="name">Name as reports show it.</param>
/// <param name="description">What shapes the answers besides the model's files: adapter, guard, hooks, in words.</param>
/// <param name="options">How answers are generated; null: greedy. Its number of tokens does not count.</param>
public sealed class ModelAnswerer(LanguageModel model, string name = "none", string description = "the model alone", GenerationOptions? options = null) : IAnswerer
{
    private readonly GenerationOptions generation = options ?? new GenerationOptions();

    /// <inheritdoc/>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public string Description { get; } = $"{description}; {options?.Precision?.ToString().ToLowerInvariant() ?? "the model's"} precision";

    /// <inheritdoc/>
    public IReadOnlyList<Answer> Answer(IReadOnlyList<Question> questions, int maxTokens, CancellationToken cancellation)
    {
        GenerationOptions limited = generation with { MaxTokens = maxTokens };
        int[][] prompts = [.. questions.Select(Ids)];
        int longest = model.Transformer.LongestText;
        int[] fitting = [.. Enumerable.Range(0, prompts.Length).Where(i => prompts[i].Length <= longest)];
        IReadOnlyList<GenerationResult> results = model.GenerateBatch([.. fitting.Select(i => new GenerationRequest(prompts[i], Guarded(limited, questions[i])))], null, cancellation);
        cancellation.ThrowIfCancellationRequested();
        // one prompt that is too long must not end the others
        Answer[] answers = [.. prompts.Select(ids => new Answer([], "") { Failure = $"the prompt is {ids.Length} tokens long; the cache holds {longest}" })];
        foreach (var (i, result) in fitting.Zip(results))
            answers[i] = new Answer(result.Ids, result.Text) { Failure = result.Failure?.Message, Receipt = result.Receipt?.ToString() };
        return answers;
    }

    // Lanes with a system message of their own have a prompt of their own, and begin the answer alike.
    private GenerationOptions Guarded(GenerationOptions limited, Question question)
    {
        if (limited.Guard is not { } guard || GuardExtensions.LanePrompts(model, guard, question.Turns) is not { } lanes)
            return limited;
        int[] begun = Prefill(question);
        return limited with { LanePrompts = lanes.ToDictionary(lane => lane.Key, lane => (IReadOnlyList<int>)[.. lane.Value, .. begun]) };
    }

    private int[] Ids(Question question)
    {
        int[] conversation = model.EncodeChat(question.Turns), begun = Prefill(question);
        return begun.Length == 0 ? conversation : [.. conversation, .. begun];
    }

    private int[] Prefill(Question question) => question.Prefill.Length == 0 ? [] : model.Encode(question.Prefill, addSpecialTokens: false);
}
