using System.CommandLine;
using Managed.Cli.Verbs;

namespace Managed.Cli;

internal static class Program
{
    /// <summary>What `managed` can do: each verb in a file of its own.</summary>
    private static readonly Func<Command>[] s_verbs =
    [
        PullVerb.Create,
        TemplateVerb.Create,
        TokenizeVerb.Create,
    ];

    internal static int Main(string[] arguments)
    {
        // Text on a pipe is UTF-8 whatever the console's code page, and never begins with a byte order mark.
        Console.OutputEncoding = new System.Text.UTF8Encoding(false);
        return Run(arguments, Console.Out, Console.Error, Console.In, CancellationToken.None);
    }

    /// <summary>Runs one command line on the given streams; gives the exit code.</summary>
    internal static int Run(string[] arguments, TextWriter output, TextWriter error, TextReader input, CancellationToken cancellation)
    {
        var root = new RootCommand("A transformer engine whose forward pass can be read and edited anywhere.");
        foreach (var create in s_verbs)
            root.Subcommands.Add(create());
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            error.WriteLine($"managed: {parsed.Errors[0].Message}");
            return 2;
        }
        var streams = new CommandStreams { Output = output, Error = error, Input = input, EnableDefaultExceptionHandler = false };
        try
        {
            return parsed.InvokeAsync(streams, cancellation).GetAwaiter().GetResult();
        }
        catch (Exception failure) when (failure is UsageException or Loader.CheckpointException or Loader.Hub.HubException or Loader.Templates.TemplateException or IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"managed: {failure.Message}");
            return 2;
        }
    }
}
