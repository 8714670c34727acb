using System.Globalization;

namespace Managed.Cli.Bench;

/// <summary>Memory of this process that is in the machine's memory now.</summary>
/// <param name="Bytes">All of it.</param>
/// <param name="PeakBytes">The most so far.</param>
/// <param name="FileBytes">Of it, pages of mapped files, which the system takes back when it needs them; null where it does not tell.</param>
internal sealed record ResidentMemory(long Bytes, long PeakBytes, long? FileBytes)
{
    public static ResidentMemory Now()
    {
        string status = File.Exists("/proc/self/status") ? File.ReadAllText("/proc/self/status") : "";
        if (Kilobytes(status, "VmRSS") is { } resident && Kilobytes(status, "VmHWM") is { } peak)
            return new ResidentMemory(resident, peak, Kilobytes(status, "RssFile"));
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return new ResidentMemory(process.WorkingSet64, process.PeakWorkingSet64, null);
    }

    // "VmRSS:	   12345 kB"
    private static long? Kilobytes(string status, string field)
    {
        foreach (string line in status.Split('\n'))
            if (line.StartsWith(field + ":", StringComparison.Ordinal)
                && line[(field.Length + 1)..].Trim().Split(' ') is [var digits, "kB"]
                && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long kilobytes))
                return kilobytes * 1024;
        return null;
    }
}
