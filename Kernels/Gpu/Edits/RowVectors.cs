using ILGPU;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>Products of one token's row with vectors of its program; thread i of the group has elements i, i + threads, …</summary>
internal readonly struct RowVectors(RowsView values, int token, ArrayView<float> numbers)
{
    private readonly ArrayView<float> numbers = numbers, row = values.Values;

    private readonly long start = values.Start(token);

    public readonly int Width = values.Width;

    public ref float this[int i] => ref row[start + i];

    /// <summary>v · x.</summary>
    public float Dot(long v)
    {
        float sum = 0;
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
            sum = Arithmetic.MultiplyAdd(numbers[v + i], this[i], sum);
        return GroupReduction.Sum(sum);
    }

    /// <summary>v · (x − y).</summary>
    public float DotDifference(long v, long y)
    {
        float sum = 0;
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
            sum = Arithmetic.MultiplyAdd(numbers[v + i], this[i] - numbers[y + i], sum);
        return GroupReduction.Sum(sum);
    }

    /// <summary>x · x.</summary>
    public float Square()
    {
        float sum = 0;
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
            sum = Arithmetic.MultiplyAdd(this[i], this[i], sum);
        return GroupReduction.Sum(sum);
    }

    /// <summary>(x − y) · (x − y).</summary>
    public float SquareDifference(long y)
    {
        float sum = 0;
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
            sum = Arithmetic.MultiplyAdd(this[i] - numbers[y + i], this[i] - numbers[y + i], sum);
        return GroupReduction.Sum(sum);
    }

    /// <summary>x += s·v.</summary>
    public void AddScaled(long v, float s)
    {
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
            this[i] = Arithmetic.MultiplyAdd(numbers[v + i], s, this[i]);
    }

    /// <summary>x = s·x.</summary>
    public void Scale(float s)
    {
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
            this[i] *= s;
    }

    /// <summary>y = x.</summary>
    public void Record(long y)
    {
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
            numbers[y + i] = this[i];
    }

    /// <summary>x += s·(y − x), or y itself for s = 1; gives ‖how far x moved‖².</summary>
    public float Replace(long y, float s)
    {
        float sum = 0;
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
        {
            float before = this[i], after = s == 1f ? numbers[y + i] : before + (s * (numbers[y + i] - before));
            this[i] = after;
            sum = Arithmetic.MultiplyAdd(after - before, after - before, sum);
        }
        return GroupReduction.Sum(sum);
    }

    /// <summary>x += Σ_k s·factors[k]·u_k, k ascending; gives ‖how far x moved‖².</summary>
    public float AddCombination(long u, ArrayView<float> factors, int rank, float s)
    {
        float sum = 0;
        for (int i = Group.IdxX; i < Width; i += Group.DimX)
        {
            float before = this[i], after = before;
            for (int k = 0; k < rank; k++)
                after = Arithmetic.MultiplyAdd(numbers[u + ((long)k * Width) + i], s * factors[k], after);
            this[i] = after;
            sum = Arithmetic.MultiplyAdd(after - before, after - before, sum);
        }
        return GroupReduction.Sum(sum);
    }
}
