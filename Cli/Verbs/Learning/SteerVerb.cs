using System.CommandLine;

namespace Managed.Cli.Verbs.Learning;

/// <summary>`managed steer`: directions in the residual stream, each command in a file of its own.</summary>
internal static class SteerVerb
{
    public static Command Create() => new("steer", "Finds directions in the residual stream, and tries them.")
    {
        SteerExtractVerb.Create(),
        SteerApplyVerb.Create(),
        SteerSweepVerb.Create(),
    };
}
