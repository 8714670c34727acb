using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using ILGPU;
using Managed.Kernels.Edits;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>Programs and rows in a device's memory, and what failed there.</summary>
internal sealed class EditTables(GpuMemory memory, Arena<float> numbers, Func<CustomEdit, CustomKernel?> compile) : IEditFailures, IDisposable
{
    private sealed record Program(int Instructions, int Conditions, int Indices, bool[] IsSerial, bool[] NeedsHost, bool[] HasMore, CustomKernel?[] Code);

    private readonly ConditionalWeakTable<EditProgram, Program> programs = [];
    private readonly Arena<EditInstruction> instructions = new(memory);
    private readonly Arena<ConditionOp> conditions = new(memory);
    private readonly Arena<int> indices = new(memory);
    private readonly Arena<long> failures = new(memory);
    private readonly HostTable<EditItem> table = new(memory);
    private readonly ConditionalWeakTable<EditState, StrongBox<int>> slots = [];
    private readonly List<Row> rows = []; // what the items were made for
    private readonly SortedDictionary<(int Site, int Code), List<EditItem>> bySite = []; // code 0: none
    private readonly Dictionary<(int Site, int Code), (int First, int Count)> ranges = [];
    private readonly Dictionary<int, List<CustomKernel>> codes = []; // of each hook point
    private readonly List<EditItem> items = [];
    private readonly Dictionary<string, int> layouts = new(StringComparer.Ordinal) { [""] = 0 };
    private readonly HashSet<(int Sequence, int Site)> onHost = [];
    private readonly HashSet<int> withMore = []; // hook points where something else is done than to add vectors
    private long[] known = []; // the failures, as far as the host has seen them
    private bool isStale;

    private readonly record struct Row(EditState State, EditProgram Program, long Lines, int PromptLength, int Sequence, int FirstToken, int Count);

    public EditMemory Memory => new(numbers.View, instructions.View, conditions.View, indices.View, failures.View);

    /// <summary>A number for how many items each hook point has, and of which sort: with another one, other launches are needed.</summary>
    public int Layout { get; private set; }

    /// <summary>Whether the host has to run something of this step's programs: a user's C# that is not compiled, more units than fit.</summary>
    public bool NeedHost => onHost.Count > 0;

    /// <summary>Brings the items up to date with a step's sequences.</summary>
    public void Follow(StepPlan plan)
    {
        isStale = true;
        bool isSame = true;
        int count = 0;
        for (int s = 0; s < plan.SequenceCount; s++)
        {
            if (plan.Edits[s] is not { } state)
                continue;
            Place(state.Program.Vectors);
            int first = plan.SequenceStart[s];
            var row = new Row(state, state.Program, Place(state.Lines), state.PromptLength, s, first, plan.SequenceStart[s + 1] - first);
            if (state.Buffers is { } buffers)
                Place(buffers);
            if (isSame && count < rows.Count && rows[count] == row)
            {
                count++;
                continue;
            }
            if (isSame)
                rows.RemoveRange(count, rows.Count - count);
            isSame = false;
            rows.Add(row);
        }
        if (isSame && count == rows.Count)
            return;
        if (isSame)
            rows.RemoveRange(count, rows.Count - count);
        Build();
    }

    private void Build()
    {
        foreach (List<EditItem> list in bySite.Values)
            list.Clear();
        onHost.Clear();
        withMore.Clear();
        codes.Clear();
        foreach (Row row in rows)
            foreach (EditSite site in row.Program.Sites)
                Add(row, site);
        items.Clear();
        ranges.Clear();
        var layout = new StringBuilder();
        foreach (((int site, int code), List<EditItem> list) in bySite)
        {
            if (list.Count == 0)
                continue;
            ranges[(site, code)] = (items.Count, list.Count);
            layout.Append(CultureInfo.InvariantCulture, $"{site}/{code}:{list.Count}{(withMore.Contains(site) ? "+" : HasFew(list) ? "" : "*")} ");
            items.AddRange(list);
        }
        string described = layout.ToString();
        if (!layouts.TryGetValue(described, out int number))
            layouts[described] = number = layouts.Count;
        Layout = number;
        if (items.Count > 0)
            table.View(CollectionsMarshal.AsSpan(items));
    }

    /// <summary>The structs that run at a hook point, each with items of its own.</summary>
    public IReadOnlyList<CustomKernel> CodesAt(int site) => codes.TryGetValue(site, out List<CustomKernel>? found) ? found : [];

    /// <summary>The items of a hook point, without a user's code or with one; none: an empty view.</summary>
    public ArrayView<EditItem> At(int site, CustomKernel? code = null) =>
        ranges.TryGetValue((site, code?.Number ?? 0), out (int First, int Count) range) ? table.View(CollectionsMarshal.AsSpan(items)).SubView(range.First, range.Count) : default;

    /// <summary>Whether every one of so many tokens has its own adds at a hook point, of vectors at multiples of 16 bytes, and nothing else.</summary>
    public bool AreAdds(int site, int tokens) => !withMore.Contains(site) && ranges.TryGetValue((site, 0), out (int First, int Count) range) && range.Count == tokens;

    /// <summary>Whether so few adds stand there that a launch of many groups may repeat them.</summary>
    public bool AreFew(int site) => bySite.TryGetValue((site, 0), out List<EditItem>? list) && HasFew(list);

    private static bool HasFew(List<EditItem> list) => list.TrueForAll(item => item.Count <= RowSquares.MostInstructions);

    /// <summary>Whether the host runs what a sequence's program does at a hook point.</summary>
    public bool IsOnHost(int sequence, int site) => onHost.Contains((sequence, site));

    private void Add(Row row, EditSite site)
    {
        (EditState state, int firstToken, int count) = (row.State, row.FirstToken, row.Count);
        EditProgram program = state.Program;
        Program tables = programs.GetValue(program, Upload);
        int index = Array.IndexOf(program.Sites, site);
        if (tables.NeedsHost[index])
        {
            onHost.Add((row.Sequence, site.Site));
            return;
        }
        CustomKernel? code = tables.Code[index];
        if (code is not null)
        {
            if (!codes.TryGetValue(site.Site, out List<CustomKernel>? here))
                codes[site.Site] = here = [];
            if (!here.Contains(code))
                here.Add(code);
        }
        else if (tables.HasMore[index] || count != 1)
            withMore.Add(site.Site);
        if (!bySite.TryGetValue((site.Site, code?.Number ?? 0), out List<EditItem>? list))
            bySite[(site.Site, code?.Number ?? 0)] = list = [];
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
            Registers = program.Registers,
            BufferWidth = program.BufferWidth,
            PromptLength = state.PromptLength,
            FirstToken = firstToken,
            Tokens = count,
            Failure = Slot(state),
        };
        if (tables.IsSerial[index])
            list.Add(item);
        else
            for (int t = firstToken; t < firstToken + count; t++)
                list.Add(item with { FirstToken = t, Tokens = 1 });
    }

    private long Place(DeviceBuffer buffer)
    {
        var own = (GpuBuffer)buffer;
        own.MoveTo(numbers);
        return own.ArenaStart;
    }

    private Program Upload(EditProgram program)
    {
        CustomKernel?[] code = [.. program.Sites.Select(site => CodeOf(program, site))];
        return new Program(
            Upload(instructions, program.Instructions), Upload(conditions, program.Conditions), Upload(indices, program.Indices),
            [.. program.Sites.Select(site => Any(program, site, IsSerial))],
            [.. program.Sites.Select((site, index) => Any(program, site, op => HasTooManyUnits(op) || (op.Kind == EditKind.Custom && code[index] is null)))],
            [.. program.Sites.Select(site => Any(program, site, op => op.Kind != EditKind.Add || op.ConditionCount > 0 || op.FactorFrom != RegisterFrom.None || op.Vector % 4 != 0))],
            code);
    }

    // A kernel holds one user's struct, and a group the copy of a row that is not too wide.
    private CustomKernel? CodeOf(EditProgram program, EditSite site)
    {
        EditInstruction[] own = [.. program.Instructions.AsSpan(site.First, site.Count).ToArray().Where(op => op.Kind == EditKind.Custom)];
        return own.Length == 1 && site.Width is > 0 and <= EditMemory.MostElements ? compile(program.Customs[own[0].Custom]) : null;
    }

    private int Upload<T>(Arena<T> arena, T[] values)
        where T : unmanaged
    {
        if (values.Length == 0)
            return 0;
        long start = arena.Rent(values.Length);
        memory.Upload(arena.View.SubView(start, values.Length), new ReadOnlySpan<T>(values));
        return (int)start;
    }

    private static bool Any(EditProgram program, EditSite site, Func<EditInstruction, bool> has) =>
        program.Instructions.AsSpan(site.First, site.Count).ToArray().Any(has);

    // What one token writes, the next one may keep: only where each token computes its own is there no order.
    private static bool IsSerial(EditInstruction op) =>
        op.Kind is EditKind.Gate or EditKind.Record || (op.IsRead && (op.ConditionCount > 0 || op.Positions != PositionRule.All));

    private static bool HasTooManyUnits(EditInstruction op) => op.Kind is EditKind.MlpProbe or EditKind.LowRank && op.Rank + op.Classes > EditMemory.MostUnits;

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
        memory.Upload(failures.View.SubView(slot, 1), [key]);
        isStale = true;
    }

    public (int Instruction, int Position)? Read(EditState state)
    {
        if (isStale)
        {
            ArrayView<long> all = failures.View;
            if (known.Length < all.Length)
                known = new long[all.Length];
            memory.Download(known.AsSpan(0, (int)all.Length), all);
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
