using System.CommandLine;
using System.Globalization;
using Managed.Sampling;

namespace Managed.Cli.Verbs;

/// <summary>How tokens are chosen and when to stop: the options that run and chat share.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<int> maxTokens = new("--max-tokens", "-n") { Description = "New tokens at most." };
    private readonly Option<int> minNewTokens = new("--min-new-tokens") { Description = "No end token comes before so many new tokens." };
    private readonly Option<double> temperature = new("--temperature") { Description = "0: always the most likely token.", DefaultValueFactory = _ => 0 };
    private readonly Option<int> topK = new("--top-k") { Description = "Keep the k most likely tokens." };
    private readonly Option<double> topP = new("--top-p") { Description = "Keep the most likely tokens whose probabilities reach p.", DefaultValueFactory = _ => 1 };
    private readonly Option<double> minP = new("--min-p") { Description = "Keep tokens with at least this share of the best one's probability." };
    private readonly Option<double> typicalP = new("--typical-p") { Description = "Keep tokens of typical information whose probabilities reach p.", DefaultValueFactory = _ => 1 };
    private readonly Option<double> topNSigma = new("--top-n-sigma") { Description = "Keep tokens whose logits lie within n standard deviations of the best." };
    private readonly Option<double> xtcProbability = new("--xtc-probability") { Description = "How often all likely tokens but the last are excluded." };
    private readonly Option<double> xtcThreshold = new("--xtc-threshold") { Description = "From which probability a token counts as likely for XTC.", DefaultValueFactory = _ => 0.1 };
    private readonly Option<double> mirostat = new("--mirostat") { Description = "Surprise in bits that Mirostat 2 keeps to; 0: off." };
    private readonly Option<double> repetition = new("--repetition-penalty") { Description = "Divides the logits of tokens that occurred; 1: none.", DefaultValueFactory = _ => 1 };
    private readonly Option<double> presence = new("--presence-penalty") { Description = "Subtracted from the logits of tokens that were generated." };
    private readonly Option<double> frequency = new("--frequency-penalty") { Description = "Subtracted once per occurrence." };
    private readonly Option<int> noRepeat = new("--no-repeat-ngram") { Description = "No sequence of so many tokens comes twice; 0: it may." };
    private readonly Option<double> dry = new("--dry") { Description = "Strength of DRY, a penalty on going on with repetitions; 0: off." };
    private readonly Option<string[]> logitBias = new("--logit-bias") { Description = "ID=BIAS or TEXT=BIAS, added to the token's logit (a text's last token, after the others); -inf forbids it. May be given several times." };
    private readonly Option<string[]> badWords = new("--bad-word") { Description = "A text whose tokens must not come in a row, with or without a space before it. May be given several times." };
    private readonly Option<double> guidance = new("--guidance") { Description = "Scale of classifier-free guidance away from --negative-prompt; 1: none.", DefaultValueFactory = _ => 1 };
    private readonly Option<string?> negative = new("--negative-prompt") { Description = "The prompt that guidance leads away from; without it, the prompt's last token." };
    private readonly Option<long?> seed = new("--seed") { Description = "Seed of the draws. Without it every run draws other numbers and tells its seed." };
    private readonly Option<string[]> stop = new("--stop") { Description = "A text that ends the answer and is not part of it. May be given several times." };
    private readonly Option<bool> ignoreEos = new("--ignore-eos") { Description = "Go on after end tokens." };
    private readonly Option<int?> logProbabilities = new("--logprobs") { Description = "Log-probabilities of the tokens, and of so many best ones at each place, in the JSON reply." };
    private readonly ConstraintArguments constraint = new();

    public SamplingArguments(int defaultTokens) => maxTokens.DefaultValueFactory = _ => defaultTokens;

    public void AddTo(Command command)
    {
        Option[] all =
        [
            maxTokens, minNewTokens, temperature, topK, topP, minP, typicalP, topNSigma, xtcProbability, xtcThreshold, mirostat, repetition, presence,
            frequency, noRepeat, dry, logitBias, badWords, guidance, negative, seed, stop, ignoreEos, logProbabilities,
        ];
        foreach (Option option in all)
            command.Options.Add(option);
        maxTokens.AtLeast(0);
        constraint.AddTo(command);
    }

    public GenerationOptions Read(ParseResult result, LanguageModel model) => new()
    {
        MaxTokens = result.GetValue(maxTokens),
        StopStrings = result.GetValue(stop) ?? [],
        IgnoreEndTokens = result.GetValue(ignoreEos),
        Constraint = constraint.Read(result),
        NegativePrompt = result.GetValue(negative) is { } prompt ? model.Encode(prompt) : null,
        Sampling = new SamplingOptions
        {
            Temperature = result.GetValue(temperature),
            TopK = result.GetValue(topK),
            TopP = result.GetValue(topP),
            MinP = result.GetValue(minP),
            TypicalP = result.GetValue(typicalP),
            TopNSigma = result.GetValue(topNSigma),
            XtcProbability = result.GetValue(xtcProbability),
            XtcThreshold = result.GetValue(xtcThreshold),
            MirostatTau = result.GetValue(mirostat),
            RepetitionPenalty = result.GetValue(repetition),
            PresencePenalty = result.GetValue(presence),
            FrequencyPenalty = result.GetValue(frequency),
            NoRepeatNgram = result.GetValue(noRepeat),
            DryMultiplier = result.GetValue(dry),
            LogitBias = [.. (result.GetValue(logitBias) ?? []).Select(text => Bias(text, model))],
            BadWords = [.. (result.GetValue(badWords) ?? []).SelectMany(word => Spellings(word, model))],
            MinNewTokens = result.GetValue(minNewTokens),
            GuidanceScale = result.GetValue(guidance),
            LogProbabilities = result.GetValue(logProbabilities),
            Seed = result.GetValue(seed),
        },
    };

    private static SequenceBias Bias(string text, LanguageModel model)
    {
        int equals = text.LastIndexOf('=');
        if (equals < 1 || !double.TryParse(text[(equals + 1)..].Replace("inf", "Infinity", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out double bias))
            throw new UsageException($"--logit-bias: found '{text}'; expected ID=BIAS or TEXT=BIAS, such as 264=-5 or \" honey=2.5\"");
        string token = text[..equals];
        return new SequenceBias(
            int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? [id] : model.Encode(token, addSpecialTokens: false), bias);
    }

    private static IEnumerable<int[]> Spellings(string word, LanguageModel model) =>
        new[] { word, " " + word.TrimStart() }.Distinct().Select(text => model.Encode(text, addSpecialTokens: false)).Where(ids => ids.Length > 0);
}
