using System.CommandLine;
using Spectre.Console;

namespace Managed.Cli;

/// <summary>What of a command's streams is a terminal. Colours and progress go nowhere else: what is redirected stays plain.</summary>
internal static class Terminal
{
    /// <summary>Whether the error stream is a terminal that understands more than plain lines.</summary>
    public static bool HasError(InvocationConfiguration streams) =>
        ReferenceEquals(streams.Error, Console.Error) && !Console.IsErrorRedirected && !IsDumb;

    /// <summary>Whether a person types the input.</summary>
    public static bool HasInput(CommandStreams streams) => ReferenceEquals(streams.Input, Console.In) && !Console.IsInputRedirected;

    /// <summary>A console on the error stream, for progress: without colours where NO_COLOR is set, plain where it is redirected.</summary>
    public static IAnsiConsole Error(InvocationConfiguration streams) => On(streams.Error, HasError(streams));

    /// <summary>A remark on the error stream that is not part of the result; dimmed on a terminal.</summary>
    public static void Remark(InvocationConfiguration streams, string text) => Write(streams.Error, HasError(streams), text, Decoration.Dim);

    /// <summary>A heading on the output; bold on a terminal.</summary>
    public static void Heading(InvocationConfiguration streams, string text) =>
        Write(streams.Output, ReferenceEquals(streams.Output, Console.Out) && !Console.IsOutputRedirected && !IsDumb, text, Decoration.Bold);

    private static bool IsDumb => Environment.GetEnvironmentVariable("TERM") == "dumb";

    private static bool WantsStyles => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    private static void Write(TextWriter writer, bool isTerminal, string text, Decoration decoration)
    {
        if (isTerminal && WantsStyles)
            On(writer, isTerminal).Write(new Text(text + Environment.NewLine, new Style(decoration: decoration)));
        else
            writer.WriteLine(text);
    }

    private static IAnsiConsole On(TextWriter writer, bool isTerminal) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(writer),
        Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
        ColorSystem = isTerminal && WantsStyles ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Interactive = InteractionSupport.No,
    });
}
