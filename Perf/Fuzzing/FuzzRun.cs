using System.Collections.Concurrent;
using System.Diagnostics;
using Managed.Loader;
using Managed.Loader.Templates;

namespace Managed.Fuzzing;

/// <summary>One thing that went wrong, and how to make it again.</summary>
/// <param name="Kind">What went wrong, the same for all cases of one kind.</param>
/// <param name="Case">Number of the first case.</param>
/// <param name="Detail">What that case showed.</param>
/// <param name="Count">How many cases showed it.</param>
internal sealed record FuzzFinding(string Kind, long Case, string Detail, long Count);

/// <summary>Outcome of a run.</summary>
/// <param name="Accepted">Files that were read in spite of the damage.</param>
/// <param name="Refused">Files that gave a <see cref="CheckpointException"/> or a <see cref="TemplateException"/>.</param>
/// <param name="Reasons">Different refusals, numbers and names left out.</param>
/// <param name="Findings">Anything else.</param>
internal sealed record FuzzSummary(long Accepted, long Refused, int Reasons, IReadOnlyList<FuzzFinding> Findings, TimeSpan Elapsed);

/// <summary>Feeds damaged files to a reader. Nothing but a clear refusal may come of it, soon and cheaply.</summary>
internal sealed unsafe class FuzzRun(FuzzTarget target, ulong seed)
{
    private const string FileName = "mutant";
    private const long Batch = 256;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly Mutator _mutator = new(target);
    private readonly ConcurrentDictionary<string, FuzzFinding> _findings = new();
    private readonly ConcurrentDictionary<string, bool> _reasons = new();
    private long _next;
    private long _accepted;
    private long _refused;

    /// <summary>Runs cases `first` to `first + count − 1`.</summary>
    public FuzzSummary Run(long first, long count, int threads, Action<long>? progress = null)
    {
        WarmUp();
        var watch = Stopwatch.StartNew();
        _next = first;
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() => Work(first + count, progress)) { IsBackground = true })];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        return new FuzzSummary(_accepted, _refused, _reasons.Count, [.. _findings.Values.OrderBy(finding => finding.Case)], watch.Elapsed);
    }

    /// <summary>Reads the sound files, which no reader may refuse; what is computed once is then there already.</summary>
    private void WarmUp()
    {
        for (int seed = 0; seed < target.Seeds.Count; seed++)
        {
            fixed (byte* start = target.Seeds[seed])
            {
                try
                {
                    target.Read(FileBytes.Borrow(FileName, start, target.Seeds[seed].Length), seed);
                }
                catch (Exception e) when (e is CheckpointException or TemplateException)
                {
                    if (!target.MayRefuseSeeds)
                        throw new InvalidOperationException($"sound file {seed} of {target.Name} is refused: {e.Message}", e);
                }
            }
        }
    }

    /// <summary>The bytes of one case.</summary>
    public byte[] Make(long number)
    {
        var buffer = new byte[_mutator.Capacity];
        return buffer[.._mutator.Make(seed, number, buffer).Length];
    }

    private void Work(long end, Action<long>? progress)
    {
        using var memory = new GuardedMemory(_mutator.Capacity);
        var buffer = new byte[_mutator.Capacity];
        for (long start = Interlocked.Add(ref _next, Batch) - Batch; start < end; start = Interlocked.Add(ref _next, Batch) - Batch)
        {
            for (long number = start; number < Math.Min(start + Batch, end); number++)
                RunCase(number, buffer, memory);
            progress?.Invoke(start);
        }
    }

    private void RunCase(long number, byte[] buffer, GuardedMemory memory)
    {
        var (length, chosen) = _mutator.Make(seed, number, buffer);
        byte* tail = memory.Tail(length);
        buffer.AsSpan(0, length).CopyTo(new Span<byte>(tail, length));
        FileBytes bytes = FileBytes.Borrow(FileName, tail, length);
        TimeSpan elapsed = Read(number, bytes, length, chosen);
        // Another process may have held this one up: what is slow must be slow again.
        if (elapsed > s_patience && Read(number, bytes, length, chosen) is var again && again > s_patience)
            Report("too slow", number, $"{again.TotalSeconds:F1} s");
    }

    private TimeSpan Read(long number, FileBytes bytes, int length, int chosen)
    {
        long started = Stopwatch.GetTimestamp(), before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target.Read(bytes, chosen);
            Interlocked.Increment(ref _accepted);
        }
        catch (CheckpointException e)
        {
            Interlocked.Increment(ref _refused);
            _reasons.TryAdd(Reason(e), true);
            if (e.File == FileName && (e.Offset is < 0 || e.Offset > length))
                Report("an offset outside of the file", number, e.Message);
        }
        catch (TemplateException e)
        {
            Interlocked.Increment(ref _refused);
            _reasons.TryAdd($"{e.Kind} {string.Join(' ', e.Reason.Split(' ').Take(2))}", true);
        }
        catch (Exception e)
        {
            string at = e.StackTrace?.Split('\n')[0].Trim() ?? "";
            Report($"{e.GetType().Name} {at}", number, e.Message);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > target.Allowance + (long)target.BytesPerByte * length)
            Report("too much memory", number, $"{allocated} bytes were allocated for a file of {length}");
        return Stopwatch.GetElapsedTime(started);
    }

    private void Report(string kind, long number, string detail) =>
        _findings.AddOrUpdate(kind, new FuzzFinding(kind, number, detail, 1), (_, old) =>
            number < old.Case ? new FuzzFinding(kind, number, detail, old.Count + 1) : old with { Count = old.Count + 1 });

    /// <summary>What was expected, and the words of the field without names and numbers.</summary>
    private static string Reason(CheckpointException e)
    {
        int words = e.Field.AsSpan().IndexOfAny("0123456789:");
        string field = string.Join(' ', e.Field[..(words < 0 ? e.Field.Length : words)].Split(' ').Take(3));
        return field.Length > 40 ? e.Expected.Split(' ')[0] : $"{field}|{string.Concat(e.Expected.Where(c => !char.IsAsciiDigit(c)))}";
    }
}
