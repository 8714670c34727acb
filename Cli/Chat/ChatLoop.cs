namespace Managed.Cli.Chat;

/// <summary>
/// Reads lines, answers them. What goes wrong with one line is said, and the conversation goes on.
/// The first Ctrl-C interrupts a reply; a second one without a line between, or the end of the input, ends the conversation.
/// </summary>
internal sealed class ChatLoop(ChatSession session, GenerationOptions options, CommandStreams streams)
{
    private readonly bool isPerson = Terminal.HasInput(streams);
    private CancellationTokenSource? reply;
    private int presses;
    private bool failed;

    /// <summary>Runs the conversation to its end; gives the exit code.</summary>
    public int Run()
    {
        var commands = new ChatCommands(session, streams);
        using IDisposable taken = streams.Interruption.Take(Pressed);
        if (isPerson)
            Terminal.Remark(streams, $"{session.Model.Path}. /help lists commands; Ctrl-C interrupts a reply, Ctrl-D ends the conversation.");
        while (ReadTurn() is { } turn)
        {
            presses = 0;
            if (turn.Trim() is "/quit" or "/exit" or "/bye")
                break;
            if (turn.StartsWith('/'))
                Try(() => commands.Run(turn));
            else if (turn.Trim().Length > 0)
                Try(() => Reply(turn));
        }
        // somebody who types has seen what went wrong; a script has to be told
        return failed && !isPerson ? ExitCode.BadInput : ExitCode.Success;
    }

    /// <summary>A line, or several where each but the last ends with a backslash; null at the end of the input.</summary>
    private string? ReadTurn()
    {
        string text = "";
        for (string prompt = "> "; ; prompt = "… ")
        {
            if (isPerson)
                streams.Output.Write(prompt);
            string? line = ReadLine();
            if (line is null)
            {
                if (isPerson)
                    streams.Output.WriteLine();
                return text.Length > 0 ? text : null;
            }
            if (!line.EndsWith('\\'))
                return text + line;
            text += line[..^1] + "\n";
        }
    }

    // A read that nothing can interrupt, on a thread that the end of the process takes along.
    private string? ReadLine() => Task.Run(streams.Input.ReadLine).WaitAsync(streams.Interruption.Token).GetAwaiter().GetResult();

    private void Reply(string turn)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(streams.Interruption.Token);
        reply = stop;
        try
        {
            GenerationResult said = session.Say(turn, options, token =>
            {
                streams.Output.Write(token.Text);
                streams.Output.Flush();
            }, stop.Token);
            streams.Output.WriteLine();
            if (said.Reason == Sampling.StopReason.Cancelled)
                Terminal.Remark(streams, "[interrupted; what was said stays, /undo takes it back]");
            else if (said.Reason == Sampling.StopReason.Length)
                Terminal.Remark(streams, $"[cut after {said.Ids.Length} tokens; --max-tokens allows more]");
            else if (said.Reason == Sampling.StopReason.ContextFull)
                Terminal.Remark(streams, "[cut, the cache is full; /reset begins anew, --context allows more]");
        }
        finally
        {
            reply = null;
        }
    }

    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception failure) when (Failure.Reason(failure) is { } reason)
        {
            failed = true;
            streams.Error.WriteLine("managed: " + Mistake.OneLine(reason));
        }
    }

    // Called on the thread that listens to signals.
    private bool Pressed()
    {
        if (Interlocked.Increment(ref presses) > 1)
            return false;
        if (reply is { } running)
            running.Cancel();
        else
            Remind();
        return true;
    }

    private void Remind()
    {
        if (isPerson)
            streams.Output.WriteLine();
        Terminal.Remark(streams, "(Ctrl-C again or Ctrl-D ends the conversation)");
        if (isPerson)
            streams.Output.Write("> ");
    }
}
