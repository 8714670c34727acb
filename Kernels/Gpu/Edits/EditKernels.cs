using ILGPU;
using Managed.Kernels.Edits;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>
/// The table of a row's program, run on the device: the same instructions in the same order as <see cref="EditKernel"/>. A group takes an
/// item. Every instruction passes the same stages, of which those that it does not need have nothing to do: so all threads of the group
/// meet at the same barriers, whatever the program says.
/// </summary>
internal static class EditKernels<TReduction>
    where TReduction : struct, IGroupReduction
{
    /// <summary>Programs without a user's code.</summary>
    public static void Run(RowsView values, ArrayView<EditItem> items, ArrayView<int> positions, EditMemory memory) =>
        Run(values, items, positions, memory, default(NoCode));

    /// <summary>Programs whose custom instructions run a user's struct.</summary>
    public static void RunWith<TEdit>(RowsView values, ArrayView<EditItem> items, ArrayView<int> positions, EditMemory memory, CustomCode<TEdit> code)
        where TEdit : struct, IRowEdit => Run(values, items, positions, memory, code);

    private static void Run<TCode>(RowsView values, ArrayView<EditItem> items, ArrayView<int> positions, EditMemory memory, TCode code)
        where TCode : struct, ICustomCode
    {
        ArrayView<float> copy = TCode.Allocate(), shared = GroupReduction.Allocate();
        ArrayView<float> units = SharedMemory.Allocate<float>(EditMemory.MostUnits);
        EditItem item = items[Grid.IdxX];
        for (int t = item.FirstToken; t < item.FirstToken + item.Tokens; t++)
        {
            int position = positions[t];
            // Whether the row has failed at this token or before it. Other groups may note later tokens' failures meanwhile: one thread looks for all.
            if (Group.IdxX == 0)
                units[0] = memory.Failures[item.Failure] < ((long)(position + 1) << 32) ? 1 : 0; // instructions without products may look at it
            Group.Barrier();
            bool failed = units[0] != 0;
            Group.Barrier();
            var row = new EditRow(values, t, memory.Numbers);
            var state = new RowState(item, memory, position);
            for (int i = 0; i < item.Count; i++)
            {
                var op = new EditStep(item, memory, item.First + i);
                bool here = op.Positions.Contains(position, item.PromptLength);
                float condition = here ? state.Evaluate(op.ConditionFirst, op.ConditionCount) : 0;
                bool acts = condition != 0 && op.Kind != EditKind.Gate && (op.Kind == EditKind.Record || !failed);
                float previous = state.Previous(op.Slot), strength = !acts ? 0 : op.Kind == EditKind.Record ? op.Share(position) : op.Strength * Factor(op, state);

                // Products with the instruction's vectors, and the length of x or of what it has moved by since it was recorded.
                int products = acts ? op.Products : 0;
                for (int k = 0; k < products; k++)
                {
                    float product = TReduction.Sum(row.Product(op.Vector + ((long)k * row.Width), op.Subtracted, op.IsAlone), shared);
                    if (Group.IdxX == 0)
                        units[k] = op.Unit(k, product, row.Width);
                }
                float length = MathF.Sqrt(TReduction.Sum(acts ? row.Square(op.Subtracted, op.IsAlone) : 0, shared));
                if (acts && op.IsBent) // the same for all threads
                {
                    float along = op.Norm * length == 0 ? 0 : units[0] / (op.Norm * op.Norm);
                    float dot = TReduction.Sum(row.Bent(op.Vector, along, op.Subtracted, op.IsAlone, square: false), shared);
                    float bent = TReduction.Sum(row.Bent(op.Vector, along, op.Subtracted, op.IsAlone, square: true), shared);
                    if (Group.IdxX == 0)
                        units[0] = dot;
                    length *= MathF.Sqrt(bent);
                }
                int classes = acts ? op.ClassCount : 0;
                for (int c = Group.IdxX; c < classes; c += Group.DimX)
                    units[op.Rank + c] = op.ClassSum(c, units, row.Width);
                Group.Barrier();

                // The change, each thread on its own elements; but a list of elements is one thread's.
                float movedSquare = acts ? row.Change(op, strength, units) : 0;
                bool isCustom = acts && op.Kind == EditKind.Custom;
                if (isCustom)
                    code.Take(row, copy);
                Group.Barrier();
                if (Group.IdxX == 0 && acts && op.Kind == EditKind.AddSparse)
                    row.AddSparse(op, strength);
                if (Group.IdxX == 0 && isCustom)
                    code.Apply(copy, row.Width, position, item, memory);
                Group.Barrier();
                if (isCustom)
                    movedSquare = code.Give(row, copy);
                movedSquare = TReduction.Sum(movedSquare, shared);
                float after = TReduction.Sum(acts && !op.IsRead ? row.Square(-1, false) : 0, shared);

                float result = op.IsRead ? previous : float.NaN;
                if (op.Kind == EditKind.Gate)
                    result = op.Sticky == 1 && previous == 1 ? 1 : here ? (condition != 0 ? 1 : 0) : previous;
                else if (acts && op.Kind != EditKind.Record)
                    result = op.IsRead ? op.Reading(units, length) : Moved(op, strength, units, length, movedSquare, after);
                if (Group.IdxX == 0 && op.Kind != EditKind.Record)
                    state.Write(op.Slot, result);
                if (acts && op.Kind != EditKind.Record && !IsFinite(result))
                {
                    failed = true;
                    if (Group.IdxX == 0)
                        Atomic.Min(ref memory.Failures[item.Failure], ((long)position << 32) + item.Number + i);
                }
                Group.Barrier();
            }
        }
    }

    // How far the row was moved, as a share of its length before; not finite where the row no longer is.
    private static float Moved(EditStep op, float strength, ArrayView<float> units, float length, float movedSquare, float after)
    {
        if (!IsFinite(after))
            return float.PositiveInfinity;
        float moved = op.Kind switch
        {
            EditKind.Add or EditKind.AddSparse => strength * op.Norm,
            EditKind.ProjectOut => strength * units[0],
            EditKind.ClampProjection => op.Clamped(units[0]) - units[0],
            EditKind.Scale => (strength - 1) * length,
            _ => MathF.Sqrt(movedSquare),
        };
        return moved == 0 ? 0 : length == 0 ? 1 : MathF.Abs(moved) / length;
    }

    private static float Factor(EditStep op, RowState state)
    {
        if (op.FactorFrom == RegisterFrom.None)
            return 1;
        float factor = state.Register(op.FactorFrom, op.FactorSlot);
        return op.FactorSign == 0 ? factor : factor > 0 ? 1 : factor < 0 ? -1 : factor;
    }

    private static bool IsFinite(float value) => MathF.Abs(value) < float.PositiveInfinity;
}
