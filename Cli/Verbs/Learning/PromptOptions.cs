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
    private readonly Option<StatePositions> positions = new("--positions") { Description = "Which tokens are read: last, all or mean.", DefaultValueFactory = _ => StatePositions.Last };
    private readonly AdapterArguments adapters = new();

    public void AddTo(Command command)
    {
        command.Options.Add(positive);
        command.Options.Add(negative);
        command.Options.Add(raw);
        command.Options.Add(positions);
        adapters.AddTo(command);
    }

    public StatePositions Positions(ParseResult result) => result.GetValue(positions);

    public LoadedAdapters Adapters(ParseResult result, LanguageModel model) => adapters.Load(result, model);

    public int[][] Positive(ParseResult result, LanguageModel model) => Read(result, positive, model);

    public int[][] Negative(ParseResult result, LanguageModel model) => Read(result, negative, model);

    private int[][] Read(ParseResult result, Option<string[]> sources, LanguageModel model) =>
        [.. result.GetRequiredValue(sources).SelectMany(PromptFile.Read).Select(prompt => prompt.Encode(model, result.GetValue(raw)))];
}
