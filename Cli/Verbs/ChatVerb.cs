using System.CommandLine;

namespace Managed.Cli.Verbs;

/// <summary>`managed chat`: a conversation. Ctrl-C ends the reply, not the conversation.</summary>
internal static class ChatVerb
{
    private const string Help = "/reset begins anew, /undo takes the last turn back, /system TEXT sets the system message, /save FILE writes the conversation, /quit ends.";

    public static Command Create()
    {
        var model = Shared.Model();
        var system = new Option<string?>("--system") { Description = "A system message." };
        var sampling = new SamplingArguments(defaultTokens: 512);
        var load = new LoadArguments();
        var command = new Command("chat", "Talks with a model.") { model, system };
        sampling.AddTo(command);
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            using var session = new ChatSession(loaded) { System = result.GetValue(system) };
            var streams = (CommandStreams)result.InvocationConfiguration;
            return Task.FromResult(Talk(session, sampling.Read(result), streams, cancellation));
        });
        return command;
    }

    private static int Talk(ChatSession session, GenerationOptions options, CommandStreams streams, CancellationToken cancellation)
    {
        bool person = ReferenceEquals(streams.Input, Console.In) && !Console.IsInputRedirected;
        if (person)
            streams.Output.WriteLine($"{session.Model.Path}: {Help}");
        while (true)
        {
            if (person)
                streams.Output.Write("> ");
            if (streams.Input.ReadLine() is not { } line || line == "/quit")
                return 0;
            if (line.StartsWith('/'))
                streams.Output.WriteLine(Command(session, line));
            else if (line.Length > 0)
                Reply(session, line, options, streams.Output, cancellation);
        }
    }

    // Ctrl-C while the model speaks ends its reply; what it said stays in the conversation.
    private static void Reply(ChatSession session, string line, GenerationOptions options, TextWriter output, CancellationToken cancellation)
    {
        using var reply = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        void Interrupt(object? sender, ConsoleCancelEventArgs pressed)
        {
            pressed.Cancel = true;
            reply.Cancel();
        }
        Console.CancelKeyPress += Interrupt;
        try
        {
            session.Say(line, options, token =>
            {
                output.Write(token.Text);
                output.Flush();
            }, reply.Token);
            output.WriteLine();
        }
        finally
        {
            Console.CancelKeyPress -= Interrupt;
        }
    }

    private static string Command(ChatSession session, string line)
    {
        string[] words = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        switch (words)
        {
            case ["/reset"]:
                session.Reset();
                return "a new conversation";
            case ["/undo"]:
                return session.Undo() ? "the last turn is taken back" : "there is no turn to take back";
            case ["/system", var text]:
                session.System = text;
                return "the system message is set, from the next turn on";
            case ["/save", var file]:
                File.WriteAllText(file, session.ToJson());
                return $"{session.Messages.Count} messages written to {file}";
            default:
                return Help;
        }
    }
}
