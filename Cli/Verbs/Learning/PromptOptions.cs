using System.CommandLine;
using Managed.Guards.Learning;

namespace Managed.Cli.Verbs.Learning;

/// <summary>Two kinds of prompts, and where their states are read: `--positive`, `--negative`, `--raw`, `--hook`, `--positions`.</summary>
internal sealed class PromptOptions
{
    private const string Forms = "FILE (one a line, JSON Lines, JSON) or FILE:key,key";

    private readonly Option<string[]> positive = new("--positive") { Description = $"Prompts of the positive kind: {Forms}. May be given several times.", Required = true };
    private readonly Option<string[]> negative = new("--negative") { Description = $"Prompts of the other kind: {Forms}. May be given several times.", Required = true };
    private readonly Option<bool> raw = new("--raw") { Description = "Texts are complete, special tokens written out; without it they are a user's turn in the chat template." };
    private readonly Option<string?> positiveSystem = new("--positive-system") { Description = "A system message before each of the positive prompts." };
    private readonly Option<string?> negativeSystem = new("--negative-system") { Description = "A system message before each of the others." };
    private readonly Option<int> take = new("--take") { Description = "Prompts of each file, evenly spread; 0: all." };
    private readonly Option<StatePositions> positions = new("--positions") { Description = "Which tokens are read: last, all or mean.", DefaultValueFactory = _ => StatePositions.Last };
    private readonly AdapterArguments adapters = new();

    public void AddTo(Command command)
    {
        command.Options.Add(positive);
        command.Options.Add(negative);
        command.Options.Add(raw);
        command.Options.Add(positiveSystem);
        command.Options.Add(negativeSystem);
        command.Options.Add(take);
        take.AtLeast(0);
        command.Options.Add(positions);
        adapters.AddTo(command);
    }

    public StatePositions Positions(ParseResult result) => result.GetValue(positions);

    public LoadedAdapters Adapters(ParseResult result, LanguageModel model) => adapters.Load(result, model);

    public int[][] Positive(ParseResult result, LanguageModel model) => Read(result, positive, positiveSystem, model);

    public int[][] Negative(ParseResult result, LanguageModel model) => Read(result, negative, negativeSystem, model);

    private int[][] Read(ParseResult result, Option<string[]> sources, Option<string?> system, LanguageModel model) =>
        [.. result.GetRequiredValue(sources).SelectMany(source => Prompt.Spread(PromptFile.Read(source), result.GetValue(take)))
            .Select(prompt => (result.GetValue(system) is { } message ? prompt.Under(message) : prompt).Encode(model, result.GetValue(raw)))];
}
