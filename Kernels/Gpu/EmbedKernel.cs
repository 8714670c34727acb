using ILGPU;
using Managed.Kernels.Gpu.Formats;

namespace Managed.Kernels.Gpu;

/// <summary>output[t] = scale · table[indices[t] + offset]; one thread for eight columns.</summary>
internal static class EmbedKernel
{
    public static void Run<TFormat>(RowsView output, ArrayView<int> indices, WeightView table, int offset, float scale, int count)
        where TFormat : struct, IWeightFormat
    {
        int eights = (table.Columns + 7) >> 3, unit = (Grid.IdxX * Group.DimX) + Group.IdxX;
        int token = unit / eights, eight = unit - (token * eights);
        if (token >= count)
            return;
        Eight w = TFormat.Read(table, indices[token] + offset, eight);
        int column = 8 * eight;
        Write(output, token, column, scale * w.V0);
        Write(output, token, column + 1, scale * w.V1);
        Write(output, token, column + 2, scale * w.V2);
        Write(output, token, column + 3, scale * w.V3);
        Write(output, token, column + 4, scale * w.V4);
        Write(output, token, column + 5, scale * w.V5);
        Write(output, token, column + 6, scale * w.V6);
        Write(output, token, column + 7, scale * w.V7);
    }

    private static void Write(RowsView output, int token, int column, float value)
    {
        if (column < output.Width)
            output[token, column] = value;
    }
}
