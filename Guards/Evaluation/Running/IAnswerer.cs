namespace Managed.Guards.Evaluation;

/// <summary>A model as it is deployed, with whatever guards it has: conversations in, answers out.</summary>
public interface IAnswerer
{
    /// <summary>Name as reports show it: `none`, or the guard's.</summary>
    string Name { get; }

    /// <summary>
    /// Everything that shapes the answers, on one line; two answerers with equal descriptions give equal answers. A run that goes
    /// on after an interruption refuses answers that another description gave.
    /// </summary>
    string Description { get; }

    /// <summary>Answers several conversations together.</summary>
    /// <param name="questions">The conversations.</param>
    /// <param name="maxTokens">New tokens of each answer at most, an end token counted.</param>
    /// <param name="cancellation">Ends the work; answers that are not complete are lost.</param>
    /// <returns>An answer for each question, in their order; the answer to one does not depend on the others.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    IReadOnlyList<Answer> Answer(IReadOnlyList<Question> questions, int maxTokens, CancellationToken cancellation);
}

/// <summary>What is asked.</summary>
/// <param name="Turns">The conversation, a user's turn last.</param>
/// <param name="Prefill">Text that the answer is made to begin with; empty: none.</param>
public sealed record Question(IReadOnlyList<ChatMessage> Turns, string Prefill = "")
{
    /// <summary>A question without earlier turns.</summary>
    public static Question Of(string text) => new([new ChatMessage("user", text)]);
}

/// <summary>What was answered.</summary>
/// <param name="Ids">The new tokens, an end token included; tokens of a prefilled beginning are not among them.</param>
/// <param name="Text">The text of the new tokens: what the model said itself, without a prefilled beginning and special tokens.</param>
public sealed record Answer(int[] Ids, string Text)
{
    /// <summary>Why there is no answer: the guard refused the row, the logits were not numbers; null: there is one.</summary>
    public string? Failure { get; init; }

    /// <summary>What the guards did, in one line; null: there were none.</summary>
    public string? Receipt { get; init; }
}
