using System.Diagnostics;
using System.Globalization;

namespace Managed.Peers;

/// <summary>Time that something took.</summary>
/// <param name="Seconds">On the wall.</param>
/// <param name="ProcessorSeconds">That this thread was on a processor.</param>
internal readonly record struct Elapsed(double Seconds, double ProcessorSeconds)
{
    private const string Statistics = "/proc/thread-self/schedstat"; // nanoseconds on a processor come first

    /// <summary>Does something and measures it.</summary>
    public static (Elapsed Time, T Result) Of<T>(Func<T> work)
    {
        long processor = Processor(), start = Stopwatch.GetTimestamp();
        T result = work();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (new Elapsed(seconds, (Processor() - processor) / 1e9), result);
    }

    private static long Processor() => long.Parse(File.ReadAllText(Statistics).Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture);
}
