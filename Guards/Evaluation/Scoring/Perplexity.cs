using Managed.Sampling;

namespace Managed.Guards.Evaluation;

/// <summary>How well a model foresees a text.</summary>
public sealed record Perplexity
{
    /// <summary>−Σ ln p of all scored tokens, in nats.</summary>
    public required double NegativeLogLikelihood { get; init; }

    /// <summary>Scored tokens.</summary>
    public required int Scored { get; init; }

    /// <summary>Each window's share.</summary>
    public required IReadOnlyList<PerplexityWindow> Windows { get; init; }

    /// <summary>exp(mean of −ln p).</summary>
    public double Value => Math.Exp(NegativeLogLikelihood / Scored);

    /// <summary>−log₂ p for each UTF-8 byte of the text.</summary>
    public double BitsPerByte(int bytes) => NegativeLogLikelihood / Math.Log(2) / bytes;

    /// <summary>exp(−ln p for each word of the text).</summary>
    public double PerWord(int words) => Math.Exp(NegativeLogLikelihood / words);

    /// <summary>
    /// Scores a text in windows [begin, end) that start every `stride` tokens and are at most `context` long. A window scores the
    /// tokens that no earlier one has reached, never its own first, with the whole window before them.
    /// </summary>
    /// <param name="source">The model.</param>
    /// <param name="ids">The text.</param>
    /// <param name="context">Tokens of a window at most.</param>
    /// <param name="stride">Tokens from a window's beginning to the next one's; equal to the context: windows that do not overlap.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="ArgumentException">A text of fewer than two tokens, a context below 2, a stride outside [1, context].</exception>
    public static Perplexity Measure(LogitSource source, ReadOnlySpan<int> ids, int context, int stride, CancellationToken cancellation = default) =>
        MeasureKept(source, ids, context, stride, MeasurementLog.Now, cancellation);

    /// <summary>The same, where windows that were scored before may be kept.</summary>
    internal static Perplexity MeasureKept(LogitSource source, ReadOnlySpan<int> ids, int context, int stride, KeptValues kept, CancellationToken cancellation)
    {
        var windows = new List<PerplexityWindow>();
        foreach (var (begin, end, first) in WindowsOf(ids.Length, context, stride))
        {
            cancellation.ThrowIfCancellationRequested();
            int[] window = ids[begin..end].ToArray();
            double sum = kept(ItemOf(begin), InputOf(window, first - begin), () => [Score(source, window, begin, first)])[0];
            windows.Add(new PerplexityWindow(begin, end, Math.Max(0, end - first), sum));
        }
        return new Perplexity { NegativeLogLikelihood = windows.Sum(window => window.NegativeLogLikelihood), Scored = windows.Sum(window => window.Scored), Windows = windows };
    }

    /// <summary>The windows of a text: where each begins and ends, and the first token that it scores.</summary>
    /// <exception cref="ArgumentException">As <see cref="Measure"/> says.</exception>
    internal static List<(int Begin, int End, int First)> WindowsOf(int length, int context, int stride)
    {
        if (length < 2)
            throw new ArgumentException($"Perplexity: found a text of {length} tokens; expected at least 2, since the first is never scored.");
        if (context < 2 || stride < 1 || stride > context)
            throw new ArgumentException($"Perplexity: found a context of {context} and a stride of {stride}; expected a context of at least 2 and a stride from 1 to the context.");
        var windows = new List<(int Begin, int End, int First)>();
        for (int begin = 0, reached = 0; reached < length; begin += stride)
        {
            int end = Math.Min(begin + context, length);
            windows.Add((begin, end, Math.Max(begin + 1, reached)));
            reached = end;
        }
        return windows;
    }

    /// <summary>What a window is called, and what its score depends on.</summary>
    internal static string ItemOf(int begin) => $"window from {begin}";

    /// <inheritdoc cref="ItemOf"/>
    internal static string InputOf(int[] window, int firstScored) => $"{firstScored}: {string.Join(' ', window)}";

    // −Σ ln p of the window's tokens from position `first` of the text on.
    private static double Score(LogitSource source, ReadOnlySpan<int> window, int begin, int first)
    {
        using LogitRun run = source.Begin(window.Length);
        int place = first - begin - 1; // the token whose logits foresee the first that is scored
        if (place < window.Length - 1)
            run.Skip(window[..place]);
        double sum = 0;
        for (; place < window.Length - 1; place += LogitRun.Chunk)
        {
            int count = Math.Min(LogitRun.Chunk, window.Length - 1 - place);
            Span2D logits = run.Next(window.Slice(place, count));
            for (int i = 0; i < count; i++)
                sum += LogitFunctions.LogSumExp(logits.Row(i)) - logits[i, window[place + i + 1]];
        }
        return sum;
    }
}

/// <summary>A window of a text.</summary>
/// <param name="Begin">Its first token.</param>
/// <param name="End">The token behind its last.</param>
/// <param name="Scored">Tokens that it scores.</param>
/// <param name="NegativeLogLikelihood">−Σ ln p of them, in nats.</param>
public sealed record PerplexityWindow(int Begin, int End, int Scored, double NegativeLogLikelihood);
