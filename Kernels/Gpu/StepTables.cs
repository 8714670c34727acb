using System.Runtime.InteropServices;
using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>What kernels read of a <see cref="StepPlan"/>; uploaded when it has changed.</summary>
internal sealed class StepTables(GpuMemory memory, Arena<float> arena) : IDisposable
{
    private readonly HostTable<int> tokens = new(memory), positions = new(memory), sequenceOf = new(memory), firstPage = new(memory);
    private readonly HostTable<long> pages = new(memory);
    private readonly List<long> pageStarts = [];
    private readonly List<int> firstPages = [];

    public ArrayView<int> Tokens(StepPlan plan) => tokens.View(plan.Tokens.AsSpan(0, plan.Count));

    public ArrayView<int> Positions(StepPlan plan) => positions.View(plan.Positions.AsSpan(0, plan.Count));

    public ArrayView<int> SequenceOf(StepPlan plan) => sequenceOf.View(plan.SequenceOf.AsSpan(0, plan.Count));

    /// <summary>The pages that the step's sequences have reached.</summary>
    public CacheView Cache(StepPlan plan, in CacheLayout layout)
    {
        pageStarts.Clear();
        firstPages.Clear();
        for (int s = 0; s < plan.SequenceCount; s++)
        {
            firstPages.Add(pageStarts.Count);
            int reached = (plan.Positions[plan.SequenceStart[s + 1] - 1] / layout.PagePositions) + 1;
            for (int p = 0; p < reached; p++)
            {
                var page = (GpuBuffer)plan.Pages[s][p];
                page.MoveTo(arena);
                pageStarts.Add(page.ArenaStart);
            }
        }
        return new CacheView(arena.View, pages.View(CollectionsMarshal.AsSpan(pageStarts)), firstPage.View(CollectionsMarshal.AsSpan(firstPages)), layout);
    }

    /// <summary>Brings every table up to date, for launches that were recorded earlier.</summary>
    public void Follow(StepPlan plan, in CacheLayout layout)
    {
        Tokens(plan);
        Positions(plan);
        SequenceOf(plan);
        Cache(plan, layout);
    }

    public void Dispose()
    {
        tokens.Dispose();
        positions.Dispose();
        sequenceOf.Dispose();
        firstPage.Dispose();
        pages.Dispose();
    }
}
