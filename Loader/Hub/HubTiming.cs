namespace Managed.Loader.Hub;

/// <summary>How long the hub's client waits and how often it tries again; tests give a clock and a sleep of their own.</summary>
internal sealed class HubTiming
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public Func<TimeSpan, CancellationToken, Task> Sleep { get; init; } = Task.Delay;

    /// <summary>Silence of a server after which the connection counts as lost.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Failures in a row, none of which brought a byte, after which the pull gives up.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>The longest wait that a server may ask for.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>1, 2, 4, ... seconds, at most 30.</summary>
    public static TimeSpan Backoff(int failures) => TimeSpan.FromSeconds(Math.Min(30, Math.Pow(2, failures - 1)));
}
