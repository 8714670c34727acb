using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Kernels.Gpu;
using Managed.Kernels.Gpu.Vector;
using Managed.Tests.Devices;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>Weights and activations for the vector kernels on an interpreted GPU, and what plain formulas in float64 make of them.</summary>
internal sealed class VectorScene : IDisposable
{
    private readonly Context context = Context.Create().ToContext();
    private readonly Random random = new(5);
    private readonly Scene scene = new(new PlainDevice());
    private readonly List<IDisposable> owned = [];

    public VectorScene(FakeCudaDriver? driver = null)
    {
        Accelerator = CudaDevice.GetDevices(driver ?? new InterpretedCudaDriver()).Single().CreateCudaAccelerator(context);
        Device = new GpuMemory(Accelerator);
        Kernels = new VectorKernels(Device);
    }

    public CudaAccelerator Accelerator { get; }

    public VectorKernels Kernels { get; }

    public GpuMemory Device { get; }

    /// <summary>A matrix on the device, and its values.</summary>
    public sealed record Matrix(GpuWeight Weight, float[] Values)
    {
        /// <summary>Σ w·x, and how far the kernels may be from it.</summary>
        public (double Sum, double Allowed) Product(int row, ReadOnlySpan<float> x)
        {
            bool bytes = VectorFormat.For(Weight.Type)!.TakesBytes;
            double sum = 0, size = 0, rounding = 0;
            for (int k = 0; k < x.Length; k++)
            {
                double w = Values[(row * x.Length) + k];
                sum += w * x[k];
                size += Math.Abs(w * x[k]);
                if (!bytes)
                {
                    rounding += Math.Abs(w * x[k]) / (1 << 17); // two bfloat16 parts of an activation
                    continue;
                }
                float most = 0;
                foreach (float other in x[(k & ~31)..Math.Min((k & ~31) + 32, x.Length)])
                    most = Math.Max(most, Math.Abs(other));
                rounding += Math.Abs(w) * most / 65278; // half a step of 32639
            }
            return (sum, rounding + (2e-6 * size) + 1e-37);
        }
    }

    public unsafe Matrix Weight(WeightType type, int rows, int columns)
    {
        int rowBytes = (int)BlockFormats.RowBytes(type, columns);
        byte[] stored = new byte[rows * rowBytes];
        float[] values = new float[rows * columns];
        int blockBytes = (int)BlockFormats.RowBytes(type, BlockFormats.Elements(type));
        for (int at = 0; at < stored.Length; at += blockBytes)
            scene.Fill(type, stored.AsSpan(at, blockBytes));
        fixed (byte* data = stored)
        {
            for (int r = 0; r < rows; r++)
                BlockFormats.Dequantise(type, values.AsSpan(r * columns, columns), data + (r * rowBytes));
            var weight = new GpuWeight(Device, new WeightSource { Data = data, Type = type, Rows = rows, Columns = columns });
            owned.Add(weight);
            return new Matrix(weight, values);
        }
    }

    /// <summary>Numbers from −1 to 1, and some that are ten times as large.</summary>
    public float[] Random(int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = ((2 * random.NextSingle()) - 1) * (i % 37 == 5 ? 10 : 1);
        return values;
    }

    public ArrayView<float> Upload(float[] values)
    {
        MemoryBuffer1D<float, Stride1D.Dense> buffer = Accelerator.Allocate1D(values);
        owned.Add(buffer);
        return buffer.View.AsContiguous();
    }

    public RowsView Rows(float[] values, int width) => new(Upload(values), width, width);

    public StoredRows Stored(float[] values, int width) => new(Rows(values, width), isAligned: width % 8 == 0);

    public float[] Read(RowsView rows)
    {
        Accelerator.Synchronize();
        float[] values = new float[rows.Values.Length];
        rows.Values.CopyToCPU(values);
        return values;
    }

    /// <summary>The products of one matrix with some tokens. // [tokens, rows]</summary>
    public float[] Product(Matrix matrix, float[] x, float[]? bias = null)
    {
        int columns = matrix.Weight.Columns, tokens = x.Length / columns, rows = matrix.Weight.Rows;
        RowsView output = Rows(new float[tokens * rows], rows);
        ArrayView<Quad> input = Kernels.Prepare(Stored(x, columns), tokens, matrix.Weight.Type);
        Kernels.Run([Projection(matrix, output, bias)], matrix.Weight.Type, columns, input, tokens, default(PlainEpilogue));
        return Read(output);
    }

    public VectorProjection Projection(Matrix matrix, RowsView output, float[]? bias = null) =>
        new(output, matrix.Weight.View, bias is null ? output.Values : Upload(bias), bias is null ? 0 : 1);

    public void Dispose()
    {
        Kernels.Dispose();
        foreach (IDisposable one in owned)
            one.Dispose();
        Accelerator.Dispose();
        context.Dispose();
    }
}
