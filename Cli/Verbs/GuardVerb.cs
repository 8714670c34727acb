using System.CommandLine;
using Managed.Cli.Verbs.Guarding;
using Managed.Cli.Verbs.Learning;

namespace Managed.Cli.Verbs;

/// <summary>`managed guard`: each of its commands in a file of its own.</summary>
internal static class GuardVerb
{
    internal static Command Create()
    {
        var command = new Command("guard", "What reads and edits the forward pass: trained, checked, measured, and exchanged with other tools.");
        command.Subcommands.Add(GuardCheckVerb.Create());
        command.Subcommands.Add(GuardEvalVerb.Create());
        command.Subcommands.Add(GuardTrainVerb.Create());
        command.Subcommands.Add(GuardHarvestVerb.Create());
        command.Subcommands.Add(GuardImportVerb.Create());
        command.Subcommands.Add(GuardExportVerb.Create());
        return command;
    }
}
