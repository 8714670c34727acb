using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>Writes keys and values to their places in the cache; one thread for each element.</summary>
internal static class StoreKeyValueKernel
{
    public static void Run(CacheView cache, ArrayView<int> positions, ArrayView<int> sequenceOf, RowsView keys, RowsView values, int count)
    {
        int unit = (Grid.IdxX * Group.DimX) + Group.IdxX, width = keys.Width + values.Width;
        int token = unit / width, column = unit - (token * width);
        if (token >= count)
            return;
        if (column < keys.Width)
        {
            int head = column / cache.KeyDimension;
            cache.Memory[cache.Key(sequenceOf[token], head, positions[token]) + (column - (head * cache.KeyDimension))] = keys[token, column];
        }
        else
        {
            column -= keys.Width;
            int head = column / cache.ValueDimension;
            cache.Memory[cache.Value(sequenceOf[token], head, positions[token]) + (column - (head * cache.ValueDimension))] = values[token, column];
        }
    }
}
