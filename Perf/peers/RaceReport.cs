using System.Globalization;
using Managed.Cli.Bench;

namespace Managed.Peers;

/// <summary>Results as a table.</summary>
internal static class RaceReport
{
    /// <summary>One result in a line.</summary>
    public static string Line(RaceResult result) => string.Create(CultureInfo.InvariantCulture,
        $"{result.File} {result.Case} on {result.Threads}: {Ratio(result.Ratio)}; {Rate(result.Ours.Median)} against {Rate(result.Theirs.Median)} tokens/s");

    /// <summary>A Markdown table.</summary>
    public static void Print(TextWriter output, IEnumerable<RaceResult> results)
    {
        output.WriteLine("| file | case | threads | ours ÷ llama.cpp | least to most | ours, tokens/s | llama.cpp, tokens/s | share of memory, ours and llama.cpp's |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (RaceResult result in results)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {result.File} | {result.Case} | {result.Threads} | {result.Ratio.Median:0.00} | {result.Ratio.Least:0.00} to {result.Ratio.Most:0.00} | {Rate(result.Ours.Median)} | {Rate(result.Theirs.Median)} | {Share(result.OurBandwidth)} {Share(result.TheirBandwidth)} |"));
    }

    private static string Ratio(Spread ratio) => string.Create(CultureInfo.InvariantCulture, $"{ratio.Median:0.00} ({ratio.Least:0.00} to {ratio.Most:0.00}, {ratio.Count} pairs)");

    private static string Rate(double rate) => rate.ToString(rate < 100 ? "0.0" : "0", CultureInfo.InvariantCulture);

    private static string Share(double? share) => share?.ToString("0.00", CultureInfo.InvariantCulture) ?? "";
}
