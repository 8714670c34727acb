namespace ILGPU;

/// <summary>Strides of planes.</summary>
public static class Stride2D
{
    /// <summary>Neighbours along x are neighbours in memory.</summary>
    public readonly struct DenseX : IStride2D, ICastableStride<Index2D, LongIndex2D, DenseX>
    {
        /// <summary>From the steps that are not 1, in elements.</summary>
        public DenseX(int yStride)
        {
            YStride = yStride;
        }

        /// <inheritdoc/>
        public int XStride => 1;

        /// <inheritdoc/>
        public int YStride { get; }

        /// <inheritdoc/>
        public Index2D StrideExtent => new(XStride, YStride);

        /// <summary>The stride without gaps for an extent.</summary>
        public static DenseX FromExtent(Index2D extent) => new(extent.X);

        /// <summary>The stride without gaps for an extent.</summary>
        public static DenseX FromExtent(LongIndex2D extent) => new((int)extent.X);

        /// <summary>Position of an element without gaps.</summary>
        public static int ComputeElementIndex(Index2D index, Index2D extent) => index.X + (index.Y * extent.X);

        /// <summary>Position of an element without gaps.</summary>
        public static long ComputeElementIndex(LongIndex2D index, LongIndex2D extent) => index.X + (index.Y * extent.X);

        /// <summary>The index of the element at a position, without gaps.</summary>
        public static Index2D ReconstructFromElementIndex(int elementIndex, Index2D extent) => new(elementIndex % extent.X, elementIndex / extent.X);

        /// <summary>The index of the element at a position, without gaps.</summary>
        public static LongIndex2D ReconstructFromElementIndex(long elementIndex, LongIndex2D extent) => new(elementIndex % extent.X, elementIndex / extent.X);

        /// <inheritdoc/>
        public int ComputeElementIndex(Index2D index) => index.X + (index.Y * YStride);

        /// <inheritdoc/>
        public long ComputeElementIndex(LongIndex2D index) => index.X + (index.Y * YStride);

        /// <inheritdoc/>
        public int ComputeElementIndexChecked(Index2D index, Index2D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public long ComputeElementIndexChecked(LongIndex2D index, LongIndex2D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public Index2D ReconstructFromElementIndex(int elementIndex) => new(elementIndex % YStride, elementIndex / YStride);

        /// <inheritdoc/>
        public LongIndex2D ReconstructFromElementIndex(long elementIndex) => new(elementIndex % YStride, elementIndex / YStride);

        /// <inheritdoc/>
        public int ComputeBufferLength(Index2D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new Index2D(extent.X - 1, extent.Y - 1)) + 1;

        /// <inheritdoc/>
        public long ComputeBufferLength(LongIndex2D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new LongIndex2D(extent.X - 1, extent.Y - 1)) + 1;

        /// <inheritdoc/>
        public (LongIndex2D Extent, DenseX Stride) Cast<TContext>(in TContext context, in LongIndex2D extent)
            where TContext : struct, IStrideCastContext
            => (new LongIndex2D(context.ComputeNewExtent(extent.X), extent.Y), new DenseX(context.ComputeNewExtent(YStride)));

        /// <inheritdoc/>
        public General AsGeneral() => new(StrideExtent);

        /// <inheritdoc/>
        public Stride1D.General To1DStride() => new(1);
    }

    /// <summary>Neighbours along y are neighbours in memory, as in a C# array [x, y].</summary>
    public readonly struct DenseY : IStride2D, ICastableStride<Index2D, LongIndex2D, DenseY>
    {
        /// <summary>From the steps that are not 1, in elements.</summary>
        public DenseY(int xStride)
        {
            XStride = xStride;
        }

        /// <inheritdoc/>
        public int XStride { get; }

        /// <inheritdoc/>
        public int YStride => 1;

        /// <inheritdoc/>
        public Index2D StrideExtent => new(XStride, YStride);

        /// <summary>The stride without gaps for an extent.</summary>
        public static DenseY FromExtent(Index2D extent) => new(extent.Y);

        /// <summary>The stride without gaps for an extent.</summary>
        public static DenseY FromExtent(LongIndex2D extent) => new((int)extent.Y);

        /// <summary>Position of an element without gaps.</summary>
        public static int ComputeElementIndex(Index2D index, Index2D extent) => (index.X * extent.Y) + index.Y;

        /// <summary>Position of an element without gaps.</summary>
        public static long ComputeElementIndex(LongIndex2D index, LongIndex2D extent) => (index.X * extent.Y) + index.Y;

        /// <summary>The index of the element at a position, without gaps.</summary>
        public static Index2D ReconstructFromElementIndex(int elementIndex, Index2D extent) => new(elementIndex / extent.Y, elementIndex % extent.Y);

        /// <summary>The index of the element at a position, without gaps.</summary>
        public static LongIndex2D ReconstructFromElementIndex(long elementIndex, LongIndex2D extent) => new(elementIndex / extent.Y, elementIndex % extent.Y);

        /// <inheritdoc/>
        public int ComputeElementIndex(Index2D index) => (index.X * XStride) + index.Y;

        /// <inheritdoc/>
        public long ComputeElementIndex(LongIndex2D index) => (index.X * XStride) + index.Y;

        /// <inheritdoc/>
        public int ComputeElementIndexChecked(Index2D index, Index2D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public long ComputeElementIndexChecked(LongIndex2D index, LongIndex2D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public Index2D ReconstructFromElementIndex(int elementIndex) => new(elementIndex / XStride, elementIndex % XStride);

        /// <inheritdoc/>
        public LongIndex2D ReconstructFromElementIndex(long elementIndex) => new(elementIndex / XStride, elementIndex % XStride);

        /// <inheritdoc/>
        public int ComputeBufferLength(Index2D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new Index2D(extent.X - 1, extent.Y - 1)) + 1;

        /// <inheritdoc/>
        public long ComputeBufferLength(LongIndex2D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new LongIndex2D(extent.X - 1, extent.Y - 1)) + 1;

        /// <inheritdoc/>
        public (LongIndex2D Extent, DenseY Stride) Cast<TContext>(in TContext context, in LongIndex2D extent)
            where TContext : struct, IStrideCastContext
            => (new LongIndex2D(extent.X, context.ComputeNewExtent(extent.Y)), new DenseY(context.ComputeNewExtent(XStride)));

        /// <inheritdoc/>
        public General AsGeneral() => new(StrideExtent);

        /// <inheritdoc/>
        public Stride1D.General To1DStride() => new(1);
    }

    /// <summary>Both steps given.</summary>
    public readonly struct General : IStride2D
    {
        /// <summary>From the steps, in elements.</summary>
        public General(Index2D stride) => StrideExtent = stride;

        /// <inheritdoc/>
        public Index2D StrideExtent { get; }

        /// <inheritdoc/>
        public int XStride => StrideExtent.X;

        /// <inheritdoc/>
        public int YStride => StrideExtent.Y;

        /// <inheritdoc/>
        public int ComputeElementIndex(Index2D index) => (index.X * XStride) + (index.Y * YStride);

        /// <inheritdoc/>
        public long ComputeElementIndex(LongIndex2D index) => (index.X * XStride) + (index.Y * YStride);

        /// <inheritdoc/>
        public int ComputeElementIndexChecked(Index2D index, Index2D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public long ComputeElementIndexChecked(LongIndex2D index, LongIndex2D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public Index2D ReconstructFromElementIndex(int elementIndex) => XStride >= YStride
            ? new(elementIndex / XStride, elementIndex % XStride / YStride)
            : new(elementIndex % YStride / XStride, elementIndex / YStride);

        /// <inheritdoc/>
        public LongIndex2D ReconstructFromElementIndex(long elementIndex) => XStride >= YStride
            ? new(elementIndex / XStride, elementIndex % XStride / YStride)
            : new(elementIndex % YStride / XStride, elementIndex / YStride);

        /// <inheritdoc/>
        public int ComputeBufferLength(Index2D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new Index2D(extent.X - 1, extent.Y - 1)) + 1;

        /// <inheritdoc/>
        public long ComputeBufferLength(LongIndex2D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new LongIndex2D(extent.X - 1, extent.Y - 1)) + 1;

        /// <inheritdoc/>
        public General AsGeneral() => this;

        /// <inheritdoc/>
        public Stride1D.General To1DStride() => new(Math.Min(XStride, YStride));
    }
}
