using ILGPU;
using ILGPU.Runtime;
using Managed.Kernels.Guidance;

namespace Managed.Kernels.Gpu.Guidance;

/// <summary>The tables of a step's choices in the device's memory, and what comes back of them.</summary>
internal sealed class GuidanceTables(GpuMemory memory) : IDisposable
{
    private readonly HostTable<LogitChoice> choices = new(memory);
    private readonly HostTable<StageItem> stages = new(memory);
    private readonly HostTable<int> ids = new(memory);
    private StageItem[] items = [];
    private MemoryBuffer1D<float, Stride1D.Dense>? scores;
    private MemoryBuffer1D<ChunkStatistics, Stride1D.Dense>? statistics;
    private MemoryBuffer1D<ChunkBest, Stride1D.Dense>? best;
    private MemoryBuffer1D<ChunkBest, Stride1D.Dense>? lists;
    private PageLockedArray1D<ChunkBest>? host;

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
        Reserve(ref lists, wanted.HasLists ? (long)count * GuidanceKernel.Chunks * ListLength : 1);
        if (items.Length < wanted.Stages.Length)
            items = new StageItem[2 * wanted.Stages.Length];
        for (int i = 0; i < wanted.Stages.Length; i++)
            items[i] = new StageItem(wanted.Stages[i]);
        var tables = new GuidanceMemory(
            best!.View.AsContiguous(), lists!.View.AsContiguous(), scores!.View.AsContiguous(), statistics!.View.AsContiguous(),
            choices.View(wanted.All), stages.View(items.AsSpan(0, wanted.Stages.Length)), ids.View(wanted.Ids));
        var config = new KernelConfig(new Index2D(GuidanceKernel.Chunks, count), new Index2D(threads, 1));
        for (int round = 0; round < rounds; round++)
            kernel(config, tables, logits, round);
        if (wanted.HasLists)
            listing(config, tables, logits);
    }

    /// <summary>Waits for the tokens that were chosen, −1: none is fit; and for the lists.</summary>
    public void Read(Span<int> tokens, LogitChoices wanted)
    {
        int perChunk = wanted.HasLists ? ListLength : 1, perChoice = GuidanceKernel.Chunks * perChunk, count = tokens.Length * perChoice;
        if (host is null || host.Length < count)
        {
            host?.Dispose();
            host = memory.Accelerator.AllocatePageLocked1D<ChunkBest>(2 * count);
        }
        memory.Download(host.Span[..count], (wanted.HasLists ? lists! : best!).View.AsContiguous());
        for (int i = 0; i < tokens.Length; i++)
        {
            ReadOnlySpan<ChunkBest> chunks = host.Span.Slice(i * perChoice, perChoice);
            tokens[i] = Best(chunks, perChunk);
            if (tokens[i] >= 0 && wanted.All[i].Listed > 0 && !TryList(wanted, i, chunks))
                tokens[i] = -1;
        }
    }

    private const int ListLength = 2 + GuidanceKernel.Slots;

    private static int Best(ReadOnlySpan<ChunkBest> chunks, int perChunk)
    {
        (float most, int id) = (float.NegativeInfinity, -1);
        for (int at = perChunk > 1 ? 1 : 0; at < chunks.Length; at += perChunk)
        {
            ChunkBest chunk = chunks[at];
            if (chunk.Score > most || (chunk.Score == most && chunk.Score > float.NegativeInfinity && chunk.Id < id))
                (most, id) = (chunk.Score, chunk.Id);
        }
        return most == float.PositiveInfinity ? -1 : id;
    }

    // False: a chunk has more tokens than it can list, or there are too few.
    private static bool TryList(LogitChoices wanted, int choice, ReadOnlySpan<ChunkBest> chunks)
    {
        wanted.BeginList(choice);
        int total = 0;
        for (int at = 0; at < chunks.Length; at += ListLength)
        {
            int count = chunks[at].Id;
            if (count > GuidanceKernel.Slots)
                return false;
            total += count;
            foreach (ref readonly ChunkBest token in chunks.Slice(at + 2, count))
                wanted.List(choice, token.Id, token.Score);
        }
        return total >= wanted.All[choice].Listed;
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
        memory.Free(lists);
        host?.Dispose();
    }
}
