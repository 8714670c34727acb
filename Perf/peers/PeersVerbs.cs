using System.CommandLine;
using Managed.Loader;

namespace Managed.Peers;

/// <summary>The program's verbs.</summary>
internal static class PeersVerbs
{
    public static RootCommand Create(TextWriter output, TextWriter error)
    {
        var root = new RootCommand("This project against llama.cpp.");
        foreach (Command verb in new[] { RaceVerb.Create(output, error), StartVerb.Create(output), MemoryVerb.Create(output), CompareVerb.Create(output), SyntheticVerb.Create(output), Host() })
            root.Subcommands.Add(verb);
        return root;
    }

    /// <summary>Runs a command line: 0 for success, 2 for bad input, which takes one line.</summary>
    public static int Run(string[] arguments, TextWriter output, TextWriter error)
    {
        try
        {
            return Create(output, error).Parse(arguments).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = error });
        }
        catch (Exception refusal) when (refusal is ArgumentException or PeerException or CheckpointException or FileNotFoundException or DirectoryNotFoundException)
        {
            error.WriteLine(refusal.Message);
            return 2;
        }
    }

    private static Command Host()
    {
        var engine = new Argument<string>("engine");
        engine.AcceptOnlyFromAmong([.. EngineHost.Engines.Keys]);
        var command = new Command("host", "An engine that answers requests on its input, for the other verbs.") { engine };
        command.Hidden = true;
        command.SetAction(parsed => EngineHost.Serve(parsed.GetRequiredValue(engine), Console.In, Console.Out));
        return command;
    }
}
