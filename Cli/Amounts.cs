using System.Globalization;

namespace Managed.Cli;

/// <summary>Amounts as people read them.</summary>
internal static class Amounts
{
    /// <summary>"1 token", "2 tokens".</summary>
    public static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    /// <summary>1536 as "1.5 KiB".</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.00} GiB"),
    };

    /// <summary>0.0123 as "12.3 ms".</summary>
    public static string Seconds(double seconds) => seconds switch
    {
        < 1e-3 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0.0} µs"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s"),
    };

    /// <summary>A rate with three significant digits or all before the point: 0.123, 12.3, 1234.</summary>
    public static string Rate(double rate) => rate.ToString(rate >= 100 ? "0" : rate >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    /// <summary>2.1e10 as "21.0 G".</summary>
    public static string Giga(double rate) => string.Create(CultureInfo.InvariantCulture, $"{rate / 1e9:0.0} G");
}
