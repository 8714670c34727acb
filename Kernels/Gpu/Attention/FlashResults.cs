using ILGPU;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>A lane's part of mixed values, as the tensor cores leave it: of each eight elements two, for two queries.</summary>
internal static class FlashResults<TValue>
    where TValue : IConstant
{
    /// <param name="output">[tokens, Heads · ValueDimension]</param>
    /// <param name="token">The query's row.</param>
    /// <param name="column">The lane's first element.</param>
    /// <param name="mixed">Four numbers for each eight elements.</param>
    /// <param name="from">0: of the first query; 2: of the second.</param>
    /// <param name="factor">What they are multiplied with.</param>
    public static void Write(RowsView output, int token, int column, ArrayView<float> mixed, int from, float factor)
    {
        for (int i = 0; i < TValue.Value / 8; i++)
        {
            output[token, column + (8 * i)] = mixed[(4 * i) + from] * factor;
            output[token, column + (8 * i) + 1] = mixed[(4 * i) + from + 1] * factor;
        }
    }
}
