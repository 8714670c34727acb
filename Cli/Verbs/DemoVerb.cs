using System.CommandLine;

namespace Managed.Cli.Verbs;

internal static class DemoVerb
{
    public static Command Create() => new("demo", "Shows what Managed does.");
}
