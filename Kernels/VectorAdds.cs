using Managed.Kernels.Edits;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>
/// Steering, for a step whose programs do nothing but add vectors: each worker of the layer that makes the rows adds to the outputs that it has at
/// hand, and how far the rows were moved is noted once, behind the last of these layers (<see cref="VectorAddsNote"/>). Between two hook points a core
/// has read so much else that each line of memory that an edit touches is one to wait for: hence one <see cref="VectorAdd"/> for all.
/// Rows and receipts have the bits that <see cref="EditKernel"/> gives them.
/// </summary>
internal sealed unsafe class VectorAdds : IDisposable
{
    private readonly record struct Item(int Site, VectorAdd Add);

    private StepPlan plan = null!;
    private int width; // of the rows; 0: this cannot be done for the step
    private Item[] items = []; // of each token, in forward order
    private int[] ends = [], next = []; // [tokens]: one past each token's last item; the first whose hook point is yet to come
    private CpuBuffer? given, squares; // [layers, tokens] of VectorAdd; [items, lines, 2]
    private int left; // items whose hook points are yet to come
    private int count, announced, noted; // layers that have got something to add; of them, those that are to be noted, and those that are

    /// <summary>Looks at a step's programs.</summary>
    public void Begin(StepPlan plan)
    {
        End();
        this.plan = plan;
        int wide = 0, all = 0, layers = 0;
        for (int s = 0; s < plan.SequenceCount; s++)
        {
            if (plan.Edits[s]?.Program is not { } program)
                continue;
            if (program.AddsOfWidth is not (> 0 and int each) || (wide > 0 && wide != each))
                return;
            wide = each;
            layers += program.Sites.Length;
            all += program.Sites.Length * (plan.SequenceStart[s + 1] - plan.SequenceStart[s]);
        }
        if (all > 0)
            Fill(wide, all, layers);
    }

    /// <summary>Forgets the step.</summary>
    public void End() => width = left = count = announced = noted = 0;

    private void Fill(int wide, int all, int layers)
    {
        (width, left) = (wide, all);
        CpuBuffer.AtLeast(ref given, (long)layers * plan.Count * sizeof(VectorAdd) / sizeof(float));
        float* room = CpuBuffer.AtLeast(ref squares, (long)all * Stride).Data;
        if (items.Length < all)
            items = new Item[all];
        if (ends.Length < plan.Count)
            (ends, next) = (new int[plan.Count], new int[plan.Count]);
        int at = 0;
        for (int token = 0; token < plan.Count; token++)
        {
            next[token] = at;
            if (plan.Edits[plan.SequenceOf[token]] is { } state)
                for (int number = 0; number < state.Program.Sites.Length; number++, at++, room += Stride)
                    items[at] = ItemOf(state, number, plan.Positions[token], room);
            ends[token] = at;
        }
    }

    private static Item ItemOf(EditState state, int number, int position, float* squares)
    {
        EditSite site = state.Program.Sites[number];
        ref readonly EditInstruction op = ref state.Program.Instructions[site.First];
        bool acts = !state.HasFailed && op.Positions.Contains(position, state.PromptLength);
        return new Item(site.Site, new VectorAdd(acts ? state.Program.Vectors.Pointer() + op.Vector : null, squares, op.Strength, number));
    }

    /// <summary>What the programs do at a hook point, for the layer that makes the rows to do. Asked once for each hook point, in forward order.</summary>
    /// <param name="width">Elements of a row.</param>
    /// <param name="site">The hook point.</param>
    /// <returns>One for each token; null: it is not to be done in this way.</returns>
    public VectorAdd* Give(int width, int site)
    {
        if (width != this.width)
            return null;
        VectorAdd* adds = Given(count++);
        for (int token = 0; token < plan.Count; token++)
        {
            ref int item = ref next[token];
            adds[token] = VectorAdd.None;
            for (; item < ends[token] && items[item].Site <= site; item++, left--)
                if (items[item].Site == site)
                    adds[token] = items[item].Add;
        }
        return adds;
    }

    /// <summary>Whether all that there is has been given, and its receipts are yet to be written.</summary>
    public bool IsOver => left == 0 && announced < count;

    /// <summary>How many layers' receipts are to be written by now; 0: no more than were before.</summary>
    public int Announce()
    {
        if (announced == count)
            return 0;
        return announced = count;
    }

    /// <summary>Writes the receipts of the first layers that have got something to add.</summary>
    public void NoteFirst(int layers)
    {
        for (int i = noted * plan.Count; i < layers * plan.Count; i++)
            Given(0)[i].AskForSquares(width); // half of it was written by another core
        for (; noted < layers; noted++)
            for (int token = 0; token < plan.Count; token++)
                Note(token, Given(noted)[token]);
    }

    private void Note(int token, in VectorAdd add)
    {
        if (add.Number < 0)
            return;
        EditState state = plan.Edits[plan.SequenceOf[token]]!;
        int instruction = state.Program.Sites[add.Number].First, position = plan.Positions[token];
        ref readonly EditInstruction op = ref state.Program.Instructions[instruction];
        bool acted = add.Acts && !state.HasFailed;
        float moved = acted ? add.Moved(width, op.Norm) : float.NaN;
        new StateLines(state.Lines.Pointer(), state.Program.Slots, position, state.PromptLength).Current[op.Slot] = moved;
        if (acted && !float.IsFinite(moved))
            state.Fail(instruction, position);
    }

    private VectorAdd* Given(int layer) => (VectorAdd*)given!.Data + ((long)layer * plan.Count);

    // Floats for the squares of a row; whole lines of memory.
    private int Stride => Lanes.LineCount(2 * Lanes.LineCount(width)) * Lanes.Line;

    public void Dispose()
    {
        given?.Dispose();
        squares?.Dispose();
    }
}

/// <summary>Writes the receipts of what <see cref="VectorAdds"/> has given to layers.</summary>
internal sealed class VectorAddsNote(VectorAdds adds) : IQueuedWork
{
    private int layers;

    public VectorAddsNote Set(int layers)
    {
        this.layers = layers;
        return this;
    }

    public int Parts => 1;

    public void Run(int part, int worker) => adds.NoteFirst(layers);
}
