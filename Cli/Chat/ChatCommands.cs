namespace Managed.Cli.Chat;

/// <summary>What can be typed in a conversation besides talk: lines that begin with a slash.</summary>
internal sealed class ChatCommands
{
    private readonly ChatSession session;
    private readonly CommandStreams streams;
    private readonly (string Name, string Argument, string Help, Action<string> Run)[] commands;

    public ChatCommands(ChatSession session, CommandStreams streams)
    {
        this.session = session;
        this.streams = streams;
        commands =
        [
            ("/help", "", "shows this list", _ => ShowHelp()),
            ("/history", "", "shows the conversation so far", _ => ShowHistory()),
            ("/undo", "", "takes the last turn back, yours and the reply", _ => Undo()),
            ("/reset", "", "begins a new conversation; the system message stays", _ => Reset()),
            ("/system", "[TEXT]", "sets the system message, or shows it; /system off removes it", SetSystem),
            ("/save", "FILE", "writes the conversation as JSON", Save),
            ("/load", "FILE", "goes on with a conversation that was saved", Load),
            ("/quit", "", "ends the conversation, as Ctrl-D does", _ => { }), // the loop ends before it comes here
        ];
    }

    /// <summary>Runs a line that begins with a slash.</summary>
    /// <exception cref="UsageException">There is no such command, or it lacks its argument.</exception>
    public void Run(string line)
    {
        string[] words = line.Split((char[]?)null, 2, StringSplitOptions.TrimEntries);
        foreach (var command in commands)
            if (command.Name == words[0])
            {
                string argument = words.Length > 1 ? words[1] : "";
                if (argument.Length == 0 && command.Argument == "FILE")
                    throw new UsageException($"{command.Name} needs the name of a file");
                command.Run(argument);
                return;
            }
        string near = Mistake.Nearest(words[0], commands.Select(command => command.Name)) is { } name ? $"did you mean {name}? " : "";
        throw new UsageException($"there is no command '{words[0]}'; {near}/help lists them");
    }

    private void ShowHelp()
    {
        foreach (var (name, argument, help, _) in commands)
            streams.Output.WriteLine($"  {name + " " + argument,-15} {help}");
        streams.Output.WriteLine("  A line that ends with \\ goes on in the next one. Ctrl-C interrupts a reply; twice, or Ctrl-D, ends the conversation.");
    }

    private void ShowHistory()
    {
        foreach (var message in Conversation.Of(session))
            streams.Output.WriteLine($"{message.Role}: {message.Content}");
        if (session.System is null && session.Messages.Count == 0)
            Terminal.Remark(streams, "nothing has been said yet");
    }

    private void Undo()
    {
        string said = session.Messages.Count >= 2 ? session.Messages[^2].Content : "";
        Terminal.Remark(streams, session.Undo() ? $"taken back: {said}" : "there is no turn to take back");
    }

    private void Reset()
    {
        session.Reset();
        Terminal.Remark(streams, "a new conversation");
    }

    private void SetSystem(string text)
    {
        string? before = session.System;
        if (text.Length > 0)
            session.System = text == "off" ? null : text;
        try
        {
            Conversation.Check(session);
        }
        catch
        {
            session.System = before; // the model's template refuses it, and says why
            throw;
        }
        Terminal.Remark(streams, session.System is { } now ? $"system message: {now}" : "no system message");
    }

    private void Save(string file)
    {
        Conversation.Save(session, file);
        Terminal.Remark(streams, $"{session.Messages.Count} messages written to {file}");
    }

    private void Load(string file)
    {
        Conversation.Load(session, file);
        Terminal.Remark(streams, $"{session.Messages.Count} messages read from {file}");
    }
}
