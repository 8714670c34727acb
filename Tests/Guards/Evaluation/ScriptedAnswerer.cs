using Managed.Guards.Evaluation;

namespace Managed.Tests.Guards.Evaluation;

/// <summary>Answers by a rule, and counts what it was asked.</summary>
internal sealed class ScriptedAnswerer(string name, Func<Question, Answer> rule, string description = "a rule") : IAnswerer
{
    public int Asked { get; private set; }

    /// <summary>Called before each batch.</summary>
    public Action? Before { get; init; }

    public string Name => name;

    public string Description => description;

    public static ScriptedAnswerer Says(string name, Func<Question, string> rule) => new(name, question => new Answer([1, 2, 3], rule(question)));

    public IReadOnlyList<Answer> Answer(IReadOnlyList<Question> questions, int maxTokens, CancellationToken cancellation)
    {
        Before?.Invoke();
        cancellation.ThrowIfCancellationRequested();
        Asked += questions.Count;
        return [.. questions.Select(rule)];
    }
}
