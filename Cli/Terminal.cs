using System.CommandLine;
using Spectre.Console;

namespace Managed.Cli;

/// <summary>What of a command's streams is a terminal. Colours and progress go nowhere else: what is redirected stays plain.</summary>
internal static class Terminal
{
    /// <summary>Whether the error stream is a terminal that understands more than plain lines.</summary>
    public static bool HasError(InvocationConfiguration streams) =>
        ReferenceEquals(streams.Error, Console.Error) && !Console.IsErrorRedirected && !IsDumb;

    /// <summary>Whether the output is such a terminal.</summary>
    public static bool HasOutput(InvocationConfiguration streams) =>
        ReferenceEquals(streams.Output, Console.Out) && !Console.IsOutputRedirected && !IsDumb;

    /// <summary>Whether a person types the input.</summary>
    public static bool HasInput(CommandStreams streams) => ReferenceEquals(streams.Input, Console.In) && !Console.IsInputRedirected;

    /// <summary>A console on the error stream: without colours where NO_COLOR is set, plain where it is redirected.</summary>
    public static IAnsiConsole Error(InvocationConfiguration streams) => On(streams.Error, HasError(streams));

    /// <summary>A console on the output, in the same manner.</summary>
    public static IAnsiConsole Output(InvocationConfiguration streams) => On(streams.Output, HasOutput(streams));

    /// <summary>A remark on the error stream that is not part of the result; dimmed on a terminal.</summary>
    public static void Remark(InvocationConfiguration streams, string text)
    {
        if (HasError(streams))
            Error(streams).Write(new Text(text + Environment.NewLine, new Style(decoration: Decoration.Dim)));
        else
            streams.Error.WriteLine(text);
    }

    private static bool IsDumb => Environment.GetEnvironmentVariable("TERM") == "dumb";

    private static IAnsiConsole On(TextWriter writer, bool isTerminal)
    {
        bool colours = isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
    }
}
