using System.CommandLine;

namespace Managed.Cli.Verbs;

/// <summary>`managed guard`: each of its commands in a file of its own.</summary>
internal static class GuardVerb
{
    internal static Command Create()
    {
        var command = new Command("guard", "What reads and edits the forward pass: files of directions from and for other tools.");
        command.Subcommands.Add(GuardImportVerb.Create());
        command.Subcommands.Add(GuardExportVerb.Create());
        return command;
    }
}
