using System.CommandLine;
using Managed.Sampling;

namespace Managed.Cli.Verbs;

/// <summary>How tokens are chosen and when to stop: the options that run, chat and demo share.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<int> maxTokens = new("--max-tokens", "-n") { Description = "New tokens at most." };
    private readonly Option<double> temperature = new("--temperature") { Description = "0: always the most likely token.", DefaultValueFactory = _ => 0 };
    private readonly Option<int> topK = new("--top-k") { Description = "Keep the k most likely tokens." };
    private readonly Option<double> topP = new("--top-p") { Description = "Keep the most likely tokens whose probabilities reach p.", DefaultValueFactory = _ => 1 };
    private readonly Option<double> minP = new("--min-p") { Description = "Keep tokens with at least this share of the best one's probability." };
    private readonly Option<double> typicalP = new("--typical-p") { Description = "Keep tokens of typical information whose probabilities reach p.", DefaultValueFactory = _ => 1 };
    private readonly Option<double> repetition = new("--repetition-penalty") { Description = "Divides the logits of tokens that occurred; 1: none.", DefaultValueFactory = _ => 1 };
    private readonly Option<double> presence = new("--presence-penalty") { Description = "Subtracted from the logits of tokens that were generated." };
    private readonly Option<double> frequency = new("--frequency-penalty") { Description = "Subtracted once per occurrence." };
    private readonly Option<long> seed = new("--seed") { Description = "Seed of the draws.", DefaultValueFactory = _ => 0 };
    private readonly Option<string[]> stop = new("--stop") { Description = "A text that ends the answer; may be given several times." };
    private readonly Option<bool> ignoreEos = new("--ignore-eos") { Description = "Go on after end tokens." };
    private readonly Option<string?> schema = new("--json-schema") { Description = "File with a JSON schema that the answer must satisfy." };
    private readonly Option<string?> regex = new("--regex") { Description = "A regex that the answer must match." };
    private readonly Option<string?> grammar = new("--grammar") { Description = "File with a grammar (.gbnf, or Lark) that the answer must follow." };

    public SamplingArguments(int defaultTokens) => maxTokens.DefaultValueFactory = _ => defaultTokens;

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { maxTokens, temperature, topK, topP, minP, typicalP, repetition, presence, frequency, seed, stop, ignoreEos, schema, regex, grammar })
            command.Options.Add(option);
    }

    public GenerationOptions Read(ParseResult result) => new()
    {
        MaxTokens = result.GetValue(maxTokens),
        StopStrings = result.GetValue(stop) ?? [],
        IgnoreEndTokens = result.GetValue(ignoreEos),
        Constraint = Constraint(result),
        Sampling = new SamplingOptions
        {
            Temperature = result.GetValue(temperature),
            TopK = result.GetValue(topK),
            TopP = result.GetValue(topP),
            MinP = result.GetValue(minP),
            TypicalP = result.GetValue(typicalP),
            RepetitionPenalty = result.GetValue(repetition),
            PresencePenalty = result.GetValue(presence),
            FrequencyPenalty = result.GetValue(frequency),
            Seed = result.GetValue(seed),
        },
    };

    private Constraints.Constraint? Constraint(ParseResult result)
    {
        if (result.GetValue(schema) is { } schemaFile)
            return Constraints.Constraint.FromJsonSchema(File.ReadAllText(schemaFile));
        if (result.GetValue(regex) is { } pattern)
            return Constraints.Constraint.FromRegex(pattern);
        if (result.GetValue(grammar) is not { } grammarFile)
            return null;
        string text = File.ReadAllText(grammarFile);
        return grammarFile.EndsWith(".gbnf", StringComparison.OrdinalIgnoreCase) ? Constraints.Constraint.FromGbnf(text) : Constraints.Constraint.FromLark(text);
    }
}
