namespace ILGPU;

/// <summary>Strides of lines.</summary>
public static class Stride1D
{
    /// <summary>Element after element.</summary>
    public readonly struct Dense : IStride1D, ICastableStride<Index1D, LongIndex1D, Dense>
    {
        /// <inheritdoc/>
        public int XStride => 1;

        /// <inheritdoc/>
        public Index1D StrideExtent => new(XStride);

        /// <inheritdoc/>
        public int ComputeElementIndex(Index1D index) => index.X;

        /// <inheritdoc/>
        public long ComputeElementIndex(LongIndex1D index) => index.X;

        /// <inheritdoc/>
        public int ComputeElementIndexChecked(Index1D index, Index1D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public long ComputeElementIndexChecked(LongIndex1D index, LongIndex1D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public Index1D ReconstructFromElementIndex(int elementIndex) => elementIndex;

        /// <inheritdoc/>
        public LongIndex1D ReconstructFromElementIndex(long elementIndex) => elementIndex;

        /// <inheritdoc/>
        public int ComputeBufferLength(Index1D extent) => extent.X;

        /// <inheritdoc/>
        public long ComputeBufferLength(LongIndex1D extent) => extent.X;

        /// <inheritdoc/>
        public (LongIndex1D Extent, Dense Stride) Cast<TContext>(in TContext context, in LongIndex1D extent)
            where TContext : struct, IStrideCastContext
            => (context.ComputeNewExtent(extent.X), default(Dense));

        /// <inheritdoc/>
        public General AsGeneral() => new(StrideExtent);

        /// <inheritdoc/>
        public Stride1D.General To1DStride() => new(1);
    }

    /// <summary>A step of any length.</summary>
    public readonly struct General : IStride1D
    {
        /// <summary>From the steps, in elements.</summary>
        public General(Index1D stride) => StrideExtent = stride;

        /// <inheritdoc/>
        public Index1D StrideExtent { get; }

        /// <inheritdoc/>
        public int XStride => StrideExtent.X;

        /// <inheritdoc/>
        public int ComputeElementIndex(Index1D index) => index.X * XStride;

        /// <inheritdoc/>
        public long ComputeElementIndex(LongIndex1D index) => index.X * XStride;

        /// <inheritdoc/>
        public int ComputeElementIndexChecked(Index1D index, Index1D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public long ComputeElementIndexChecked(LongIndex1D index, LongIndex1D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public Index1D ReconstructFromElementIndex(int elementIndex) => elementIndex / XStride;

        /// <inheritdoc/>
        public LongIndex1D ReconstructFromElementIndex(long elementIndex) => elementIndex / XStride;

        /// <inheritdoc/>
        public int ComputeBufferLength(Index1D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new Index1D(extent.X - 1)) + 1;

        /// <inheritdoc/>
        public long ComputeBufferLength(LongIndex1D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new LongIndex1D(extent.X - 1)) + 1;

        /// <inheritdoc/>
        public General AsGeneral() => this;

        /// <inheritdoc/>
        public Stride1D.General To1DStride() => new(XStride);
    }
}
