using Managed.Guards.Published;

namespace Managed.Guards.Evaluation;

/// <summary>A model behind a guardian, which reads each request first and answers those that it flags itself.</summary>
/// <param name="router">The guardian, and what it answers.</param>
/// <param name="target">Answers what the guardian lets pass, many conversations in one batch.</param>
/// <param name="name">Name as reports show it.</param>
/// <param name="description">What shapes the answers, in words that change with the guardian.</param>
public sealed class GuardianAnswerer(GuardianRouter router, IAnswerer target, string name, string description) : IAnswerer
{
    /// <inheritdoc/>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public string Description { get; } = $"guardian {description} before {target.Description}";

    /// <inheritdoc/>
    public IReadOnlyList<Answer> Answer(IReadOnlyList<Question> questions, int maxTokens, CancellationToken cancellation)
    {
        var answers = new Answer[questions.Count];
        var labels = new GuardianLabel[questions.Count];
        var passed = new List<int>();
        for (int i = 0; i < answers.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            string request = questions[i].Turns[^1].Content;
            labels[i] = router.Label(request);
            if (labels[i].IsFlagged)
            {
                RoutedAnswer refused = router.Refuse(request, labels[i]);
                answers[i] = new Answer(refused.Ids, refused.Text) { Receipt = refused.Receipt.ToString() };
            }
            else
                passed.Add(i);
        }
        foreach (var (i, answer) in passed.Zip(target.Answer([.. passed.Select(i => questions[i])], maxTokens, cancellation)))
            answers[i] = answer with { Receipt = new RoutedAnswer { Ids = answer.Ids, Text = answer.Text, By = AnsweredBy.Target, Label = labels[i] }.Receipt + (answer.Receipt is { } inner ? $"; {inner}" : "") };
        return answers;
    }
}
