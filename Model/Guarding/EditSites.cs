using Managed.Hooks;
using Managed.Kernels.Edits;

namespace Managed;

/// <summary>Hook points that programs act on. A point where none does costs one bit test.</summary>
internal sealed class EditSites(int layers)
{
    private const int AfterTheBlocks = 1 << 24;
    private readonly ulong[] marked = new ulong[layers + 1]; // [layer + 1]; 0: points outside the blocks
    private bool isEmpty = true;

    /// <summary>The points of the residual path that programs may act on: rows of tokens that every family has, or says that it lacks.</summary>
    public static IReadOnlyList<HookPoint> Allowed { get; } =
    [
        HookPoint.Embed, HookPoint.ResidualPre, HookPoint.HeadOutput, HookPoint.AttentionOut, HookPoint.ResidualMid,
        HookPoint.MlpPost, HookPoint.MlpOut, HookPoint.ResidualPost, HookPoint.UnembedIn,
    ];

    /// <summary>A hook point's number in programs, ascending in forward order.</summary>
    public static int Number(HookPoint point, int layer) =>
        layer < 0 ? (int)point + (point > HookPoint.PositionEmbed ? AfterTheBlocks : 0) : ((layer + 1) << 6) + (int)point;

    public bool Contains(HookPoint point, int layer) => (marked[layer + 1] & (1UL << (int)point)) != 0;

    /// <summary>Adds the points of a program.</summary>
    public void Mark(EditProgram program)
    {
        isEmpty = false;
        foreach (EditSite site in program.Sites)
        {
            int layer = site.Site >= AfterTheBlocks ? 0 : site.Site >> 6;
            marked[layer] |= 1UL << (site.Site & 63);
        }
    }

    public void Clear()
    {
        if (!isEmpty)
            Array.Clear(marked);
        isEmpty = true;
    }
}
