namespace Managed.Guards;

/// <summary>What became of a request.</summary>
/// <param name="Result">The answer.</param>
/// <param name="Verdict">What the guardian thought.</param>
/// <param name="ByGuardian">Whether the guardian answered, and the other model was not asked.</param>
public sealed record RoutedAnswer(GenerationResult Result, GuardianVerdict Verdict, bool ByGuardian);

/// <summary>Asks a guardian first: harmless requests go to the model, to all others the guardian answers itself.</summary>
/// <param name="guardian">Who decides.</param>
/// <param name="target">Who answers harmless requests.</param>
/// <param name="threshold">The probability of harm from which the guardian answers.</param>
public sealed class GuardianRouter(Guardian guardian, LanguageModel target, double threshold = 0.5)
{
    /// <summary>Answers a conversation.</summary>
    public RoutedAnswer Answer(IReadOnlyList<ChatMessage> chat, GenerationOptions? options = null)
    {
        GuardianVerdict verdict = guardian.Judge(chat);
        return verdict.Harmful < threshold
            ? new RoutedAnswer(target.Generate(chat, options), verdict, ByGuardian: false)
            : new RoutedAnswer(guardian.Respond(chat, guardian.Tokens.Harmful, options), verdict, ByGuardian: true);
    }
}
