using ILGPU;
using Managed.Kernels.Edits;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>
/// The table of a row's program, run on the device: the same instructions in the same order as <see cref="EditKernel"/>. A group takes an
/// item; all its threads agree on every condition, so that they meet at the same barriers.
/// </summary>
internal static class EditKernels
{
    /// <summary>Rank, or hidden units and classes, of an instruction that runs here.</summary>
    public const int MostUnits = 512;

    public static void Run(RowsView values, ArrayView<EditItem> items, ArrayView<int> positions, EditMemory memory)
    {
        ArrayView<float> units = SharedMemory.Allocate<float>(MostUnits);
        EditItem item = items[Grid.IdxX];
        bool failed = memory.Failures[item.Failure] != EditMemory.NoFailure;
        for (int t = item.FirstToken; t < item.FirstToken + item.Tokens; t++)
        {
            int position = positions[t];
            var row = new RowVectors(values, t, memory.Numbers);
            var state = new RowState(item, memory, position);
            for (int i = 0; i < item.Count; i++)
            {
                int at = item.First + i;
                bool here = Contains(memory, at, position, item.PromptLength);
                int conditions = memory.Instructions[at].ConditionCount;
                float condition = here && conditions > 0 ? state.Evaluate(memory.Instructions[at].ConditionFirst, conditions) : 1;
                EditKind kind = memory.Instructions[at].Kind;
                int slot = memory.Instructions[at].Slot;
                if (kind == EditKind.Gate)
                {
                    float opened = state.Previous(slot);
                    bool stays = memory.Instructions[at].Sticky == 1 && opened == 1;
                    state.Write(slot, stays ? 1 : here ? (condition != 0 ? 1 : 0) : opened);
                }
                else if (kind == EditKind.Record)
                {
                    if (here && condition != 0)
                        row.Record(item.Buffers + ((long)memory.Instructions[at].Buffer * item.BufferWidth));
                }
                else if (!here || condition == 0 || failed)
                {
                    state.Write(slot, kind <= EditKind.Record ? state.Previous(slot) : float.NaN);
                }
                else
                {
                    float value = kind <= EditKind.Record ? Read(row, item, memory, at, units) : Edit(row, item, memory, at, state, units);
                    state.Write(slot, value);
                    if (!IsFinite(value))
                    {
                        failed = true;
                        if (Group.IdxX == 0)
                            Atomic.Min(ref memory.Failures[item.Failure], ((long)position << 32) + item.Number + i);
                    }
                }
            }
        }
    }

    // The value that a read gives; in every thread.
    private static float Read(RowVectors row, EditItem item, EditMemory memory, int at, ArrayView<float> units)
    {
        EditKind kind = memory.Instructions[at].Kind;
        EditLink link = memory.Instructions[at].Link;
        long v = item.Vectors + memory.Instructions[at].Vector;
        if (kind == EditKind.LinearProbe)
        {
            float sum = row.Dot(v) + memory.Instructions[at].Bias;
            return link == EditLink.Sigmoid ? Sigmoid(sum) : sum;
        }
        if (kind == EditKind.MlpProbe)
            return Probe(row, memory, v, at, link, units);
        if (kind == EditKind.Length)
            return MathF.Sqrt(row.Square());
        int buffer = memory.Instructions[at].Buffer;
        long recorded = item.Buffers + ((long)buffer * item.BufferWidth);
        float dot = buffer >= 0 ? row.DotDifference(v, recorded) : row.Dot(v);
        if (kind == EditKind.Projection)
            return dot;
        float lengths = memory.Instructions[at].Norm * MathF.Sqrt(buffer >= 0 ? row.SquareDifference(recorded) : row.Square());
        return lengths == 0 ? 0 : dot / lengths;
    }

    // Hidden units from 0 on in shared memory, classes behind them.
    private static float Probe(RowVectors row, EditMemory memory, long v, int at, EditLink link, ArrayView<float> units)
    {
        int rank = memory.Instructions[at].Rank, classes = memory.Instructions[at].Classes;
        long hiddenBias = v + ((long)rank * row.Width), second = hiddenBias + rank, bias = second + ((long)classes * rank);
        for (int h = 0; h < rank; h++)
        {
            float sum = Relu(row.Dot(v + ((long)h * row.Width)) + memory.Numbers[hiddenBias + h]);
            if (Group.IdxX == 0)
                units[h] = sum;
        }
        Group.Barrier();
        for (int c = Group.IdxX; c < classes; c += Group.DimX)
        {
            float sum = 0;
            for (int h = 0; h < rank; h++)
                sum = Arithmetic.MultiplyAdd(memory.Numbers[second + ((long)c * rank) + h], units[h], sum);
            units[rank + c] = sum + memory.Numbers[bias + c];
        }
        Group.Barrier();
        float wanted = units[rank + memory.Instructions[at].Class];
        if (link != EditLink.Softmax)
            return wanted;
        float highest = units[rank], total = 0;
        for (int c = 1; c < classes; c++)
            highest = MathF.Max(highest, units[rank + c]);
        for (int c = 0; c < classes; c++)
            total += MathF.Exp(units[rank + c] - highest);
        return MathF.Exp(wanted - highest) / total;
    }

    // How far the row was moved, as a share of its length before; not finite where the row no longer is.
    private static float Edit(RowVectors row, EditItem item, EditMemory memory, int at, RowState state, ArrayView<float> units)
    {
        EditKind kind = memory.Instructions[at].Kind;
        long v = item.Vectors + memory.Instructions[at].Vector;
        float length = MathF.Sqrt(row.Square()), moved;
        float strength = memory.Instructions[at].Strength * Factor(memory, at, state);
        if (kind == EditKind.Add)
        {
            row.AddScaled(v, strength);
            moved = strength * memory.Instructions[at].Norm;
        }
        else if (kind == EditKind.AddSparse)
        {
            AddSparse(row, item, memory, at, v, strength);
            moved = strength * memory.Instructions[at].Norm;
        }
        else if (kind == EditKind.ProjectOut)
        {
            moved = strength * row.Dot(v);
            row.AddScaled(v, -moved);
        }
        else if (kind == EditKind.ClampProjection)
        {
            float along = row.Dot(v);
            moved = MathF.Min(MathF.Max(along, memory.Instructions[at].Low), memory.Instructions[at].High) - along;
            if (moved != 0)
                row.AddScaled(v, moved);
        }
        else if (kind == EditKind.Scale)
        {
            row.Scale(strength);
            moved = (strength - 1) * length;
        }
        else if (kind == EditKind.LowRank)
        {
            moved = MathF.Sqrt(LowRank(row, memory, at, v, strength, units));
        }
        else
        {
            int buffer = memory.Instructions[at].Buffer;
            moved = MathF.Sqrt(row.Replace(buffer < 0 ? v : item.Buffers + ((long)buffer * item.BufferWidth), strength));
        }
        if (!IsFinite(row.Square()))
            return float.PositiveInfinity;
        moved = MathF.Abs(moved);
        return moved == 0 ? 0 : length == 0 ? 1 : moved / length;
    }

    private static float LowRank(RowVectors row, EditMemory memory, int at, long v, float strength, ArrayView<float> units)
    {
        int rank = memory.Instructions[at].Rank;
        EditLink link = memory.Instructions[at].Link;
        long bias = v + ((long)rank * row.Width);
        for (int k = 0; k < rank; k++)
        {
            float down = row.Dot(v + ((long)k * row.Width)) + memory.Numbers[bias + k];
            if (Group.IdxX == 0)
                units[k] = link == EditLink.Relu ? Relu(down) : down;
        }
        Group.Barrier();
        float moved = row.AddCombination(bias + rank, units, rank, strength);
        Group.Barrier();
        return moved;
    }

    // One thread, in the order of the list: an index may stand there twice.
    private static void AddSparse(RowVectors row, EditItem item, EditMemory memory, int at, long v, float strength)
    {
        Group.Barrier();
        if (Group.IdxX == 0)
            for (int k = 0; k < memory.Instructions[at].Rank; k++)
                row[memory.Indices[item.Indices + memory.Instructions[at].Indices + k]] += strength * memory.Numbers[v + k];
        Group.Barrier();
    }

    private static float Factor(EditMemory memory, int at, RowState state)
    {
        RegisterFrom from = memory.Instructions[at].FactorFrom;
        if (from == RegisterFrom.None)
            return 1;
        float factor = state.Register(from, memory.Instructions[at].FactorSlot);
        return memory.Instructions[at].FactorSign == 0 ? factor : factor > 0 ? 1 : factor < 0 ? -1 : factor;
    }

    // PositionRule.Contains.
    private static bool Contains(EditMemory memory, int at, int position, int promptLength)
    {
        PositionRule rule = memory.Instructions[at].Positions;
        return rule.Contains(position, promptLength);
    }

    private static bool IsFinite(float value) => MathF.Abs(value) < float.PositiveInfinity;

    private static float Relu(float z) => z < 0 ? 0 : z;

    private static float Sigmoid(float z) => z >= 0 ? 1 / (1 + MathF.Exp(-z)) : MathF.Exp(z) / (1 + MathF.Exp(z));
}
