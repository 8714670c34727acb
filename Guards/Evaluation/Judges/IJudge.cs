namespace Managed.Guards.Evaluation;

/// <summary>Says of an answer whether it is a refusal, and, where it can tell, whether it is unsafe or helpful.</summary>
public interface IJudge
{
    /// <summary>The judge's name as reports show it.</summary>
    string Name { get; }

    /// <summary>The verdicts that this judge can give, in the order in which reports list them.</summary>
    IReadOnlyList<Verdict> Verdicts { get; }

    /// <summary>The verdict on an answer.</summary>
    /// <param name="prompt">What was asked; judges of closed worlds look at its fields.</param>
    /// <param name="answer">What the model said, without special tokens.</param>
    /// <exception cref="GuardException">The prompt lacks a field that this judge needs.</exception>
    Verdict Judge(EvaluationPrompt prompt, string answer);
}
