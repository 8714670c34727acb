using System.Diagnostics;
using Managed.Constraints;
using Managed.Sampling;

namespace Managed;

/// <summary>One text that is being generated: its tokens so far, what may come next, how it becomes characters, when it ends.</summary>
internal sealed class GenerationRow
{
    private readonly StopCondition stop;
    private readonly AnswerText text;
    private readonly Action<GeneratedToken>? listener;
    private readonly TokenTexts texts;
    private readonly bool immediate; // text is wanted token by token, not only at the end
    private readonly int bestCount;
    private readonly long started = Stopwatch.GetTimestamp();
    private long first, ended;
    private int[] ids; // prompt, new tokens, and for a while tokens that are only proposed
    private double[] logProbabilities = [];
    private TokenLogProbability[] best = []; // [new tokens, bestCount]

    public GenerationRow(ReadOnlySpan<int> prompt, in RowParts parts, Action<GeneratedToken>? listener)
    {
        Options = parts.Options;
        Sampler = parts.Sampler;
        Constraint = parts.Constraint;
        stop = parts.Stop;
        text = parts.Text;
        texts = parts.Texts;
        this.listener = listener;
        immediate = listener is not null || stop.StopStrings.Count > 0;
        PromptLength = Count = prompt.Length;
        ids = new int[prompt.Length + Math.Min(Options.MaxTokens, 4096)];
        prompt.CopyTo(ids);
        if (Options.Sampling.LogProbabilities is { } wanted)
        {
            bestCount = wanted;
            logProbabilities = new double[Math.Min(Options.MaxTokens, 4096)];
            best = new TokenLogProbability[logProbabilities.Length * wanted];
        }
        if (Constraint is not null)
            State = Constraint.Start();
        if (Options.MaxTokens == 0)
            End(StopReason.Length);
    }

    public GenerationOptions Options { get; }

    public Sampler Sampler { get; }

    public RowConstraint? Constraint { get; }

    /// <summary>Where the text stands in its constraint.</summary>
    public ConstraintState State { get; private set; }

    public int PromptLength { get; }

    /// <summary>Tokens of prompt and answer.</summary>
    public int Count { get; private set; }

    public int NewCount => Count - PromptLength;

    public ReadOnlySpan<int> Ids => ids.AsSpan(0, Count);

    public StopReason Reason { get; private set; }

    public bool IsDone => Reason != StopReason.None;

    public Exception? Failure { get; private set; }

    /// <summary>Tokens from a position on, to be appended to a sequence.</summary>
    public ReadOnlyMemory<int> From(int position) => ids.AsMemory(position, Count - position);

    /// <summary>The text and so many proposed tokens behind it.</summary>
    public ReadOnlySpan<int> WithProposed(int count) => ids.AsSpan(0, Count + count);

    /// <summary>The newest token and so many proposed ones behind it.</summary>
    public ReadOnlyMemory<int> NewestWithProposed(int from, int count) => ids.AsMemory(from, Count + count - from);

    /// <summary>Notes a token that may come at a place behind the text, without taking it.</summary>
    public void Propose(int place, int id)
    {
        Reserve(Count + place + 1);
        ids[Count + place] = id;
    }

    /// <summary>Chooses the next token from its logits, and takes it.</summary>
    public void Choose(ReadOnlySpan<float> logits, ReadOnlySpan<float> unconditional = default)
    {
        ReadOnlySpan<ulong> allowed = default;
        if (Constraint is not null && (allowed = Constraint.Allowed(State)).IsEmpty)
        {
            End(StopReason.Constraint);
            return;
        }
        SampledToken chosen = Sampler.Next(logits, Ids, PromptLength, allowed, unconditional);
        Take(chosen.Id, chosen.LogProbability);
    }

    /// <summary>Whether a token ends the text.</summary>
    public bool Ends(int id) => stop.EndTokens.Contains(id);

    /// <summary>Takes a token: it is part of the text from now on.</summary>
    public void Take(int id, double logProbability)
    {
        if (NewCount == 0)
            first = Stopwatch.GetTimestamp();
        Reserve(Count + 1);
        ids[Count++] = id;
        StopReason reason = stop.After(id, NewCount);
        ReadOnlyMemory<TokenLogProbability> bestHere = Note(logProbability);
        ReadOnlySpan<char> passed = [];
        if (reason != StopReason.EndToken)
        {
            if (Constraint is not null)
                State = Constraint.After(State, id);
            if (immediate)
                passed = text.Append(id);
            if (text.IsStopped)
                reason = StopReason.StopString;
        }
        listener?.Invoke(new GeneratedToken(id, texts.Of(id, passed), Count - 1, logProbability) { Best = bestHere });
        if (reason != StopReason.None)
            End(reason);
    }

    /// <summary>Ends the text, unless it has ended.</summary>
    public void End(StopReason reason)
    {
        if (IsDone)
            return;
        Reason = reason;
        ended = Stopwatch.GetTimestamp();
    }

    /// <summary>Ends the text because something went wrong with it alone.</summary>
    public void Fail(Exception failure)
    {
        Failure = failure;
        End(StopReason.Failed);
    }

    /// <summary>Takes the text back, ended or not, because its guard refuses it.</summary>
    public void Refuse(Exception refusal)
    {
        Fail(refusal);
        (Failure, Reason) = (refusal, StopReason.Failed);
    }

    /// <summary>What there is, once the text has ended; text that was held back goes to the listener.</summary>
    public GenerationResult Finish(Kernels.Precision precision, int cachedTokens)
    {
        if (!immediate)
            foreach (int id in ids.AsSpan(PromptLength, NewCount - (Reason == StopReason.EndToken ? 1 : 0)))
                text.Append(id);
        ReadOnlySpan<char> rest = text.Flush();
        if (rest.Length > 0)
            listener?.Invoke(new GeneratedToken(-1, rest.ToString(), Count, double.NaN));
        string whole = text.ToString();
        int reported = bestCount > 0 || logProbabilities.Length > 0 ? NewCount : 0;
        return new GenerationResult
        {
            Ids = ids.AsSpan(PromptLength, NewCount).ToArray(),
            Text = whole,
            PromptTokens = PromptLength,
            CachedTokens = cachedTokens,
            Reason = Reason,
            Failure = Failure,
            Seed = Sampler.IsGreedy ? null : Sampler.Seed,
            LogProbabilities = logProbabilities.AsSpan(0, reported).ToArray(),
            BestTokens = [.. Enumerable.Range(0, bestCount == 0 ? 0 : reported).Select(i => best.AsSpan(i * bestCount, bestCount).ToArray())],
            ConstraintSatisfied = Constraint?.IsSatisfiedBy(whole),
            PrefillSeconds = Stopwatch.GetElapsedTime(started, NewCount > 0 ? first : ended).TotalSeconds,
            DecodeSeconds = NewCount > 0 ? Stopwatch.GetElapsedTime(first, ended).TotalSeconds : 0,
            Precision = precision,
        };
    }

    private ReadOnlyMemory<TokenLogProbability> Note(double logProbability)
    {
        if (Options.Sampling.LogProbabilities is null)
            return default;
        int at = NewCount - 1;
        if (at >= logProbabilities.Length)
            Array.Resize(ref logProbabilities, Math.Max(64, at * 2));
        if ((at + 1) * bestCount > best.Length)
            Array.Resize(ref best, Math.Max(64, (at + 1) * 2) * bestCount);
        logProbabilities[at] = logProbability;
        Sampler.Best.CopyTo(best.AsSpan(at * bestCount));
        return best.AsMemory(at * bestCount, bestCount);
    }

    private void Reserve(int length)
    {
        if (length > ids.Length)
            Array.Resize(ref ids, Math.Max(length, ids.Length * 2));
    }
}

/// <summary>What a row is put together from.</summary>
internal readonly record struct RowParts(
    GenerationOptions Options, StopCondition Stop, Sampler Sampler, RowConstraint? Constraint, AnswerText Text, TokenTexts Texts);
