using System.CommandLine;
using System.Globalization;
using System.Text.Json;
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
        var chat = new Option<bool>("--chat") { Description = "Put the prompt through the model's chat template." };
        var system = new Option<string?>("--system") { Description = "A system message; with --chat." };
        var json = Shared.Json();
        var load = new LoadArguments();
        var command = new Command("run", "Continues a prompt, token by token.") { model, chat, system, json };
        input.AddTo(command);
        sampling.AddTo(command);
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            int[] ids = result.GetValue(chat) && input.IsText(result)
                ? loaded.EncodeChat(Conversation(result.GetValue(system), result.GetValue(input.Text)!))
                : input.Read(result, loaded);
            TextWriter output = result.InvocationConfiguration.Output;
            bool asJson = result.GetValue(json);
            GenerationResult generated = loaded.Generate(ids, sampling.Read(result), asJson ? null : token => Write(output, token), cancellation);
            if (asJson)
                output.WriteLine(JsonSerializer.Serialize(Report(generated), Shared.JsonFormat));
            else
                Summarise(result, generated);
            return Task.FromResult(generated.Reason == StopReason.Cancelled ? 130 : 0);
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

    private static RunReport Report(GenerationResult generated) => new()
    {
        Text = generated.Text,
        Ids = generated.Ids,
        PromptTokens = generated.PromptTokens,
        TokensPerSecond = Rate(generated),
        PrefillSeconds = generated.PrefillSeconds,
        DecodeSeconds = generated.DecodeSeconds,
        Reason = generated.Reason.ToString(),
        Precision = generated.Precision.ToString(),
    };

    private static double Rate(GenerationResult generated) =>
        generated.DecodeSeconds > 0 ? (generated.Ids.Length - 1) / generated.DecodeSeconds : 0;

    private static void Summarise(ParseResult result, GenerationResult generated)
    {
        result.InvocationConfiguration.Output.WriteLine();
        result.InvocationConfiguration.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"[{generated.PromptTokens} prompt tokens in {generated.PrefillSeconds * 1000:0} ms, {generated.Ids.Length} new at {Rate(generated):0.0}/s, {generated.Reason}, {generated.Precision} precision]"));
    }
}
