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
    public static string? Reason(Exception failure) => failure switch
    {
        _ when IsOurs(failure.GetType()) => failure.Message,
        ArgumentException { ParamName: null } or FormatException when IsOurs(failure.TargetSite?.DeclaringType) => failure.Message,
        FileNotFoundException { FileName: { } file } => $"{file}: there is no such file",
        DirectoryNotFoundException => Quoted(failure.Message) is { } path ? $"{path}: there is no such file or folder" : failure.Message,
        UnauthorizedAccessException => Quoted(failure.Message) is { } path && Directory.Exists(path)
            ? $"{path} is a folder; expected a file" : failure.Message,
        IOException => failure.Message,
        OutOfMemoryException => "there is not enough memory for this",
        _ => null,
    };

    // What the project's own code throws is written for the user: CheckpointException, HookPointException, and arguments that it
    // refuses as a whole. An argument that is refused by its parameter's name is the caller's mistake, and the caller is this program.
    private static bool IsOurs(Type? type) =>
        type?.Namespace is { } name && (name == "Managed" || name.StartsWith("Managed.", StringComparison.Ordinal));

    // The path in a message of the runtime: "Could not find a part of the path '/x/y'."
    private static string? Quoted(string message)
    {
        int first = message.IndexOf('\'', StringComparison.Ordinal), last = message.LastIndexOf('\'');
        return last > first ? message[(first + 1)..last] : null;
    }
}
