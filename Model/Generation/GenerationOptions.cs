using Managed.Constraints;
using Managed.Kernels;
using Managed.Sampling;

namespace Managed;

/// <summary>How a text is continued.</summary>
public sealed record GenerationOptions
{
    /// <summary>New tokens at most.</summary>
    public int MaxTokens { get; init; } = 128;

    /// <summary>How tokens are chosen; the default is the most likely one each time.</summary>
    public SamplingOptions Sampling { get; init; } = SamplingOptions.Greedy;

    /// <summary>Texts that end the answer and are not part of it, besides those of generation_config.json.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Token ids that end the answer, besides the model's own end tokens.</summary>
    public IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>Goes on after the model's end tokens.</summary>
    public bool IgnoreEndTokens { get; init; }

    /// <summary>What the answer must look like; null: anything.</summary>
    public Constraint? Constraint { get; init; }

    /// <summary>A low-rank adapter, or several put together; null: none.</summary>
    public Adapter? Adapter { get; init; }

    /// <summary>A guard, compiled for the model, that reads and edits this text's forward pass; null: none.</summary>
    public CompiledGuard? Guard { get; init; }

    /// <summary>Prompts of the guard's lanes by their names, where a lane has another than the text itself; null: none has.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<int>>? LanePrompts { get; init; }

    /// <summary>How quantised weights meet activations; null: as the model was loaded, else fast.</summary>
    public Precision? Precision { get; init; }

    /// <summary>Texts that beam search follows; 1: no beam search.</summary>
    public int Beams { get; init; } = 1;

    /// <summary>Beam search: a text's score is Σ log p / length^penalty, its end token counted.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>Beam search: stop as soon as as many texts as beams are finished, rather than when none that runs could be better.</summary>
    public bool EarlyStopping { get; init; }

    /// <summary>Beam search: how many of the best texts are returned, at most as many as beams.</summary>
    public int ReturnedBeams { get; init; } = 1;

    /// <summary>
    /// A smaller model of the same vocabulary that proposes tokens, which this model then checks in one step (speculative decoding);
    /// null: none. Greedy tokens are the same as without it, drawn ones have the same distribution.
    /// Hooks see proposed tokens that may be refused afterwards.
    /// </summary>
    public LanguageModel? Draft { get; init; }

    /// <summary>Tokens that the draft model proposes at a time.</summary>
    public int DraftTokens { get; init; } = 4;

    /// <summary>
    /// The prompt whose logits guidance leads away from (<see cref="SamplingOptions.GuidanceScale"/>); null: the prompt's last token.
    /// </summary>
    public IReadOnlyList<int>? NegativePrompt { get; init; }

    /// <summary>Refuses values outside their ranges, and what cannot go together.</summary>
    /// <exception cref="ArgumentException">Names the option, what was found and what was expected.</exception>
    internal void Validate()
    {
        Least(nameof(MaxTokens), MaxTokens, 0);
        Least(nameof(Beams), Beams, 1);
        Least(nameof(DraftTokens), DraftTokens, 1);
        Least(nameof(ReturnedBeams), ReturnedBeams, 1);
        if (ReturnedBeams > Beams)
            throw new ArgumentException($"{nameof(ReturnedBeams)}: found {ReturnedBeams}; expected at most {Beams}, the number of beams.");
        if (!double.IsFinite(LengthPenalty))
            throw new ArgumentException($"{nameof(LengthPenalty)}: found {LengthPenalty}; expected a finite number.");
        bool guided = Sampling.GuidanceScale != 1;
        if (Beams > 1)
        {
            Exclude(nameof(Beams), Sampling.Temperature != 0, "a temperature above 0: beam search draws nothing");
            Exclude(nameof(Beams), Draft is not null, "a draft model");
            Exclude(nameof(Beams), guided, "guidance");
            Exclude(nameof(Beams), MaxTokens == 0, "no new tokens at all");
        }
        if (Draft is not null)
        {
            Exclude(nameof(Draft), guided, "guidance");
            Exclude(nameof(Draft), Sampling.MirostatTau > 0 && Sampling.Temperature != 0, "Mirostat, which learns from each token drawn");
        }
        if (Guard is not null)
        {
            Exclude(nameof(Guard), Beams > 1 && !Guard.EditsAlone, "beam search where it has lanes, logit stages or decisions");
            Exclude(nameof(Guard), Draft is not null && !Guard.EditsAlone, "a draft model where it has lanes, logit stages or decisions");
            Exclude(nameof(Guard), guided && Guard.Late is not null, "guidance where its lanes are looked at every few tokens");
            Exclude(nameof(Guard), Sampling.MirostatTau > 0 && Sampling.Temperature != 0 && Guard.Late is not null, "Mirostat, which learns from each token drawn, where its lanes are looked at every few tokens");
        }
        if (NegativePrompt is not null && !guided)
            throw new ArgumentException($"{nameof(NegativePrompt)}: found one, but {nameof(SamplingOptions.GuidanceScale)} is 1; expected another scale, which makes use of it.");
        if (NegativePrompt is { Count: 0 })
            throw new ArgumentException($"{nameof(NegativePrompt)}: found no tokens; expected at least one.");
    }

    private static void Least(string option, int found, int least)
    {
        if (found < least)
            throw new ArgumentException($"{option}: found {found}; expected {least} or more.");
    }

    private static void Exclude(string option, bool excluded, string other)
    {
        if (excluded)
            throw new ArgumentException($"{option}: cannot be used with {other}.");
    }
}

/// <summary>One text of a batch.</summary>
/// <param name="Ids">The prompt's tokens.</param>
/// <param name="Options">How it is continued; null: greedy, at most 128 tokens.</param>
public sealed record GenerationRequest(IReadOnlyList<int> Ids, GenerationOptions? Options = null);
