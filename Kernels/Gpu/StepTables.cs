using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

/// <summary>What kernels read of a <see cref="StepPlan"/>; uploaded when it has changed.</summary>
internal sealed class StepTables(Accelerator accelerator, Arena<float> arena) : IDisposable
{
    private readonly HostTable<int> tokens = new(accelerator), positions = new(accelerator), sequenceOf = new(accelerator), firstPage = new(accelerator);
    private readonly HostTable<long> pages = new(accelerator);
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
        ArrayView<long> starts = pages.View(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(pageStarts));
        return new CacheView(arena.View, starts, firstPage.View(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(firstPages)), layout);
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
