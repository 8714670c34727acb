namespace Managed.Cli;

/// <summary>How a command that failed says so: one line on the error stream, and an exit code.</summary>
internal static class Failure
{
    public static int Report(Exception failure, TextWriter error, bool verbose, CancellationToken cancellation)
    {
        if (failure is AggregateException { InnerExceptions.Count: 1 } wrapper)
            failure = wrapper.InnerExceptions[0];
        if (cancellation.IsCancellationRequested && failure is OperationCanceledException)
            return ExitCode.Interrupted;
        string? reason = Reason(failure);
        error.WriteLine("managed: " + Mistake.OneLine(reason
            ?? $"a defect: {failure.GetType().Name}: {failure.Message}{(verbose ? "" : " (--verbose shows where)")}"));
        if (verbose)
            error.WriteLine(failure);
        return reason is null ? ExitCode.Defect : ExitCode.BadInput;
    }

    /// <summary>What the user can do something about; null where the fault is the program's own.</summary>
    private static string? Reason(Exception failure) => failure switch
    {
        _ when IsOurs(failure) => failure.Message,
        FileNotFoundException { FileName: { } file } => $"{file}: there is no such file",
        DirectoryNotFoundException or UnauthorizedAccessException or IOException => failure.Message,
        OutOfMemoryException => "there is not enough memory for this",
        _ => null,
    };

    // The project's own exceptions are written for the user: CheckpointException, HookPointException, GuardException, ...
    private static bool IsOurs(Exception failure) =>
        failure.GetType().Namespace is { } name && (name == "Managed" || name.StartsWith("Managed.", StringComparison.Ordinal));
}
