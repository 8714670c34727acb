using Managed.Kernels;

namespace Managed.Guards.Learning;

/// <summary>Products with a model's own matrices, whatever their stored type and the device.</summary>
internal static class LinearMatrix
{
    private const int BlockRows = 64;

    /// <summary>The matrix as float32, [outputs, inputs].</summary>
    public static float[] Read(IDevice device, Weight matrix)
    {
        int inputs = matrix.Columns, outputs = matrix.Rows;
        var values = new float[checked(inputs * outputs)];
        for (int first = 0; first < inputs; first += BlockRows)
        {
            int count = Math.Min(BlockRows, inputs - first);
            var units = new float[count * inputs];
            for (int i = 0; i < count; i++)
                units[(i * inputs) + first + i] = 1;
            float[] columns = Apply(device, matrix, units, count);
            for (int i = 0; i < count; i++)
                for (int output = 0; output < outputs; output++)
                    values[(output * inputs) + first + i] = columns[(i * outputs) + output];
        }
        return values;
    }

    /// <summary>W x for each row x, without a bias: [rows, outputs].</summary>
    public static float[] Apply(IDevice device, Weight matrix, ReadOnlySpan<float> rows, int count)
    {
        using DeviceBuffer input = device.Upload(rows), output = device.Allocate((long)count * matrix.Rows);
        device.Linear([new Projection(new Rows(output, count, matrix.Rows), matrix)], new Rows(input, count, matrix.Columns), Precision.Exact);
        device.Synchronize();
        return device.Span(output, 0, count * matrix.Rows).ToArray();
    }
}
