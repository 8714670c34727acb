using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using Managed.Kernels.Edits;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>Programs and rows in a device's memory, and what failed there.</summary>
internal sealed class EditTables(Accelerator accelerator, Arena<float> numbers) : IEditFailures, IDisposable
{
    private sealed record Program(int Instructions, int Conditions, int Indices, bool[] IsSerial, bool[] NeedsHost);

    private readonly ConditionalWeakTable<EditProgram, Program> programs = [];
    private readonly Arena<EditInstruction> instructions = new(accelerator);
    private readonly Arena<ConditionOp> conditions = new(accelerator);
    private readonly Arena<int> indices = new(accelerator);
    private readonly Arena<long> failures = new(accelerator);
    private readonly HostTable<EditItem> table = new(accelerator);
    private readonly ConditionalWeakTable<EditState, StrongBox<int>> slots = [];
    private readonly List<EditItem> items = [];
    private long[] known = []; // the failures, as far as the host has seen them
    private bool isStale;

    /// <summary>The items of one launch.</summary>
    public int Count => items.Count;

    public ArrayView<EditItem> Items => table.View(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(items));

    public EditMemory Memory => new(numbers.View, instructions.View, conditions.View, indices.View, failures.View);

    public void Begin()
    {
        items.Clear();
        isStale = true;
    }

    /// <summary>
    /// Adds a sequence's tokens; false where its instructions here are not for the device (a user's C#, more units than fit), and nothing is added.
    /// </summary>
    public bool Add(EditState state, EditSite site, int firstToken, int count)
    {
        EditProgram program = state.Program;
        Program tables = programs.GetValue(program, Upload);
        int index = Array.IndexOf(program.Sites, site);
        if (tables.NeedsHost[index])
            return false;
        var item = new EditItem
        {
            Vectors = Place(program.Vectors),
            Lines = Place(state.Lines),
            Buffers = state.Buffers is { } buffers ? Place(buffers) : 0,
            First = tables.Instructions + site.First,
            Count = site.Count,
            Number = site.First,
            Conditions = tables.Conditions,
            Indices = tables.Indices,
            Slots = program.Slots,
            BufferWidth = program.BufferWidth,
            PromptLength = state.PromptLength,
            FirstToken = firstToken,
            Tokens = count,
            Failure = Slot(state),
        };
        if (tables.IsSerial[index])
            items.Add(item);
        else
            for (int t = firstToken; t < firstToken + count; t++)
                items.Add(item with { FirstToken = t, Tokens = 1 });
        return true;
    }

    private long Place(DeviceBuffer buffer)
    {
        var own = (GpuBuffer)buffer;
        own.MoveTo(numbers);
        return own.ArenaStart;
    }

    private Program Upload(EditProgram program) => new(
        Upload(instructions, program.Instructions), Upload(conditions, program.Conditions), Upload(indices, program.Indices),
        [.. program.Sites.Select(site => Any(program, site, IsSerial))], [.. program.Sites.Select(site => Any(program, site, NeedsHost))]);

    private int Upload<T>(Arena<T> arena, T[] values)
        where T : unmanaged
    {
        if (values.Length == 0)
            return 0;
        long start = arena.Rent(values.Length);
        accelerator.DefaultStream.Upload(arena.View.SubView(start, values.Length), new ReadOnlySpan<T>(values));
        return (int)start;
    }

    private static bool Any(EditProgram program, EditSite site, Func<EditInstruction, bool> has) =>
        program.Instructions.AsSpan(site.First, site.Count).ToArray().Any(has);

    // What one token writes, the next one may keep: only where each token computes its own is there no order.
    private static bool IsSerial(EditInstruction op) =>
        op.Kind is EditKind.Gate or EditKind.Record || (op.IsRead && (op.ConditionCount > 0 || op.Positions != PositionRule.All));

    private static bool NeedsHost(EditInstruction op) =>
        op.Kind == EditKind.Custom || (op.Kind is EditKind.MlpProbe or EditKind.LowRank && op.Rank + op.Classes > EditKernels.MostUnits);

    private int Slot(EditState state)
    {
        if (slots.TryGetValue(state, out StrongBox<int>? own))
            return own.Value;
        int slot = (int)failures.Rent(1);
        slots.Add(state, new StrongBox<int>(slot));
        Write(slot, state);
        state.Failures = this;
        return slot;
    }

    private void Write(int slot, EditState state)
    {
        long key = state.KnownFailure is { } failed ? ((long)failed.Position << 32) + failed.Instruction : EditMemory.NoFailure;
        accelerator.DefaultStream.Upload(failures.View.SubView(slot, 1), [key]);
        isStale = true;
    }

    public (int Instruction, int Position)? Read(EditState state)
    {
        if (isStale)
        {
            ArrayView<long> all = failures.View;
            if (known.Length < all.Length)
                known = new long[all.Length];
            accelerator.DefaultStream.Download(known.AsSpan(0, (int)all.Length), all);
            isStale = false;
        }
        long key = known[Slot(state)];
        return key == EditMemory.NoFailure ? null : ((int)(key & int.MaxValue), (int)(key >> 32));
    }

    public void Changed(EditState state) => Write(Slot(state), state);

    public void Release(EditState state)
    {
        if (slots.TryGetValue(state, out StrongBox<int>? own))
            failures.Return(own.Value, 1);
        slots.Remove(state);
    }

    public void Dispose()
    {
        table.Dispose();
        instructions.Dispose();
        conditions.Dispose();
        indices.Dispose();
        failures.Dispose();
    }
}
