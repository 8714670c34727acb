using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Kernels.Gpu;
using Managed.Kernels.Gpu.Matrix;
using Managed.Kernels.Gpu.Vector;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>Linear layers of several tokens: what is compiled for every tile and every way of ending.</summary>
public unsafe class MatrixAssemblyTests
{
    private const int Size = 256;

    private static readonly ActivationKind[] s_gates = [ActivationKind.Silu, ActivationKind.Gelu, ActivationKind.GeluTanh, ActivationKind.Relu];

    private static IEnumerable<WeightType> Packed() => VectorFormat.Types.Where(type => BlockFormats.Elements(type) > 1);

    /// <summary>The choice of a tile follows from how many there are for each multiprocessor.</summary>
    [Test]
    public void Every_tile_and_epilogue_assembles_without_spills([Values(16, 32, 64, 200)] int tokens, [Values(1, 3, 132)] int multiprocessors) =>
        Assemble($"{tokens} tokens on {multiprocessors} multiprocessors", WeightType.BF16, tokens, multiprocessors, (kernels, weight, x, y, isHopper) =>
        {
            MatrixProduct stores = new(y, WeightType.BF16, weight, y.Values, false);
            Assert.That(kernels.TryMultiply([stores], x, tokens));
            Assert.That(kernels.TryMultiply([stores with { Adds = true }], x, tokens));
            foreach (ActivationKind activation in s_gates)
            {
                Assert.That(kernels.TryGate(y, (WeightType.BF16, weight), (WeightType.BF16, weight), activation, x, tokens), Is.EqualTo(isHopper), "gates are the warpgroups'");
                Assert.That(kernels.TryGatedMlp(stores, (WeightType.BF16, weight), (WeightType.BF16, weight), activation, x, tokens), Is.EqualTo(isHopper));
            }
        });

    [Test]
    public void Unpacking_assembles_without_spills([ValueSource(nameof(Packed))] object type) =>
        Assemble($"unpacking {type}", (WeightType)type, 40, 132, (kernels, weight, x, y, _) =>
            Assert.That(kernels.TryMultiply([new MatrixProduct(y, (WeightType)type, weight, y.Values, false)], x, 40)));

    private static void Assemble(string what, WeightType type, int tokens, int multiprocessors, Action<MatrixKernels, WeightView, RowsView, RowsView, bool> use) =>
        Accelerators.AssertAssembles(what, driver =>
        {
            driver.Attributes[CudaDeviceAttribute.MultiprocessorCount] = multiprocessors;
            using Context context = Context.Create().ToContext();
            using CudaAccelerator accelerator = Accelerators.OpenCuda(context, driver);
            var memory = new GpuMemory(accelerator);
            Dictionary<WeightType, WeightKernels> formats = [];
            using MatrixKernels kernels = MatrixKernels.For(memory, wanted => formats.TryGetValue(wanted, out WeightKernels? known) ? known : formats[wanted] = WeightKernels.For(wanted, accelerator))!;
            using var input = accelerator.Allocate1D<float>(tokens * Size);
            using var output = accelerator.Allocate1D<float>(tokens * Size);
            fixed (byte* data = new byte[BlockFormats.RowBytes(type, Size) * Size])
            {
                using GpuWeight weight = new(memory, new WeightSource { Data = data, Type = type, Rows = Size, Columns = Size });
                use(kernels, weight.View, new RowsView(input.View.BaseView, Size, Size), new RowsView(output.View.BaseView, Size, Size), accelerator.Architecture.Major == 9);
            }
        });
}
