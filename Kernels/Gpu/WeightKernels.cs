using ILGPU;
using ILGPU.Runtime;
using Managed.Kernels.Gpu.Experts;
using Managed.Kernels.Gpu.Formats;
using Managed.Kernels.Gpu.Matrix;

namespace Managed.Kernels.Gpu;

/// <summary>The kernels that read weights of one type, each compiled when it is first launched.</summary>
internal abstract class WeightKernels
{
    public abstract Action<KernelConfig, RowsView, ArrayView<int>, WeightView, int, float, int> Embed { get; }

    public abstract Action<KernelConfig, RowsView, RowsView, WeightView, ArrayView<float>, int> OneToken { get; }

    public abstract Action<KernelConfig, RowsView, RowsView, WeightView, ArrayView<float>, int, int> FourTokens { get; }

    /// <summary>See <see cref="LinearKernel.FourOfExperts"/>.</summary>
    public abstract Action<KernelConfig, RowsView, RowsView, WeightView, ArrayView<float>, int, ExpertTiles> FourOfExperts { get; }

    /// <summary>See <see cref="BrainPacking.Unpack"/>.</summary>
    public abstract Action<KernelConfig, ArrayView<Words>, WeightView, int, int, int> Unpack { get; }

    private static readonly Dictionary<WeightType, Func<Accelerator, WeightKernels>> s_known = new()
    {
        [WeightType.F32] = Of<SingleFormat>(),
        [WeightType.F16] = Of<SixteenBits<HalfNumber>>(),
        [WeightType.BF16] = Of<SixteenBits<BrainNumber>>(),
        [WeightType.Q8_0] = Of<IntegerFormat<SignedBytes, HalfScale>>(),
        [WeightType.Q4_0] = Of<IntegerFormat<FourBitsCentred, HalfScale>>(),
        [WeightType.Q4_1] = Of<IntegerFormat<FourBits, HalfScaleAndMinimum>>(),
        [WeightType.Q5_0] = Of<IntegerFormat<FiveBitsCentred, HalfScale>>(),
        [WeightType.Q5_1] = Of<IntegerFormat<FiveBits, HalfScaleAndMinimum>>(),
        [WeightType.Q4_K] = Of<IntegerFormat<FourBits, SixBitScales>>(),
        [WeightType.Q5_K] = Of<IntegerFormat<FiveBits, SixBitScales>>(),
        [WeightType.Q6_K] = Of<IntegerFormat<SixBitsCentred, ByteScales>>(),
        [WeightType.IQ4_NL] = Of<IntegerFormat<NonLinearNibbles, HalfScale>>(),
        [WeightType.MXFP4] = Of<IntegerFormat<MicroFloats, PowerScale>>(),
    };

    /// <summary>The kernels for a type that <see cref="WeightPlanes"/> knows.</summary>
    public static WeightKernels For(WeightType type, Accelerator accelerator) => s_known[type](accelerator);

    private static Func<Accelerator, WeightKernels> Of<TFormat>()
        where TFormat : struct, IWeightFormat => accelerator => new KernelsOf<TFormat>(accelerator);

    private sealed class KernelsOf<TFormat>(Accelerator accelerator) : WeightKernels
        where TFormat : struct, IWeightFormat
    {
        private Action<KernelConfig, RowsView, ArrayView<int>, WeightView, int, float, int>? embed;
        private Action<KernelConfig, RowsView, RowsView, WeightView, ArrayView<float>, int>? oneToken;
        private Action<KernelConfig, RowsView, RowsView, WeightView, ArrayView<float>, int, int>? fourTokens;

        private Action<KernelConfig, RowsView, RowsView, WeightView, ArrayView<float>, int, ExpertTiles>? fourOfExperts;

        private Action<KernelConfig, ArrayView<Words>, WeightView, int, int, int>? unpack;

        public override Action<KernelConfig, ArrayView<Words>, WeightView, int, int, int> Unpack =>
            unpack ??= accelerator.LoadStreamKernel<ArrayView<Words>, WeightView, int, int, int>(BrainPacking.Unpack<TFormat>);

        public override Action<KernelConfig, RowsView, ArrayView<int>, WeightView, int, float, int> Embed =>
            embed ??= accelerator.LoadStreamKernel<RowsView, ArrayView<int>, WeightView, int, float, int>(EmbedKernel.Run<TFormat>);

        public override Action<KernelConfig, RowsView, RowsView, WeightView, ArrayView<float>, int> OneToken =>
            oneToken ??= accelerator.LoadStreamKernel<RowsView, RowsView, WeightView, ArrayView<float>, int>(LinearKernel.One<TFormat>);

        public override Action<KernelConfig, RowsView, RowsView, WeightView, ArrayView<float>, int, int> FourTokens =>
            fourTokens ??= accelerator.LoadStreamKernel<RowsView, RowsView, WeightView, ArrayView<float>, int, int>(LinearKernel.Four<TFormat>);

        public override Action<KernelConfig, RowsView, RowsView, WeightView, ArrayView<float>, int, ExpertTiles> FourOfExperts =>
            fourOfExperts ??= accelerator.LoadStreamKernel<RowsView, RowsView, WeightView, ArrayView<float>, int, ExpertTiles>(LinearKernel.FourOfExperts<TFormat>);
    }
}
