using ILGPU;
using Managed.Kernels.Edits;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>One token's row x; thread i of the group has elements i, i + threads, … Nothing here waits for other threads.</summary>
internal readonly struct EditRow(RowsView values, int token, ArrayView<float> numbers)
{
    private readonly ArrayView<float> numbers = numbers, row = values.Values;

    private readonly long start = values.Start(token);

    public readonly int Width = values.Width;

    private ref float this[int i] => ref row[start + i];

    // x; x − y; or y alone. y = −1: there is none.
    private float Read(int i, long y, bool alone) => y < 0 ? this[i] : alone ? numbers[y + i] : this[i] - numbers[y + i];

    /// <summary>The thread's part of v · (x − y), or of v · y; y = −1: of v · x.</summary>
    public float Product(long v, long y, bool alone)
    {
        float sum = 0;
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
            sum = Arithmetic.MultiplyAdd(numbers[v + i], Read(i, y, alone), sum);
        return sum;
    }

    /// <summary>The thread's part of ‖x − y‖², or of ‖y‖²; y = −1: of ‖x‖².</summary>
    public float Square(long y, bool alone)
    {
        float sum = 0;
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
        {
            float x = Read(i, y, alone);
            sum = Arithmetic.MultiplyAdd(x, x, sum);
        }
        return sum;
    }

    /// <summary>The thread's part of t · (x − y), or of t · y, t = tanh(along · v); with `square` of t · t.</summary>
    public float Bent(long v, float along, long y, bool alone, bool square)
    {
        float sum = 0;
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
        {
            float t = Arithmetic.Tanh(along * numbers[v + i]);
            sum = Arithmetic.MultiplyAdd(t, square ? t : Read(i, y, alone), sum);
        }
        return sum;
    }

    /// <summary>Does what the instruction does to the thread's elements; gives its part of ‖how far x moved‖².</summary>
    public float Change(EditStep op, float strength, ArrayView<float> units)
    {
        EditKind kind = op.Kind;
        long v = op.Vector, recorded = op.Recorded;
        float factor = kind == EditKind.ProjectOut ? -(strength * units[0])
            : kind == EditKind.ClampProjection ? op.Clamped(units[0]) - units[0]
            : strength;
        int rank = op.Rank;
        float moved = 0;
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
        {
            float before = this[i], after = before;
            if (kind is EditKind.Add or EditKind.ProjectOut || (kind == EditKind.ClampProjection && factor != 0))
                after = Arithmetic.MultiplyAdd(numbers[v + i], factor, before);
            else if (kind == EditKind.Scale)
                after = before * factor;
            else if (kind == EditKind.LowRank)
                after = Combined(v + ((long)rank * (Width + 1)) + i, units, rank, factor, before);
            else if (kind == EditKind.Replace)
                after = Replaced(numbers[(recorded < 0 ? v : recorded) + i], factor, before);
            else if (kind == EditKind.Record)
                numbers[recorded + i] = Replaced(before, strength, numbers[recorded + i]);
            this[i] = after;
            moved = Arithmetic.MultiplyAdd(after - before, after - before, moved);
        }
        return moved;
    }

    // x + Σ_k s·units[k]·u_k, k ascending.
    private float Combined(long u, ArrayView<float> units, int rank, float s, float x)
    {
        for (int k = 0; k < rank; k++)
            x = Arithmetic.MultiplyAdd(numbers[u + ((long)k * Width)], s * units[k], x);
        return x;
    }

    private static float Replaced(float y, float s, float x) => s == 1f ? y : x + (s * (y - x));

    /// <summary>Copies the thread's elements.</summary>
    public void CopyTo(ArrayView<float> copy)
    {
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
            copy[i] = this[i];
    }

    /// <summary>Takes the thread's elements back; gives its part of ‖how far x moved‖².</summary>
    public float CopyFrom(ArrayView<float> copy)
    {
        float moved = 0;
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
        {
            float before = this[i], after = copy[i];
            this[i] = after;
            moved = Arithmetic.MultiplyAdd(after - before, after - before, moved);
        }
        return moved;
    }

    /// <summary>x[indices[k]] += s·v[k], in the order of the list: an index may stand there twice.</summary>
    public void AddSparse(EditStep op, float strength)
    {
        int first = op.FirstIndex, count = op.Rank;
        for (int k = 0; k < count; k++)
            this[op.Indices[first + k]] += strength * numbers[op.Vector + k];
    }
}
