namespace Managed.Sampling;

/// <summary>What a beam search looks for and when it stops.</summary>
internal sealed record BeamSearchOptions
{
    /// <summary>How many texts are followed, and how many are returned.</summary>
    public int Beams { get; init; } = 4;

    /// <summary>A text's score is Σ log p / length^penalty; its end token counts.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>Stop as soon as as many texts as beams are finished, rather than when none that runs could be better.</summary>
    public bool EarlyStopping { get; init; }

    public required int MaxNewTokens { get; init; }

    public required IReadOnlyCollection<int> EndTokens { get; init; }

    public void Validate()
    {
        if (Beams < 1)
            throw new ArgumentException($"Beams: found {Beams}; expected 1 or more.");
        if (MaxNewTokens < 1)
            throw new ArgumentException($"MaxNewTokens: found {MaxNewTokens}; expected 1 or more.");
        if (!double.IsFinite(LengthPenalty))
            throw new ArgumentException($"LengthPenalty: found {LengthPenalty}; expected a finite number.");
    }
}

/// <summary>A text that a beam search has finished: its new tokens, the end token included.</summary>
internal sealed record FinishedBeam(int[] Ids, double LogProbability, double Score);

/// <summary>
/// Beam search without a model: it is given a row of logits for each running beam and says which beams to continue
/// with which tokens.
/// </summary>
/// <remarks>
/// Each step takes the 2·n best continuations of all running beams by Σ log p (ties: earlier beam, lower token). Those of
/// the first n that are done join the finished, of which the n best are kept; the first n that are not done run on.
/// </remarks>
internal sealed class BeamSearch
{
    private readonly BeamSearchOptions options;
    private readonly List<(int Parent, int Token)> tokens = []; // the tree of all texts: each entry is one token after its parent
    private readonly List<FinishedBeam> finished = []; // best first
    private readonly int[] bestOfRow;
    private readonly Continuation[] best; // [2 · beams]
    private int bestCount;
    private readonly int[] ends; // the running beams' last entries in the tree
    private readonly double[] sums; // the running beams' Σ log p
    private readonly int[] nextEnds;
    private readonly double[] nextSums;
    private readonly int[] parents, nextTokens;

    public BeamSearch(BeamSearchOptions options)
    {
        options.Validate();
        this.options = options;
        int beams = options.Beams;
        bestOfRow = new int[2 * beams];
        best = new Continuation[2 * beams];
        (ends, nextEnds, parents, nextTokens) = (new int[beams], new int[beams], new int[beams], new int[beams]);
        (sums, nextSums) = (new double[beams], new double[beams]);
        ends[0] = -1;
        Running = 1;
    }

    /// <summary>How many beams run: as many rows of logits the next step needs.</summary>
    public int Running { get; private set; }

    /// <summary>New tokens of every running beam.</summary>
    public int Length { get; private set; }

    public bool IsDone { get; private set; }

    /// <summary>For each running beam, which of the beams before the step it continues.</summary>
    public ReadOnlySpan<int> Parents => parents.AsSpan(0, Running);

    /// <summary>For each running beam, the token it has gained.</summary>
    public ReadOnlySpan<int> Tokens => nextTokens.AsSpan(0, Running);

    /// <summary>The finished texts, best first.</summary>
    public IReadOnlyList<FinishedBeam> Finished => finished;

    /// <summary>The texts that still run, as if they ended here; best first.</summary>
    public IEnumerable<FinishedBeam> Unfinished() =>
        Enumerable.Range(0, Length == 0 ? 0 : Running).Select(beam => new FinishedBeam(IdsOf(ends[beam], Length), sums[beam], Score(sums[beam], Length)));

    /// <summary>Takes one step.</summary>
    /// <param name="logits">A row for each running beam. // [running, vocabulary]</param>
    /// <param name="areLogProbabilities">
    /// They are log p already, and need not add up to one: what a constraint forbids is −∞, and nothing is renormalised (as transformers does).
    /// </param>
    /// <param name="endsText">Whether a running beam's text ends with a token for another reason than the end token; null: never.</param>
    public void Advance(ReadOnlySpan<float> logits, bool areLogProbabilities = false, Func<int, int, bool>? endsText = null)
    {
        if (IsDone)
            throw new InvalidOperationException("The beam search is done; its texts are in Finished.");
        if (logits.Length == 0 || logits.Length % Running != 0)
            throw new ArgumentException($"logits: found {logits.Length} of them; expected one row for each of the {Running} running beams.");
        FindBest(logits, logits.Length / Running, areLogProbabilities);
        Length++;
        bool atLimit = Length >= options.MaxNewTokens;
        int running = 0;
        for (int rank = 0; rank < bestCount; rank++)
        {
            Continuation continuation = best[rank];
            if (atLimit || options.EndTokens.Contains(continuation.Token) || endsText?.Invoke(continuation.Beam, continuation.Token) == true)
            {
                if (rank < options.Beams)
                    Finish(continuation);
            }
            else if (running < options.Beams)
            {
                tokens.Add((ends[continuation.Beam], continuation.Token));
                (parents[running], nextTokens[running]) = (continuation.Beam, continuation.Token);
                (nextEnds[running], nextSums[running]) = (tokens.Count - 1, continuation.Sum);
                running++;
            }
        }
        nextEnds.AsSpan(0, running).CopyTo(ends);
        nextSums.AsSpan(0, running).CopyTo(sums);
        Running = running;
        bool enough = finished.Count == options.Beams;
        IsDone = running == 0 || (enough && (options.EarlyStopping || Score(sums[0], Length) <= finished[^1].Score));
    }

    private void FindBest(ReadOnlySpan<float> logits, int vocabulary, bool areLogProbabilities)
    {
        bestCount = 0;
        for (int beam = 0; beam < Running; beam++)
        {
            ReadOnlySpan<float> row = logits.Slice(beam * vocabulary, vocabulary);
            double total = areLogProbabilities ? 0 : LogitFunctions.LogSumExp(row);
            int count = LogitFunctions.Best(row, bestOfRow);
            foreach (int token in bestOfRow.AsSpan(0, count))
                if (row[token] > float.NegativeInfinity)
                    Insert(new Continuation(beam, token, sums[beam] + (row[token] - total)));
        }
    }

    // Equal sums keep the order of their arrival: earlier beam first, then better or lower token.
    private void Insert(Continuation continuation)
    {
        if (bestCount == best.Length && continuation.Sum <= best[^1].Sum)
            return;
        int place = bestCount < best.Length ? bestCount++ : bestCount - 1;
        for (; place > 0 && continuation.Sum > best[place - 1].Sum; place--)
            best[place] = best[place - 1];
        best[place] = continuation;
    }

    private void Finish(Continuation continuation)
    {
        double score = Score(continuation.Sum, Length);
        if (finished.Count == options.Beams && score <= finished[^1].Score)
            return;
        int[] ids = [.. IdsOf(ends[continuation.Beam], Length - 1), continuation.Token];
        if (finished.Count == options.Beams)
            finished.RemoveAt(finished.Count - 1);
        int place = finished.Count;
        while (place > 0 && score > finished[place - 1].Score)
            place--;
        finished.Insert(place, new FinishedBeam(ids, continuation.Sum, score));
    }

    private int[] IdsOf(int entry, int length)
    {
        var ids = new int[length];
        for (int i = length - 1; i >= 0; entry = tokens[entry].Parent, i--)
            ids[i] = tokens[entry].Token;
        return ids;
    }

    private double Score(double sum, int length) => sum / Math.Pow(length, options.LengthPenalty);

    private readonly record struct Continuation(int Beam, int Token, double Sum);
}
