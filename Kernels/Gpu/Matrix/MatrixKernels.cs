using ILGPU;
using ILGPU.Runtime;
#if !ILGPU_PACKAGE
using ILGPU.Runtime.Cuda;
#endif

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>One product: Output[t, o] = Σ_k w[o, k]·x[t, k] + bias[o], or that added to what lies there.</summary>
/// <param name="Output">Where it goes. // [tokens, weight.Rows]</param>
/// <param name="Type">What the weight's planes hold.</param>
/// <param name="Weight">The weight.</param>
/// <param name="Bias">A number for each output, where HasBias. // [weight.Rows]</param>
/// <param name="HasBias">Whether there is a bias.</param>
/// <param name="Adds">Whether Output keeps what it held: Output += Scale · (product).</param>
/// <param name="Scale">Used where Adds.</param>
internal readonly record struct MatrixProduct(
    RowsView Output, WeightType Type, WeightView Weight, ArrayView<float> Bias, bool HasBias, bool Adds = false, float Scale = 1);

/// <summary>
/// Linear layers of several tokens on the tensor cores of NVIDIA GPUs. The input is rounded to bfloat16, weights of other types than
/// bfloat16 are, too; sums are float32. An output's bits depend on its own row of the input and of the weight alone: on an H200 all kernels
/// here gave the same. Nothing waits for the device; memory grows only while nothing is recorded.
/// </summary>
internal sealed partial class MatrixKernels : IDisposable
{
    private readonly long mostUnpacked; // words of a weight
    private readonly GpuMemory memory;
    private readonly Func<WeightType, WeightKernels> formats;
    private MemoryBuffer1D<Words, Stride1D.Dense>? packed, hidden, unpacked;

    private MatrixKernels(GpuMemory memory, Func<WeightType, WeightKernels> formats, long mostUnpacked, bool hasWarpgroups)
    {
        (this.memory, this.formats, this.mostUnpacked, this.hasWarpgroups) = (memory, formats, mostUnpacked, hasWarpgroups);
        multiprocessors = memory.Accelerator.NumMultiprocessors;
    }

    /// <summary>The kernels, or null where the device has no such instructions.</summary>
    /// <param name="memory">The device's memory.</param>
    /// <param name="formats">Kernels for a type of weight.</param>
    /// <param name="mostUnpacked">Words of a weight's part that is unpacked at once.</param>
    public static MatrixKernels? For(GpuMemory memory, Func<WeightType, WeightKernels> formats, long mostUnpacked = 32L << 20)
    {
#if ILGPU_PACKAGE
        return null; // inline assembly there has no lists of registers
#else
        return memory.Accelerator is CudaAccelerator { Architecture: { Major: >= 8 } architecture }
            ? new MatrixKernels(memory, formats, mostUnpacked, architecture is { Major: 9, Minor: 0 })
            : null;
#endif
    }

    /// <summary>Multiplies if all shapes are such as are worth it here and, while launches are recorded, if no memory is lacking.</summary>
    /// <param name="products">Products of the same input.</param>
    /// <param name="input">Its rows. // [tokens, columns]</param>
    /// <param name="tokens">Number of rows.</param>
    /// <returns>False: nothing was done, and the plain kernels have to.</returns>
    public bool TryMultiply(ReadOnlySpan<MatrixProduct> products, RowsView input, int tokens)
    {
        foreach (MatrixProduct product in products)
            if (!Takes(product.Type, product.Weight, input.Width))
                return false;
        if (!Reserve(products, tokens, input.Width))
            return false;
        Pack(input, tokens);
        if (!TryTogether(products, packed!.View.AsContiguous().Cast<uint>(), tokens))
            foreach (MatrixProduct product in products)
                Multiply(product, packed!, tokens);
        return true;
    }

    /// <summary>
    /// A whole gated MLP: down(act(gate(x)) · up(x)). What lies between is bfloat16 and is not seen; the results differ from those of the
    /// single steps in nothing, where those round their inputs as <see cref="TryMultiply"/> does.
    /// </summary>
    /// <param name="down">The last product, whose input the others make.</param>
    /// <param name="gate">bfloat16.</param>
    /// <param name="up">bfloat16, of the gate's shape.</param>
    /// <param name="activation">A non-linearity of one number.</param>
    /// <param name="input">Rows. // [tokens, gate.Columns]</param>
    /// <param name="tokens">Number of rows.</param>
    /// <returns>False: nothing was done.</returns>
    public bool TryGatedMlp(in MatrixProduct down, (WeightType Type, WeightView Weight) gate, (WeightType Type, WeightView Weight) up, ActivationKind activation, RowsView input, int tokens)
    {
        if (!TakesGates(gate, up, activation, input.Width, tokens, out Gates? gates) || gate.Weight.Rows != down.Weight.Columns || gate.Weight.Rows % 8 != 0
            || !Takes(down.Type, down.Weight, down.Weight.Columns) || !Reserve([down], tokens, input.Width)
            || !Grow(ref hidden, (long)tokens * BrainPacking.Stride(down.Weight.Columns) / 4))
            return false;
        Pack(input, tokens);
        if (!gates!.TryToBrain(this, hidden!.View.AsContiguous().Cast<uint>(), gate.Weight, up.Weight, tokens))
            return false;
        Multiply(down, hidden, tokens);
        return true;
    }

    /// <summary>output = act(gate · input) · (up · input), in one launch.</summary>
    /// <param name="output">float32 rows. // [tokens, gate.Rows]</param>
    /// <param name="gate">bfloat16.</param>
    /// <param name="up">bfloat16, of the gate's shape.</param>
    /// <param name="activation">A non-linearity of one number.</param>
    /// <param name="input">Rows. // [tokens, gate.Columns]</param>
    /// <param name="tokens">Number of rows.</param>
    /// <returns>False: nothing was done.</returns>
    public bool TryGate(RowsView output, (WeightType Type, WeightView Weight) gate, (WeightType Type, WeightView Weight) up, ActivationKind activation, RowsView input, int tokens)
    {
        if (!TakesGates(gate, up, activation, input.Width, tokens, out Gates? gates) || !Reserve([], tokens, input.Width))
            return false;
        Pack(input, tokens);
        return gates!.TryToRows(this, output, gate.Weight, up.Weight, tokens);
    }

    private bool TakesGates(
        (WeightType Type, WeightView Weight) gate, (WeightType Type, WeightView Weight) up, ActivationKind activation, int columns, int tokens, out Gates? gates)
    {
        gates = null;
        return hasWarpgroups && tokens >= 2 && gate.Type == WeightType.BF16 && up.Type == WeightType.BF16 && gate.Weight.Rows == up.Weight.Rows
            && Takes(gate.Type, gate.Weight, columns) && Takes(up.Type, up.Weight, columns) && s_gates.TryGetValue(activation, out gates);
    }

    // Half-precision weights would lose bits, float32 ones more; and rows must begin at multiples of 16 bytes.
    private static bool Takes(WeightType type, WeightView weight, int columns) =>
        weight.Columns == columns && type is not (WeightType.F32 or WeightType.F16) && (type != WeightType.BF16 || weight.QuantStride % 4 == 0);

    /// <summary>Makes room for the input and the largest part of a weight.</summary>
    /// <returns>False where there is not enough room and launches are being recorded.</returns>
    private bool Reserve(ReadOnlySpan<MatrixProduct> products, int tokens, int columns)
    {
        long weights = 0;
        foreach (MatrixProduct product in products)
            if (product.Type != WeightType.BF16)
                weights = Math.Max(weights, (long)Math.Min(product.Weight.Rows, PartRows(product.Weight.Columns)) * BrainPacking.Stride(product.Weight.Columns) / 4);
        return Grow(ref packed, (long)tokens * BrainPacking.Stride(columns) / 4) && Grow(ref unpacked, weights);
    }

    private bool Grow(ref MemoryBuffer1D<Words, Stride1D.Dense>? buffer, long length)
    {
        if (length <= (buffer?.Length ?? 0))
            return true;
        if (memory.IsRecording)
            return false;
        memory.Free(buffer);
        buffer = memory.Allocate<Words>(length + (length / 4));
        return true;
    }

    private void Pack(RowsView input, int tokens)
    {
        int pieces = BrainPacking.Stride(input.Width) / 4;
        Packing(memory.Stream, Line((long)tokens * pieces), packed!.View.AsContiguous(), input, pieces, tokens * pieces);
    }

    private void Multiply(in MatrixProduct product, MemoryBuffer1D<Words, Stride1D.Dense> input, int tokens)
    {
        ArrayView<uint> rows = input.View.AsContiguous().Cast<uint>();
        if (product.Type == WeightType.BF16)
        {
            Multiply(product, rows, 0, product.Weight, tokens);
            return;
        }
        int part = PartRows(product.Weight.Columns);
        for (int first = 0; first < product.Weight.Rows; first += part)
            Multiply(product, rows, first, Unpack(product, first, Math.Min(part, product.Weight.Rows - first)), tokens);
    }

    /// <summary>Some rows of the weight as bfloat16, until the next are unpacked.</summary>
    private WeightView Unpack(in MatrixProduct product, int first, int count)
    {
        int columns = product.Weight.Columns, stride = BrainPacking.Stride(columns), pieces = stride / 4;
        formats(product.Type).Unpack(Line((long)count * pieces), unpacked!.View.AsContiguous(), product.Weight, first, pieces, count * pieces);
        ArrayView<uint> plane = unpacked.View.AsContiguous().Cast<uint>();
        return new WeightView(plane, plane, plane, count, columns, stride, 0, 0);
    }

    /// <summary>The outputs from `first` on.</summary>
    private void Multiply(in MatrixProduct product, ArrayView<uint> input, int first, WeightView weight, int tokens)
    {
        RowsView output = product.Output;
        if (first > 0)
            output = new RowsView(output.Values.SubView(first), output.Width - first, output.Stride);
        ArrayView<float> bias = product.HasBias && first > 0 ? product.Bias.SubView(first) : product.Bias;
        if (product.Adds)
            Launch(new AddToRows(output, output, product.Scale, bias, product.HasBias ? 1 : 0), input, weight, tokens);
        else
            Launch(new StoreRows(output, bias, product.HasBias ? 1 : 0), input, weight, tokens);
    }

    /// <summary>Rows of a weight that are unpacked at once; whole tiles.</summary>
    private int PartRows(int columns) => (int)Math.Max(256, mostUnpacked / BrainPacking.Stride(columns) / 256 * 256);

    private static KernelConfig Line(long threads) => new((int)((threads + 255) / 256), 256);

    public void Dispose()
    {
        memory.Free(packed);
        memory.Free(hidden);
        memory.Free(unpacked);
        memory.Free(maps);
    }
}
