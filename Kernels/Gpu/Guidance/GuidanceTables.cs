using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Managed.Kernels.Guidance;

namespace Managed.Kernels.Gpu.Guidance;

/// <summary>The tables of a step's choices in the device's memory, and what comes back of them.</summary>
internal sealed class GuidanceTables(GpuMemory memory) : IDisposable
{
    private const int ListLength = 2 + GuidanceKernel.Slots;

    private readonly HostTable<LogitChoice> choices = new(memory);
    private readonly HostTable<StageItem> stages = new(memory);
    private readonly HostTable<int> ids = new(memory);
    private StageItem[] items = [];
    private MemoryBuffer1D<float, Stride1D.Dense>? scores;
    private MemoryBuffer1D<ChunkStatistics, Stride1D.Dense>? statistics;
    private MemoryBuffer1D<ChunkBest, Stride1D.Dense>? best;
    private MemoryBuffer1D<long, Stride1D.Dense>? answers; // lists, sums and what is told, to come back in one copy
    private PageLockedArray1D<long>? host;

    /// <summary>Whether kernels have all the stages.</summary>
    public static bool Knows(ReadOnlySpan<LogitStage> stages)
    {
        foreach (ref readonly LogitStage stage in stages)
            if (stage.Kind == LogitStageKind.Window)
                return false; // needs two rankings
        return true;
    }

    /// <summary>Launches a round after the other, and what lists the tokens where that is wanted.</summary>
    public void Run(
        Action<KernelConfig, GuidanceMemory, RowsView, int> kernel, Action<KernelConfig, GuidanceMemory, RowsView> listing, int threads, RowsView logits, LogitChoices wanted)
    {
        int count = wanted.Count, rounds = 1;
        foreach (LogitChoice choice in wanted.All)
            rounds = Math.Max(rounds, choice.StageCount + 1);
        Reserve(ref best, count * GuidanceKernel.Chunks);
        Reserve(ref statistics, rounds > 1 ? 2 * count * GuidanceKernel.Chunks : 1);
        Reserve(ref scores, rounds > 2 || (rounds > 1 && wanted.HasLists) ? (long)count * logits.Width : 1);
        var places = new AnswerPlaces(wanted);
        Reserve(ref answers, places.All);
        if (items.Length < wanted.Stages.Length)
            items = new StageItem[2 * wanted.Stages.Length];
        for (int i = 0; i < wanted.Stages.Length; i++)
            items[i] = new StageItem(wanted.Stages[i]);
        ArrayView<long> all = answers!.View.AsContiguous();
        var tables = new GuidanceMemory(
            best!.View.AsContiguous(), all.Cast<ChunkBest>(), all.SubView(places.Sums).Cast<double>(), all.SubView(places.Told).Cast<float>(), scores!.View.AsContiguous(),
            statistics!.View.AsContiguous(), choices.View(wanted.All), stages.View(items.AsSpan(0, wanted.Stages.Length)), ids.View(wanted.Ids));
        var config = new KernelConfig(new Index2D(GuidanceKernel.Chunks, count), new Index2D(threads, 1));
        for (int round = 0; round < rounds; round++)
            kernel(config, tables, logits, round);
        if (wanted.HasLists)
            listing(config, tables, logits);
    }

    /// <summary>Waits for the tokens that were chosen, −1: none is fit; and for the lists.</summary>
    public void Read(Span<int> tokens, LogitChoices wanted)
    {
        var places = new AnswerPlaces(wanted);
        int count = wanted.HasLists ? places.All : tokens.Length * GuidanceKernel.Chunks;
        if (host is null || host.Length < count)
        {
            host?.Dispose();
            host = memory.Accelerator.AllocatePageLocked1D<long>(2 * count);
        }
        Span<long> answer = host.Span[..count];
        if (wanted.HasLists)
            memory.Download(answer, answers!.View.AsContiguous());
        else
            memory.Download(MemoryMarshal.Cast<long, ChunkBest>(answer), best!.View.AsContiguous());
        ReadOnlySpan<ChunkBest> lists = MemoryMarshal.Cast<long, ChunkBest>(answer);
        int perChunk = wanted.HasLists ? ListLength : 1, perChoice = GuidanceKernel.Chunks * perChunk;
        for (int i = 0; i < tokens.Length; i++)
        {
            ReadOnlySpan<ChunkBest> chunks = lists.Slice(i * perChoice, perChoice);
            ChunkBest first = Best(chunks, perChunk);
            tokens[i] = first.Score == float.PositiveInfinity ? -1 : first.Id;
            if (wanted.All[i].Listed == 0 || first.Score == float.PositiveInfinity)
                continue;
            ReadOnlySpan<double> sums = MemoryMarshal.Cast<long, double>(answer[places.Sums..]).Slice(i * GuidanceKernel.Chunks, GuidanceKernel.Chunks);
            double sum = Total(sums, chunks, first.Score, wanted.All[i].Sharpness);
            bool isListed = TryList(wanted, i, chunks, sum, MemoryMarshal.Cast<long, float>(answer[places.Told..]));
            tokens[i] = isListed ? Math.Max(first.Id, 0) : -1; // any, where only tokens that were set aside can come
        }
    }

    // The greatest of all chunks; +∞: a number was met that only the host can speak of; −∞: no token can come.
    private static ChunkBest Best(ReadOnlySpan<ChunkBest> chunks, int perChunk)
    {
        var best = new ChunkBest { Score = float.NegativeInfinity, Id = -1 };
        for (int at = perChunk > 1 ? 1 : 0; at < chunks.Length; at += perChunk)
        {
            ChunkBest chunk = chunks[at];
            if (chunk.Score > best.Score || (chunk.Score == best.Score && chunk.Score > float.NegativeInfinity && chunk.Id < best.Id))
                best = chunk;
        }
        return best;
    }

    // The chunks' sums, each of which counts from its own greatest score.
    private static double Total(ReadOnlySpan<double> sums, ReadOnlySpan<ChunkBest> chunks, float most, double sharpness)
    {
        double total = 0;
        for (int chunk = 0; chunk < sums.Length && sharpness > 0; chunk++)
            if (chunks[chunk * ListLength].Score is > float.NegativeInfinity and float own)
                total += sums[chunk] * Math.Exp(((double)own - most) * sharpness);
        return total;
    }

    // False: a chunk has more tokens than it can list, or nothing is left.
    private static bool TryList(LogitChoices wanted, int choice, ReadOnlySpan<ChunkBest> chunks, double sum, ReadOnlySpan<float> told)
    {
        int full = 0;
        for (int at = 0; at < chunks.Length; at += ListLength)
        {
            if (chunks[at].Id > GuidanceKernel.Slots)
                return false;
            full += chunks[at].Score > float.NegativeInfinity ? 1 : 0;
        }
        wanted.BeginList(choice, full < wanted.All[choice].Listed ? 0 : sum); // with fewer chunks every token is listed
        for (int at = 0; at < chunks.Length; at += ListLength)
            foreach (ref readonly ChunkBest token in chunks.Slice(at + 2, chunks[at].Id))
                wanted.List(choice, token.Id, token.Score);
        wanted.ListAside(choice, told);
        return wanted.ListOf(choice).Ids.Length > 0;
    }

    // Where the parts of the answers begin, in units of eight bytes.
    private readonly struct AnswerPlaces(LogitChoices wanted)
    {
        public int Sums { get; } = wanted.HasLists ? wanted.Count * GuidanceKernel.Chunks * ListLength : 0;

        public int Told => Sums + (wanted.Count * GuidanceKernel.Chunks);

        public int All => Told + Math.Max((wanted.Told + 1) / 2, 1);
    }

    private void Reserve<T>(ref MemoryBuffer1D<T, Stride1D.Dense>? buffer, long length)
        where T : unmanaged
    {
        if (buffer is not null && buffer.Length >= length)
            return;
        memory.Free(buffer);
        buffer = memory.Allocate<T>(length);
    }

    public void Dispose()
    {
        choices.Dispose();
        stages.Dispose();
        ids.Dispose();
        memory.Free(scores);
        memory.Free(statistics);
        memory.Free(best);
        memory.Free(answers);
        host?.Dispose();
    }
}
