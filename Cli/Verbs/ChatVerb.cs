using System.CommandLine;
using Managed.Cli.Chat;

namespace Managed.Cli.Verbs;

/// <summary>`managed chat`: a conversation.</summary>
internal static class ChatVerb
{
    public static Command Create()
    {
        var model = Shared.Model();
        var system = new Option<string?>("--system") { Description = "A system message." };
        var file = new Option<string?>("--load") { Description = "A conversation that /save wrote, to go on with." };
        var sampling = new SamplingArguments(defaultTokens: 512);
        var search = new SearchArguments();
        var adapters = new AdapterArguments();
        var load = new LoadArguments();
        var command = new Command("chat", "Talks with a model. Ctrl-C interrupts a reply; /help lists what can be typed.") { model, system, file };
        sampling.AddTo(command);
        search.AddTo(command, withBeams: false);
        adapters.AddTo(command);
        load.AddTo(command);
        command.SetAction((result, _) =>
        {
            var streams = (CommandStreams)result.InvocationConfiguration;
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            using LanguageModel? draft = search.LoadDraft(result, load.Read(result));
            using LoadedAdapters adapter = adapters.Load(result, loaded);
            using ChatSession session = loaded.StartChat();
            if (result.GetValue(file) is { } saved)
                Conversation.Load(session, saved);
            session.System = result.GetValue(system) ?? session.System;
            Conversation.Check(session);
            GenerationOptions options = search.Apply(result, sampling.Read(result, loaded), draft) with { Adapter = adapter.Together };
            return Task.FromResult(new ChatLoop(session, options, streams).Run());
        });
        return command;
    }
}
