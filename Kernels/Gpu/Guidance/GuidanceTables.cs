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
    private PageLockedArray1D<ChunkBest>? hostBest;

    /// <summary>Whether kernels have all the stages.</summary>
    public static bool Knows(ReadOnlySpan<LogitStage> stages)
    {
        foreach (ref readonly LogitStage stage in stages)
            if (stage.Kind == LogitStageKind.Window)
                return false; // needs two rankings
        return true;
    }

    /// <summary>Launches a round after the other.</summary>
    public void Run(Action<KernelConfig, GuidanceMemory, RowsView, int> kernel, int threads, RowsView logits, LogitChoices wanted)
    {
        int count = wanted.Count, rounds = 1;
        foreach (LogitChoice choice in wanted.All)
            rounds = Math.Max(rounds, choice.StageCount + 1);
        Reserve(ref best, count * GuidanceKernel.Chunks);
        Reserve(ref statistics, rounds > 1 ? 2 * count * GuidanceKernel.Chunks : 1);
        Reserve(ref scores, rounds > 2 ? (long)count * logits.Width : 1);
        if (items.Length < wanted.Stages.Length)
            items = new StageItem[2 * wanted.Stages.Length];
        for (int i = 0; i < wanted.Stages.Length; i++)
            items[i] = new StageItem(wanted.Stages[i]);
        var tables = new GuidanceMemory(
            best!.View.AsContiguous(), scores!.View.AsContiguous(), statistics!.View.AsContiguous(),
            choices.View(wanted.All), stages.View(items.AsSpan(0, wanted.Stages.Length)), ids.View(wanted.Ids));
        var config = new KernelConfig(new Index2D(GuidanceKernel.Chunks, count), new Index2D(threads, 1));
        for (int round = 0; round < rounds; round++)
            kernel(config, tables, logits, round);
    }

    /// <summary>Waits for the tokens that were chosen; −1: none is fit.</summary>
    public void Read(Span<int> tokens)
    {
        int count = tokens.Length * GuidanceKernel.Chunks;
        if (hostBest is null || hostBest.Length < count)
        {
            hostBest?.Dispose();
            hostBest = memory.Accelerator.AllocatePageLocked1D<ChunkBest>(best!.Length);
        }
        memory.Download(hostBest.Span[..count], best!.View.AsContiguous());
        for (int i = 0; i < tokens.Length; i++)
        {
            (float most, int id) = (float.NegativeInfinity, -1);
            foreach (ref readonly ChunkBest chunk in hostBest.Span.Slice(i * GuidanceKernel.Chunks, GuidanceKernel.Chunks))
                if (chunk.Score > most)
                    (most, id) = (chunk.Score, chunk.Id);
            tokens[i] = most == float.PositiveInfinity ? -1 : id;
        }
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
        hostBest?.Dispose();
    }
}
