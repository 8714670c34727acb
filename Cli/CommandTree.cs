using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;

namespace Managed.Cli;

/// <summary>The root command, its verbs and the options that every verb has.</summary>
internal sealed class CommandTree
{
    public CommandTree((string Name, Func<Command> Create)[] verbs)
    {
        Root.Options.Add(new HelpOption { Recursive = true });
        Root.Options.Add(new VersionOption { Action = new ShowVersion() });
        Root.Options.Add(Verbose);
        foreach (var (_, create) in verbs)
            Root.Subcommands.Add(create());
    }

    /// <summary>Not a RootCommand: that one is called after the file that runs, and help should say `managed`.</summary>
    public Command Root { get; } = new("managed", "A transformer engine whose forward pass can be read and edited anywhere.");

    public Option<bool> Verbose { get; } = new("--verbose") { Description = "Show where an error came from.", Recursive = true };

    /// <summary>This program's version, without the commit that the build adds.</summary>
    public static string Version { get; } =
        typeof(CommandTree).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    private sealed class ShowVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"managed {Version}");
            return ExitCode.Success;
        }
    }
}
