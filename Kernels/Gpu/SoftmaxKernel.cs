using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>output = softmax of each row; a group for each.</summary>
internal static class SoftmaxKernel
{
    public static void Run(RowsView output, RowsView input)
    {
        ArrayView<float> shared = GroupReduction.Allocate();
        int row = Grid.IdxX;
        float most = float.NegativeInfinity;
        for (int i = Group.IdxX; i < input.Width; i += Group.DimX)
            most = MathF.Max(most, input[row, i]);
        most = GroupReduction.Maximum(most, shared);
        float sum = 0;
        for (int i = Group.IdxX; i < input.Width; i += Group.DimX)
        {
            float e = MathF.Exp(input[row, i] - most);
            output[row, i] = e;
            sum += e;
        }
        sum = GroupReduction.Sum(sum, shared);
        for (int i = Group.IdxX; i < input.Width; i += Group.DimX)
            output[row, i] /= sum;
    }
}
