namespace Managed.Cli;

/// <summary>What `managed` tells a script.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>A check that the user asked for has failed.</summary>
    public const int FailedCheck = 1;

    /// <summary>The arguments or the files cannot be used.</summary>
    public const int BadInput = 2;

    /// <summary>A defect of `managed` itself.</summary>
    public const int Defect = 70;

    /// <summary>Ctrl-C.</summary>
    public const int Interrupted = 130;
}
