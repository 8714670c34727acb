using System.Globalization;

namespace Managed.GpuPerf;

/// <summary>What a run prints: a line for each figure, and what went wrong.</summary>
internal sealed class Figures(TextWriter output)
{
    /// <summary>Figures that could not be had.</summary>
    public int Failures { get; private set; }

    /// <summary>A line between figures.</summary>
    public void Title(string text) => Write(text);

    /// <summary>A figure: what it is, its value with unit, and what share of what it is.</summary>
    public void Add(string what, FormattableString value, FormattableString? share = null) =>
        Write(string.Create(CultureInfo.InvariantCulture, $"  {what,-58} {Text(value),18}{(share is null ? "" : "   " + Text(share))}"));

    /// <summary>Takes one figure; what fails is said, and the next one is tried.</summary>
    public void Try(string what, Action measure)
    {
        try
        {
            measure();
        }
        catch (Exception failure) // whatever it is, it is printed, counts, and gives exit code 1
        {
            Failures++;
            Write($"  {what}: FAILED: {failure.GetType().Name}: {failure.Message}");
        }
    }

    private void Write(string line)
    {
        output.WriteLine(line);
        output.Flush();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
