namespace Managed.Guards.Published;

/// <summary>What a guardian says of a text.</summary>
/// <param name="Harmful">Probability that it is harmful; NaN: it could not tell.</param>
/// <param name="IsFlagged">Whether it is to be treated as harmful; true where the guardian could not tell.</param>
/// <param name="SafeLogit">Logit of the safe label; of several, the logarithm of their sum in e's powers.</param>
/// <param name="HarmfulLogit">The same of the harmful label.</param>
public sealed record GuardianLabel(double Harmful, bool IsFlagged, double SafeLogit, double HarmfulLogit)
{
    /// <summary>Why the guardian could not tell; null: it could.</summary>
    public string? Failure { get; init; }

    /// <summary>The label of a guardian that could not tell: flagged.</summary>
    public static GuardianLabel Failed(string reason) => new(double.NaN, true, double.NaN, double.NaN) { Failure = reason };

    /// <summary>A label from the logits of the label tokens alone: softmax over them, and nothing else of the vocabulary.</summary>
    /// <param name="safe">Logits of the labels that mean safe.</param>
    /// <param name="harmful">Logits of the labels that mean harmful.</param>
    /// <param name="threshold">From which probability on the text is flagged.</param>
    public static GuardianLabel Of(IReadOnlyList<float> safe, IReadOnlyList<float> harmful, double threshold)
    {
        double safeLogit = LogSum(safe), harmfulLogit = LogSum(harmful), probability = 1 / (1 + Math.Exp(safeLogit - harmfulLogit));
        return double.IsNaN(probability)
            ? Failed($"the logits of its labels are {safeLogit} and {harmfulLogit}")
            : new GuardianLabel(probability, probability >= threshold, safeLogit, harmfulLogit);
    }

    private static double LogSum(IReadOnlyList<float> logits)
    {
        if (logits.Count == 1)
            return logits[0];
        double highest = logits.Max();
        return highest + Math.Log(logits.Sum(logit => Math.Exp(logit - highest)));
    }
}

/// <summary>Says whether requests and answers are harmful, and answers in another model's stead.</summary>
public interface IGuardian
{
    /// <summary>The model that it computes with; null: none, or one that nobody else has. A router does not let it read at the same time as its own target.</summary>
    LanguageModel? Model => null;

    /// <summary>The label of a request.</summary>
    GuardianLabel Label(string request);

    /// <summary>The safeguard response to a request, after its label.</summary>
    GenerationResult Respond(string request, CancellationToken cancellation = default);

    /// <summary>A refusal whatever the label: for use where something else has flagged the request or its answer.</summary>
    GenerationResult ForceSafety(string request, CancellationToken cancellation = default);

    /// <summary>Begins to follow the answer to a request.</summary>
    IAnswerModeration Moderate(string request);
}

/// <summary>Follows an answer while it is written.</summary>
public interface IAnswerModeration : IDisposable
{
    /// <summary>The label of the answer as far as it goes; each text continues the one before.</summary>
    GuardianLabel Check(string answer);
}
