using System.Diagnostics;
using System.Globalization;
using Managed.Cli.Bench;
using Managed.Guards.Evaluation;

namespace Managed.Perf;

/// <summary>
/// The times of two ways of doing the same work, in turn, so that whatever slows the machine down for longer than a pair slows both.
/// Which of the two is first changes from pair to pair. Each pair gives a ratio; the median of the ratios is the result.
/// </summary>
internal sealed class PairedTimes
{
    private const int Samples = 400; // of the bootstrap

    private readonly List<double> plain = [], other = [], ratios = [];

    /// <summary>Seconds that all pairs took so far.</summary>
    public double Seconds { get; private set; }

    /// <summary>How many pairs there are.</summary>
    public int Count => ratios.Count;

    /// <summary>Times both once.</summary>
    /// <param name="withoutIt">The work that is the measure.</param>
    /// <param name="withIt">The same work, with what is to be priced.</param>
    public void Pair(Action withoutIt, Action withIt) => Pair(() => Once(withoutIt), () => Once(withIt));

    /// <summary>Times both once, where they need not do equally much: each says how much it did, and its time is divided by that.</summary>
    public void Pair(Func<double> withoutIt, Func<double> withIt)
    {
        bool swapped = (ratios.Count & 1) == 1;
        double first = Time(swapped ? withIt : withoutIt), second = Time(swapped ? withoutIt : withIt);
        plain.Add(swapped ? second : first);
        other.Add(swapped ? first : second);
        ratios.Add(other[^1] / plain[^1]);
    }

    /// <summary>A line: the median ratio, 95 % of it by bootstrap over the pairs (always the same random numbers), and the bar it is held to.</summary>
    /// <param name="what">What is priced.</param>
    /// <param name="bar">The ratio that it should not pass; NaN: there is none.</param>
    public string Line(string what, double bar = double.NaN)
    {
        double median = Spread.Of(ratios).Median;
        var sample = new double[ratios.Count];
        Interval interval = Interval.Bootstrap(ratios.Count, chosen => MedianOf(chosen, sample), seed: 1, Samples);
        string judged = double.IsNaN(bar) ? "" : string.Create(CultureInfo.InvariantCulture, $"; bar {bar:0.00##}: {(median <= bar ? "held" : "missed")}");
        return string.Create(CultureInfo.InvariantCulture,
            $"  {what,-74} {median:0.0000} ({interval.Low:0.0000} to {interval.High:0.0000}), {ratios.Count} pairs, {Milliseconds(other):0.000} ms against {Milliseconds(plain):0.000} ms{judged}");
    }

    private double Time(Func<double> work)
    {
        long start = Stopwatch.GetTimestamp();
        double amount = work(), taken = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Seconds += taken;
        return taken / amount;
    }

    private static double Once(Action work)
    {
        work();
        return 1;
    }

    private double MedianOf(int[] chosen, double[] sample)
    {
        for (int i = 0; i < chosen.Length; i++)
            sample[i] = ratios[chosen[i]];
        Array.Sort(sample);
        return (sample[(sample.Length - 1) / 2] + sample[sample.Length / 2]) / 2;
    }

    private static double Milliseconds(List<double> seconds) => Spread.Of(seconds).Median * 1e3;
}
