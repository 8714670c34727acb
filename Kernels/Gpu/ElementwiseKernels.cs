using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>Operations on each element by itself; one thread for each.</summary>
internal static class ElementwiseKernels
{
    /// <summary>output = a + b.</summary>
    public static void Add(RowsView output, RowsView a, RowsView b, int count)
    {
        if (Place(output, count, out int row, out int column))
            output[row, column] = a[row, column] + b[row, column];
    }

    /// <summary>output = a + scale · b, rounded once.</summary>
    public static void AddScaled(RowsView output, RowsView a, RowsView b, float scale, int count)
    {
        if (Place(output, count, out int row, out int column))
            output[row, column] = Arithmetic.MultiplyAdd(b[row, column], scale, a[row, column]);
    }

    /// <summary>output = scale · input.</summary>
    public static void Scale(RowsView output, RowsView input, float scale, int count)
    {
        if (Place(output, count, out int row, out int column))
            output[row, column] = input[row, column] * scale;
    }

    /// <summary>values = clamp(values, −limit, limit).</summary>
    public static void Clamp(RowsView values, float limit, int count)
    {
        if (Place(values, count, out int row, out int column))
            values[row, column] = MathF.Min(MathF.Max(values[row, column], -limit), limit);
    }

    /// <summary>values = cap · tanh(values / cap).</summary>
    public static void SoftCap(RowsView values, float cap, int count)
    {
        if (Place(values, count, out int row, out int column))
            values[row, column] = cap * Arithmetic.Tanh(values[row, column] / cap);
    }

    /// <summary>values[t] = factors[t] · values[t].</summary>
    public static void ScaleRows(RowsView values, RowsView factors, int count)
    {
        if (Place(values, count, out int row, out int column))
            values[row, column] *= factors[row, 0];
    }

    /// <summary>output = input, bit for bit.</summary>
    public static void Copy(RowsView output, RowsView input, int count)
    {
        if (Place(output, count, out int row, out int column))
            output[row, column] = input[row, column];
    }

    /// <summary>output[i] = input[indices[i]].</summary>
    public static void Gather(RowsView output, RowsView input, ArrayView<int> indices, int count)
    {
        if (Place(output, count, out int row, out int column))
            output[row, column] = input[indices[row], column];
    }

    /// <summary>output[t] = Σ_j weights[t, j] · parts[slots[t, j]], j ascending; without slots, of parts[chosen·t + j].</summary>
    public static void Combine(RowsView output, RowsView parts, ArrayView<int> slots, int hasSlots, ArrayView<float> weights, int chosen, int count)
    {
        if (!Place(output, count, out int row, out int column))
            return;
        float sum = 0;
        for (int j = row * chosen; j < (row + 1) * chosen; j++)
            sum = Arithmetic.MultiplyAdd(parts[hasSlots != 0 ? slots[j] : j, column], weights[j], sum);
        output[row, column] = sum;
    }

    // The element that this thread computes; false behind the last.
    private static bool Place(RowsView rows, int count, out int row, out int column)
    {
        int unit = (Grid.IdxX * Group.DimX) + Group.IdxX;
        row = unit / rows.Width;
        column = unit - (row * rows.Width);
        return row < count;
    }
}
