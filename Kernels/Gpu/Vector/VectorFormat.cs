using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>A stored type that the vector kernels read.</summary>
internal abstract class VectorFormat
{
    private static readonly Dictionary<WeightType, VectorFormat> Known = new()
    {
        [WeightType.F32] = new Of<NumberTile<TileSingles>>(),
        [WeightType.F16] = new Of<NumberTile<TileHalves>>(),
        [WeightType.BF16] = new Of<NumberTile<TileBrains>>(),
        [WeightType.Q8_0] = new Of<ByteTile<TileBytes, TileHalfScales>>(),
        [WeightType.Q4_0] = new Of<ByteTile<TileNibblesCentred, TileHalfScales>>(),
        [WeightType.Q4_1] = new Of<ByteTile<TileNibbles, TileHalfScalesAndMinima>>(),
        [WeightType.Q5_0] = new Of<ByteTile<TileFivesCentred, TileHalfScales>>(),
        [WeightType.Q5_1] = new Of<ByteTile<TileFives, TileHalfScalesAndMinima>>(),
        [WeightType.Q4_K] = new Of<ByteTile<TileNibbles, TileSixBitScales>>(),
        [WeightType.Q5_K] = new Of<ByteTile<TileFives, TileSixBitScales>>(),
        [WeightType.Q6_K] = new Of<ByteTile<TileSixesCentred, TileByteScales>>(),
        [WeightType.IQ4_NL] = new Of<ByteTile<TileLookup<NonLinearTable>, TileHalfScales>>(),
        [WeightType.MXFP4] = new Of<ByteTile<TileLookup<MicroFloatTable>, TilePowers>>(),
    };

    /// <summary>The types that there are kernels for.</summary>
    public static IEnumerable<WeightType> Types => Known.Keys;

    /// <summary>The format of a type; null: there is none, and the plain kernels must do.</summary>
    public static VectorFormat? For(WeightType type) => Known.GetValueOrDefault(type);

    /// <summary>Whether activations are split into bytes with a scale for each 32; else into two bfloat16.</summary>
    public abstract bool TakesBytes { get; }

    /// <summary>Columns that a warp takes at once.</summary>
    public abstract int SpanColumns { get; }

    /// <summary>Warps that share the columns of a group's rows. The bits of a row depend on it, so it must not depend on the number of tokens.</summary>
    /// <param name="columns">Columns.</param>
    /// <param name="groupsEach">Groups of the launch for each multiprocessor, rounded up.</param>
    public abstract int Warps<TEpilogue>(int columns, int groupsEach)
        where TEpilogue : struct, IVectorEpilogue;

    /// <summary>Whether rows of so many columns can be read.</summary>
    public abstract bool Fits(WeightView weight);

    /// <summary>
    /// Rows of activations, at most. Tensor cores take bfloat16 weights as they are, for many tokens at once; others would have to be unpacked,
    /// and then several readings of them are fewer bytes.
    /// </summary>
    public int MostTokens => TakesBytes ? VectorKernels.MostTokensOfBytes : VectorKernels.MostTokens;

    /// <summary>Compiles the kernel for so many tokens.</summary>
    public abstract Action<AcceleratorStream, KernelConfig, VectorTask, TEpilogue> Load<TEpilogue>(Accelerator accelerator, TokenClass tokens)
        where TEpilogue : struct, IVectorEpilogue;

    /// <summary>Compiles the kernel for one or two tokens that it sorts itself.</summary>
    public abstract Action<AcceleratorStream, KernelConfig, VectorTask, TSource, TEpilogue> LoadSorting<TSource, TEpilogue>(Accelerator accelerator)
        where TSource : struct, IActivationSource
        where TEpilogue : struct, IVectorEpilogue;

    /// <summary>Compiles the kernel for choices of experts.</summary>
    public abstract Action<AcceleratorStream, KernelConfig, VectorTask, TEpilogue, ArrayView<int>, int> LoadOfExperts<TEpilogue>(Accelerator accelerator)
        where TEpilogue : struct, IVectorEpilogue;

    private sealed class Of<TFormat> : VectorFormat
        where TFormat : struct, ITileFormat
    {
        public override int SpanColumns => TFormat.Columns;

        // So many warps as find room on a multiprocessor together with the other groups', but some for each group; and all of them with as
        // many spans as the others, as nearly as may be.
        public override int Warps<TEpilogue>(int columns, int groupsEach)
        {
            int step = TFormat.Columns * TileKernel.SpansTogether<TFormat, TEpilogue>(), steps = (columns + step - 1) / step;
            (int least, int together) = TFormat.Warps(TEpilogue.IsPaired);
            int warps = Math.Clamp(together / groupsEach, least, TileKernel.MostWarps<TFormat, TEpilogue>());
            int rounds = (steps + warps - 1) / warps;
            return (steps + rounds - 1) / rounds;
        }

        public override bool TakesBytes => TFormat.TakesBytes;

        public override bool Fits(WeightView weight) => weight.QuantStride % 4 == 0 && weight.ScaleStride % 4 == 0 && weight.Rows > 0;

        public override Action<AcceleratorStream, KernelConfig, VectorTask, TEpilogue> Load<TEpilogue>(Accelerator accelerator, TokenClass tokens) =>
            TEpilogue.IsPaired ? Load<TEpilogue, Two>(accelerator, tokens) : Load<TEpilogue, One>(accelerator, tokens);

        public override Action<AcceleratorStream, KernelConfig, VectorTask, TEpilogue, ArrayView<int>, int> LoadOfExperts<TEpilogue>(Accelerator accelerator) =>
            TEpilogue.IsPaired ? LoadOfExperts<TEpilogue, Two>(accelerator) : LoadOfExperts<TEpilogue, One>(accelerator);

        public override Action<AcceleratorStream, KernelConfig, VectorTask, TSource, TEpilogue> LoadSorting<TSource, TEpilogue>(Accelerator accelerator) =>
            TEpilogue.IsPaired ? LoadSorting<TSource, TEpilogue, Two>(accelerator) : LoadSorting<TSource, TEpilogue, One>(accelerator);

        private static Action<AcceleratorStream, KernelConfig, VectorTask, TSource, TEpilogue> LoadSorting<TSource, TEpilogue, TTiles>(Accelerator accelerator)
            where TSource : struct, IActivationSource
            where TEpilogue : struct, IVectorEpilogue
            where TTiles : struct, IConstant =>
            VectorKernels.Overlaps(accelerator)
                ? accelerator.LoadKernel<VectorTask, TSource, TEpilogue>(SortingKernel.Run<TFormat, TileShape<TTiles, One, Overlapping>, TSource, TEpilogue>, SortingBounds<TSource, TEpilogue>())
                : accelerator.LoadKernel<VectorTask, TSource, TEpilogue>(SortingKernel.Run<TFormat, TileShape<TTiles, One, OneAfterTheOther>, TSource, TEpilogue>, SortingBounds<TSource, TEpilogue>());

        private static Action<AcceleratorStream, KernelConfig, VectorTask, TEpilogue, ArrayView<int>, int> LoadOfExperts<TEpilogue, TTiles>(Accelerator accelerator)
            where TEpilogue : struct, IVectorEpilogue
            where TTiles : struct, IConstant =>
            VectorKernels.Overlaps(accelerator)
                ? accelerator.LoadKernel<VectorTask, TEpilogue, ArrayView<int>, int>(TileKernel.RunOfExperts<TFormat, TileShape<TTiles, One, Overlapping>, TEpilogue>, Bounds<TEpilogue>())
                : accelerator.LoadKernel<VectorTask, TEpilogue, ArrayView<int>, int>(TileKernel.RunOfExperts<TFormat, TileShape<TTiles, One, OneAfterTheOther>, TEpilogue>, Bounds<TEpilogue>());

        private static Action<AcceleratorStream, KernelConfig, VectorTask, TEpilogue> Load<TEpilogue, TTiles>(Accelerator accelerator, TokenClass tokens)
            where TEpilogue : struct, IVectorEpilogue
            where TTiles : struct, IConstant
        {
            Action<VectorTask, TEpilogue> kernel = (tokens, VectorKernels.Overlaps(accelerator)) switch
            {
                (TokenClass.Four, true) => TileKernel.Run<TFormat, TileShape<TTiles, One, Overlapping>, TEpilogue>,
                (TokenClass.Four, false) => TileKernel.Run<TFormat, TileShape<TTiles, One, OneAfterTheOther>, TEpilogue>,
                (TokenClass.Eight, true) => TileKernel.Run<TFormat, TileShape<TTiles, Two, Overlapping>, TEpilogue>,
                (TokenClass.Eight, false) => TileKernel.Run<TFormat, TileShape<TTiles, Two, OneAfterTheOther>, TEpilogue>,
                (_, true) => TileKernel.RunOfMany<TFormat, TileShape<TTiles, Two, Overlapping>, TEpilogue>,
                (_, false) => TileKernel.RunOfMany<TFormat, TileShape<TTiles, Two, OneAfterTheOther>, TEpilogue>,
            };
            return accelerator.LoadKernel(kernel, Bounds<TEpilogue>());
        }

        private static KernelSpecialization SortingBounds<TSource, TEpilogue>()
            where TSource : struct, IActivationSource
            where TEpilogue : struct, IVectorEpilogue =>
            TEpilogue.IsPaired && !TSource.NeedsRegisters ? new(32 * TFormat.SortingWarps, 1) : Bounds<TEpilogue>();

        private static KernelSpecialization Bounds<TEpilogue>()
            where TEpilogue : struct, IVectorEpilogue => new(32 * TileKernel.MostWarps<TFormat, TEpilogue>(), 1);
    }
}
