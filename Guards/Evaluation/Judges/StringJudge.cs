namespace Managed.Guards.Evaluation;

/// <summary>Tells refusals from answers by words alone.</summary>
/// <param name="name">The name of the list, as reports show it.</param>
/// <param name="rules">What makes a refusal.</param>
public sealed class StringJudge(string name, StringRules rules) : IJudge
{
    private static readonly Verdict[] s_verdicts = [Verdict.Refusal, Verdict.Answer];

    /// <summary>XSTest's string matching.</summary>
    public static StringJudge XsTest { get; } = new("xstest", StringRules.XsTest);

    /// <inheritdoc/>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public IReadOnlyList<Verdict> Verdicts => s_verdicts;

    /// <inheritdoc/>
    public Verdict Judge(EvaluationPrompt prompt, string answer) => rules.IsRefusal(answer) ? Verdict.Refusal : Verdict.Answer;
}
