using Managed.Guards.Evaluation;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed.Guards.Learning;

/// <summary>
/// What SafeSwitch's second stage learns from: the model answers prompts greedily, a judge says whether it complied, and the final
/// norm's output is kept as it stands a few tokens into the answer.
/// </summary>
/// <param name="States">A state for each prompt: of the pilot's last token, or of the answer's last where that ended before.</param>
/// <param name="Complied">For each prompt, whether the model did what was asked.</param>
public sealed record PilotAnswers(States States, IReadOnlyList<bool> Complied)
{
    private const int RowsAtATime = 32;

    /// <summary>Has the model answer, and collects.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">Token ids, complete.</param>
    /// <param name="judge">Tells refusals; every other verdict counts as compliance.</param>
    /// <param name="pilot">Tokens of the answer behind which the state is read.</param>
    /// <param name="maxTokens">Tokens of an answer that the judge sees, at most.</param>
    /// <param name="precision">How quantised weights meet activations while the model answers; states are exact.</param>
    /// <param name="progress">Takes prompts that were answered.</param>
    /// <param name="cancellation">Ends the work between two batches.</param>
    /// <exception cref="GuardException">An answer failed, or the numbers are out of range.</exception>
    public static PilotAnswers Collect(
        LanguageModel model, IReadOnlyList<int[]> prompts, IJudge judge, int pilot, int maxTokens, Precision precision = Precision.Fast,
        IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        if (pilot < 1 || maxTokens < pilot)
            throw new GuardException($"pilot: found {pilot} tokens of answers of {maxTokens}; expected 1 or more, and no more than the answers have.");
        var options = new GenerationOptions { MaxTokens = maxTokens, Precision = precision };
        var piloted = new List<int[]>(prompts.Count);
        var complied = new List<bool>(prompts.Count);
        foreach (int[][] batch in prompts.Chunk(RowsAtATime))
        {
            IReadOnlyList<GenerationResult> answers = model.GenerateBatch([.. batch.Select(ids => new GenerationRequest(ids, options))], null, cancellation);
            cancellation.ThrowIfCancellationRequested();
            foreach (var (ids, answer) in batch.Zip(answers))
            {
                if (answer.Failure is { } failure)
                    throw new GuardException($"pilot: an answer failed: {failure.Message}", failure);
                piloted.Add([.. ids, .. answer.Ids.Take(pilot)]);
                complied.Add(judge.Judge(new EvaluationPrompt($"{complied.Count}", "pilot", ""), answer.Text) != Verdict.Refusal);
            }
            progress?.Report(piloted.Count);
        }
        return new PilotAnswers(ActivationCollector.Collect(model, piloted, [new HookAddress(HookPoint.UnembedIn, -1).ToString()], cancellation: cancellation)[0], complied);
    }
}
