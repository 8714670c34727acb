using System.CommandLine;

namespace Managed.Cli.Verbs;

/// <summary>How texts are looked for beyond one token after the other: beam search, and a draft model.</summary>
internal sealed class SearchArguments
{
    private readonly Option<int> beams = new("--beams") { Description = "Beam search with so many texts at once; 1: none.", DefaultValueFactory = _ => 1 };
    private readonly Option<double> lengthPenalty = new("--length-penalty") { Description = "Beam search: a text's score is its log-probability / length^penalty.", DefaultValueFactory = _ => 1 };
    private readonly Option<bool> earlyStopping = new("--early-stopping") { Description = "Beam search: stop at as many finished texts as beams." };
    private readonly Option<int> returned = new("--returned-beams") { Description = "Beam search: how many of the best texts are in the reply.", DefaultValueFactory = _ => 1 };
    private readonly Option<string?> draft = new("--draft") { Description = "A smaller model of the same vocabulary that proposes tokens for this one to check (speculative decoding)." };
    private readonly Option<int> draftTokens = new("--draft-tokens") { Description = "Tokens that the draft model proposes at a time.", DefaultValueFactory = _ => 4 };

    private bool hasBeams;

    /// <summary>Adds all of it, or the draft model alone.</summary>
    public void AddTo(Command command, bool withBeams = true)
    {
        hasBeams = withBeams;
        foreach (Option option in withBeams ? new Option[] { beams, lengthPenalty, earlyStopping, returned, draft, draftTokens } : [draft, draftTokens])
            command.Options.Add(option);
        beams.AtLeast(1);
        returned.AtLeast(1);
        draftTokens.AtLeast(1);
    }

    /// <summary>Loads the draft model; null: none was asked for.</summary>
    public LanguageModel? LoadDraft(ParseResult result, LoadOptions options) =>
        result.GetValue(draft) is { } path ? LanguageModel.Load(path, options) : null;

    public GenerationOptions Apply(ParseResult result, GenerationOptions options, LanguageModel? draftModel)
    {
        options = options with { Draft = draftModel, DraftTokens = result.GetValue(draftTokens) };
        return !hasBeams ? options : options with
        {
            Beams = result.GetValue(beams),
            LengthPenalty = result.GetValue(lengthPenalty),
            EarlyStopping = result.GetValue(earlyStopping),
            ReturnedBeams = result.GetValue(returned),
        };
    }
}
