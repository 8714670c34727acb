using Managed.Cli.Bench;

namespace Managed.Peers;

/// <summary>What the pairs of a case gave.</summary>
/// <param name="File">The model's file, without ending.</param>
/// <param name="Case">Its name.</param>
/// <param name="Threads">Of both.</param>
/// <param name="Ratio">Our rate over theirs, pair by pair: above 1 we are faster.</param>
/// <param name="Ours">Tokens per second.</param>
/// <param name="Theirs">Tokens per second.</param>
/// <param name="OurBandwidth">Share of the bandwidth measured around the case that our decoding reads; null for prompts.</param>
/// <param name="TheirBandwidth">The same of theirs, whose cache has half the bytes.</param>
internal sealed record RaceResult(string File, string Case, int Threads, Spread Ratio, Spread Ours, Spread Theirs, double? OurBandwidth, double? TheirBandwidth)
{
    /// <param name="file">The model's file.</param>
    /// <param name="work">The case.</param>
    /// <param name="threads">Of both.</param>
    /// <param name="ours">Seconds of each pair.</param>
    /// <param name="theirs">Seconds of each pair.</param>
    public static RaceResult Of(string file, RaceCase work, int threads, IReadOnlyList<double> ours, IReadOnlyList<double> theirs)
    {
        if (ours.Count != theirs.Count)
            throw new ArgumentException($"found {ours.Count} times of ours and {theirs.Count} of theirs; expected pairs.");
        return new RaceResult(Path.GetFileNameWithoutExtension(file), work.Name, threads, Spread.Of(theirs.Zip(ours, (their, our) => their / our)),
            Spread.Of(ours.Select(seconds => work.Work / seconds)), Spread.Of(theirs.Select(seconds => work.Work / seconds)), null, null);
    }
}
