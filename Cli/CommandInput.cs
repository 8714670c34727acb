using System.CommandLine;

namespace Managed.Cli;

/// <summary>Where a command reads and writes: the process's own streams, or a test's.</summary>
internal sealed class CommandStreams : InvocationConfiguration
{
    /// <summary>Null: the console's, which is opened when it is first read.</summary>
    public TextReader? GivenInput { get; init; }

    public TextReader Input => GivenInput ?? Console.In;

    public required Interruption Interruption { get; init; }
}

/// <summary>A command's standard input.</summary>
internal static class CommandInput
{
    public static TextReader Of(ParseResult result) =>
        result.InvocationConfiguration is CommandStreams streams ? streams.Input : Console.In;
}
