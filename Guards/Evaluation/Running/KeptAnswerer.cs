using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Managed.Guards.Evaluation;

/// <summary>Keeps what another answered in a file, and asks it no question twice: a search that was interrupted goes on where it was.</summary>
/// <param name="inner">Who answers.</param>
/// <param name="log">Where answers are kept.</param>
/// <param name="set">What they are kept as.</param>
internal sealed class KeptAnswerer(IAnswerer inner, AnswerLog log, string set) : IAnswerer
{
    public string Name => inner.Name;

    public string Description => inner.Description;

    public IReadOnlyList<Answer> Answer(IReadOnlyList<Question> questions, int maxTokens, CancellationToken cancellation)
    {
        string[] ids = [.. questions.Select(Id)];
        int[] open = [.. Enumerable.Range(0, ids.Length).Where(i => log.Find(Name, set, ids[i]) is null).DistinctBy(i => ids[i])];
        if (open.Length > 0)
        {
            long started = System.Diagnostics.Stopwatch.GetTimestamp();
            IReadOnlyList<Answer> answers = inner.Answer([.. open.Select(i => questions[i])], maxTokens, cancellation);
            log.Add([.. open.Zip(answers, (i, answer) => new LoggedAnswer(Name, set, ids[i], answer.Ids, answer.Text, answer.Failure, answer.Receipt))],
                System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        return [.. ids.Select(id => log.Find(Name, set, id)!).Select(kept => new Answer(kept.Ids, kept.Text) { Failure = kept.Failure, Receipt = kept.Receipt })];
    }

    private static string Id(Question question) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(question, EvaluationSettings.Json))))[..32];
}
