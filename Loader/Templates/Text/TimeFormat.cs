using System.Globalization;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>C's strftime in the C locale, with the flags of glibc (%-d, %_d, %e).</summary>
internal static class TimeFormat
{
    private static readonly CultureInfo s_culture = CultureInfo.InvariantCulture;

    public static string Write(DateTime time, string format)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            int start = i++;
            char flag = format[i] is '-' or '_' or '0' or '^' or '#' && i + 1 < format.Length ? format[i++] : '\0';
            text.Append(Field(time, format[i]) is { } field ? Flagged(field, flag, format[i]) : format[start..(i + 1)]);
        }
        Budget.SpendText(text.Length);
        return text.ToString();
    }

    private static string Flagged(string field, char flag, char code) => flag switch
    {
        '-' => field.TrimStart(' ', '0') is { Length: > 0 } bare ? bare : "0",
        '_' => field.TrimStart('0') is { Length: > 0 } bare ? bare.PadLeft(field.Length) : "0".PadLeft(field.Length),
        '0' => field.Replace(' ', '0'),
        '^' => field.ToUpperInvariant(),
        '#' => code is 'p' or 'Z' ? field.ToLowerInvariant() : field.ToUpperInvariant(),
        _ => field,
    };

    private static string? Field(DateTime time, char code) => code switch
    {
        'a' => Net(time, "ddd"),
        'A' => Net(time, "dddd"),
        'b' or 'h' => Net(time, "MMM"),
        'B' => Net(time, "MMMM"),
        'c' => Write(time, "%a %b %e %H:%M:%S %Y"),
        'C' => Two(time.Year / 100),
        'd' => Two(time.Day),
        'D' or 'x' => Write(time, "%m/%d/%y"),
        'e' => time.Day.ToString(s_culture).PadLeft(2),
        'f' => (time.Ticks % TimeSpan.TicksPerSecond / 10).ToString("000000", s_culture),
        'F' => Write(time, "%Y-%m-%d"),
        'g' => Two(ISOWeek.GetYear(time) % 100),
        'G' => ISOWeek.GetYear(time).ToString(s_culture),
        'H' => Two(time.Hour),
        'I' => Two(Hour12(time)),
        'j' => time.DayOfYear.ToString("000", s_culture),
        'k' => time.Hour.ToString(s_culture).PadLeft(2),
        'l' => Hour12(time).ToString(s_culture).PadLeft(2),
        'm' => Two(time.Month),
        'M' => Two(time.Minute),
        'n' => "\n",
        'p' => time.Hour < 12 ? "AM" : "PM",
        'P' => time.Hour < 12 ? "am" : "pm",
        'r' => Write(time, "%I:%M:%S %p"),
        'R' => Write(time, "%H:%M"),
        's' => new DateTimeOffset(time).ToUnixTimeSeconds().ToString(s_culture),
        'S' => Two(time.Second),
        't' => "\t",
        'T' or 'X' => Write(time, "%H:%M:%S"),
        'u' => (((int)time.DayOfWeek + 6) % 7 + 1).ToString(s_culture),
        'U' => Two((time.DayOfYear + 6 - (int)time.DayOfWeek) / 7),
        'V' => Two(ISOWeek.GetWeekOfYear(time)),
        'w' => ((int)time.DayOfWeek).ToString(s_culture),
        'W' => Two((time.DayOfYear + 6 - ((int)time.DayOfWeek + 6) % 7) / 7),
        'y' => Two(time.Year % 100),
        'Y' => time.Year.ToString(s_culture),
        'z' or 'Z' => "", // Python's naive times have no zone
        '%' => "%",
        _ => null,
    };

    private static string Net(DateTime time, string format) => time.ToString(format, s_culture);

    private static string Two(int value) => value.ToString("00", s_culture);

    private static int Hour12(DateTime time) => (time.Hour + 11) % 12 + 1;
}
