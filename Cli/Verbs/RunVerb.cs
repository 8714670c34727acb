using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Managed.Guards;
using Managed.Sampling;

namespace Managed.Cli.Verbs;

/// <summary>`managed run`: continues a prompt, streaming.</summary>
internal static class RunVerb
{
    public static Command Create()
    {
        var model = Shared.Model();
        var input = new InputOptions();
        var sampling = new SamplingArguments(defaultTokens: 128);
        var search = new SearchArguments();
        var adapters = new AdapterArguments();
        var guards = new Option<string?>("--guard") { Description = "A guard: *.guard.json. What it did is told in the receipt." };
        var chat = new Option<bool>("--chat") { Description = "Put the prompt through the model's chat template." };
        var system = new Option<string?>("--system") { Description = "A system message; with --chat." };
        var json = Shared.Json();
        var load = new LoadArguments();
        var command = new Command("run", "Continues a prompt, token by token.") { model, chat, system, guards, json };
        input.AddTo(command);
        sampling.AddTo(command);
        search.AddTo(command);
        adapters.AddTo(command);
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            using LanguageModel? draft = search.LoadDraft(result, load.Read(result));
            using LoadedAdapters adapter = adapters.Load(result, loaded);
            using CompiledGuard? guard = result.GetValue(guards) is { } guardFile ? Guard.Load(guardFile).Compile(loaded) : null;
            int[] ids = result.GetValue(chat) && input.IsText(result)
                ? loaded.EncodeChat(Conversation(result.GetValue(system), result.GetValue(input.Text)!))
                : input.Read(result, loaded);
            GenerationOptions options = search.Apply(result, sampling.Read(result, loaded), draft) with { Adapter = adapter.Together, Guard = guard };
            if (guard is not null && result.GetValue(chat) && input.IsText(result))
                options = options with { LanePrompts = GuardExtensions.LanePrompts(loaded, guard, [new ChatMessage("user", result.GetValue(input.Text)!)]) };
            bool asJson = result.GetValue(json);
            TextWriter output = result.InvocationConfiguration.Output;
            Action<GeneratedToken> show = loaded.HasTokenizer ? token => Write(output, token) : token => WriteId(output, token);
            GenerationResult generated = loaded.Generate(ids, options, asJson ? null : show, cancellation);
            if (asJson)
                output.WriteLine(JsonSerializer.Serialize(Report(generated, options, loaded), Shared.JsonFormat));
            else
                Summarise(result, generated);
            return Task.FromResult(Conclude(result, generated, options));
        });
        return command;
    }

    private static List<ChatMessage> Conversation(string? system, string prompt) =>
        system is null ? [new ChatMessage("user", prompt)] : [new ChatMessage("system", system), new ChatMessage("user", prompt)];

    private static void Write(TextWriter output, GeneratedToken token)
    {
        output.Write(token.Text);
        output.Flush();
    }

    // A checkpoint without a tokenizer has no text to show.
    private static void WriteId(TextWriter output, GeneratedToken token)
    {
        output.Write($"{token.Id} ");
        output.Flush();
    }

    // An answer that is not what was demanded is a failed check, and never passes in silence.
    private static int Conclude(ParseResult result, GenerationResult generated, GenerationOptions options)
    {
        if (generated.Reason == StopReason.Cancelled)
            return ExitCode.Interrupted;
        if (generated.ConstraintSatisfied is not false)
            return ExitCode.Success;
        string why = generated.Reason switch
        {
            StopReason.Length => $"it was cut after {generated.Ids.Length} tokens; --max-tokens allows more",
            StopReason.ContextFull => "the cache is full; --context allows more",
            StopReason.StopString => "a stop string ended it",
            _ => "no token can continue it",
        };
        result.InvocationConfiguration.Error.WriteLine($"managed: the answer does not satisfy the {options.Constraint!.Description}: {why}.");
        return ExitCode.FailedCheck;
    }

    private static RunReport Report(GenerationResult generated, GenerationOptions options, LanguageModel model) => new()
    {
        Text = generated.Text,
        Ids = generated.Ids,
        PromptTokens = generated.PromptTokens,
        TokensPerSecond = Rate(generated),
        PrefillSeconds = generated.PrefillSeconds,
        DecodeSeconds = generated.DecodeSeconds,
        Reason = generated.Reason.ToString(),
        Precision = generated.Precision.ToString(),
        Seed = generated.Seed,
        LogProbabilities = options.Sampling.LogProbabilities is null ? null : generated.LogProbabilities,
        BestTokens = options.Sampling.LogProbabilities is > 0 ? [.. generated.BestTokens.Select(best => Named(best, model))] : null,
        Constraint = options.Constraint is null ? null : new ConstraintReport(options.Constraint.Description, generated.ConstraintSatisfied == true),
        Beams = options.Beams > 1 ? [.. generated.Beams] : null,
        Draft = generated.Draft,
        Receipt = generated.Receipt,
    };

    private static BestToken[] Named(TokenLogProbability[] best, LanguageModel model) => Array.ConvertAll(best, token =>
        new BestToken(token.Id, model.HasTokenizer ? model.Decode([token.Id], skipSpecialTokens: false) : null, token.LogProbability));

    private static double Rate(GenerationResult generated) =>
        generated.DecodeSeconds > 0 ? (generated.Ids.Length - 1) / generated.DecodeSeconds : 0;

    private static void Summarise(ParseResult result, GenerationResult generated)
    {
        TextWriter output = result.InvocationConfiguration.Output;
        output.WriteLine();
        foreach (BeamText beam in generated.Beams.Skip(1))
            output.WriteLine(beam.Text);
        string drafted = generated.Draft is { } draft ? $", {draft.AcceptanceRate:P0} of {draft.Proposed} drafted tokens accepted" : "";
        string seed = generated.Seed is { } known ? $", seed {known}" : "";
        result.InvocationConfiguration.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"[{generated.PromptTokens} prompt tokens in {generated.PrefillSeconds * 1000:0} ms, {generated.Ids.Length} new at {Rate(generated):0.0}/s, {generated.Reason}, {generated.Precision} precision{drafted}{seed}]"));
        if (generated.Receipt is { } receipt)
            result.InvocationConfiguration.Error.WriteLine($"[guard {receipt}]");
    }
}
