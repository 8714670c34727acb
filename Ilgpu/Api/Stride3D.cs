namespace ILGPU;

/// <summary>Strides of volumes.</summary>
public static class Stride3D
{
    /// <summary>Neighbours along x are neighbours in memory, then y, then z.</summary>
    public readonly struct DenseXY : IStride3D, ICastableStride<Index3D, LongIndex3D, DenseXY>
    {
        /// <summary>From the steps that are not 1, in elements.</summary>
        public DenseXY(int yStride, int zStride)
        {
            YStride = yStride;
            ZStride = zStride;
        }

        /// <inheritdoc/>
        public int XStride => 1;

        /// <inheritdoc/>
        public int YStride { get; }

        /// <inheritdoc/>
        public int ZStride { get; }

        /// <inheritdoc/>
        public Index3D StrideExtent => new(XStride, YStride, ZStride);

        /// <summary>The stride without gaps for an extent.</summary>
        public static DenseXY FromExtent(Index3D extent) => new(extent.X, extent.X * extent.Y);

        /// <summary>The stride without gaps for an extent.</summary>
        public static DenseXY FromExtent(LongIndex3D extent) => new((int)extent.X, (int)(extent.X * extent.Y));

        /// <summary>Position of an element without gaps.</summary>
        public static int ComputeElementIndex(Index3D index, Index3D extent) => index.X + (extent.X * (index.Y + (extent.Y * index.Z)));

        /// <summary>Position of an element without gaps.</summary>
        public static long ComputeElementIndex(LongIndex3D index, LongIndex3D extent) => index.X + (extent.X * (index.Y + (extent.Y * index.Z)));

        /// <summary>The index of the element at a position, without gaps.</summary>
        public static Index3D ReconstructFromElementIndex(int elementIndex, Index3D extent) => new(elementIndex % extent.X, elementIndex / extent.X % extent.Y, elementIndex / extent.X / extent.Y);

        /// <summary>The index of the element at a position, without gaps.</summary>
        public static LongIndex3D ReconstructFromElementIndex(long elementIndex, LongIndex3D extent) => new(elementIndex % extent.X, elementIndex / extent.X % extent.Y, elementIndex / extent.X / extent.Y);

        /// <inheritdoc/>
        public int ComputeElementIndex(Index3D index) => index.X + (index.Y * YStride) + (index.Z * ZStride);

        /// <inheritdoc/>
        public long ComputeElementIndex(LongIndex3D index) => index.X + (index.Y * YStride) + (index.Z * ZStride);

        /// <inheritdoc/>
        public int ComputeElementIndexChecked(Index3D index, Index3D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public long ComputeElementIndexChecked(LongIndex3D index, LongIndex3D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public Index3D ReconstructFromElementIndex(int elementIndex) => new(elementIndex % ZStride % YStride, elementIndex % ZStride / YStride, elementIndex / ZStride);

        /// <inheritdoc/>
        public LongIndex3D ReconstructFromElementIndex(long elementIndex) => new(elementIndex % ZStride % YStride, elementIndex % ZStride / YStride, elementIndex / ZStride);

        /// <inheritdoc/>
        public int ComputeBufferLength(Index3D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new Index3D(extent.X - 1, extent.Y - 1, extent.Z - 1)) + 1;

        /// <inheritdoc/>
        public long ComputeBufferLength(LongIndex3D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new LongIndex3D(extent.X - 1, extent.Y - 1, extent.Z - 1)) + 1;

        /// <inheritdoc/>
        public (LongIndex3D Extent, DenseXY Stride) Cast<TContext>(in TContext context, in LongIndex3D extent)
            where TContext : struct, IStrideCastContext
            => (new LongIndex3D(context.ComputeNewExtent(extent.X), extent.Y, extent.Z), new DenseXY(context.ComputeNewExtent(YStride), context.ComputeNewExtent(ZStride)));

        /// <inheritdoc/>
        public General AsGeneral() => new(StrideExtent);

        /// <inheritdoc/>
        public Stride1D.General To1DStride() => new(1);
    }

    /// <summary>Neighbours along z are neighbours in memory, then y, then x, as in a C# array [x, y, z].</summary>
    public readonly struct DenseZY : IStride3D, ICastableStride<Index3D, LongIndex3D, DenseZY>
    {
        /// <summary>From the steps that are not 1, in elements.</summary>
        public DenseZY(int xStride, int yStride)
        {
            XStride = xStride;
            YStride = yStride;
        }

        /// <inheritdoc/>
        public int XStride { get; }

        /// <inheritdoc/>
        public int YStride { get; }

        /// <inheritdoc/>
        public int ZStride => 1;

        /// <inheritdoc/>
        public Index3D StrideExtent => new(XStride, YStride, ZStride);

        /// <summary>The stride without gaps for an extent.</summary>
        public static DenseZY FromExtent(Index3D extent) => new(extent.Y * extent.Z, extent.Z);

        /// <summary>The stride without gaps for an extent.</summary>
        public static DenseZY FromExtent(LongIndex3D extent) => new((int)(extent.Y * extent.Z), (int)extent.Z);

        /// <summary>Position of an element without gaps.</summary>
        public static int ComputeElementIndex(Index3D index, Index3D extent) => index.Z + (extent.Z * (index.Y + (extent.Y * index.X)));

        /// <summary>Position of an element without gaps.</summary>
        public static long ComputeElementIndex(LongIndex3D index, LongIndex3D extent) => index.Z + (extent.Z * (index.Y + (extent.Y * index.X)));

        /// <summary>The index of the element at a position, without gaps.</summary>
        public static Index3D ReconstructFromElementIndex(int elementIndex, Index3D extent) => new(elementIndex / extent.Z / extent.Y, elementIndex / extent.Z % extent.Y, elementIndex % extent.Z);

        /// <summary>The index of the element at a position, without gaps.</summary>
        public static LongIndex3D ReconstructFromElementIndex(long elementIndex, LongIndex3D extent) => new(elementIndex / extent.Z / extent.Y, elementIndex / extent.Z % extent.Y, elementIndex % extent.Z);

        /// <inheritdoc/>
        public int ComputeElementIndex(Index3D index) => (index.X * XStride) + (index.Y * YStride) + index.Z;

        /// <inheritdoc/>
        public long ComputeElementIndex(LongIndex3D index) => (index.X * XStride) + (index.Y * YStride) + index.Z;

        /// <inheritdoc/>
        public int ComputeElementIndexChecked(Index3D index, Index3D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public long ComputeElementIndexChecked(LongIndex3D index, LongIndex3D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public Index3D ReconstructFromElementIndex(int elementIndex) => new(elementIndex / XStride, elementIndex % XStride / YStride, elementIndex % XStride % YStride);

        /// <inheritdoc/>
        public LongIndex3D ReconstructFromElementIndex(long elementIndex) => new(elementIndex / XStride, elementIndex % XStride / YStride, elementIndex % XStride % YStride);

        /// <inheritdoc/>
        public int ComputeBufferLength(Index3D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new Index3D(extent.X - 1, extent.Y - 1, extent.Z - 1)) + 1;

        /// <inheritdoc/>
        public long ComputeBufferLength(LongIndex3D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new LongIndex3D(extent.X - 1, extent.Y - 1, extent.Z - 1)) + 1;

        /// <inheritdoc/>
        public (LongIndex3D Extent, DenseZY Stride) Cast<TContext>(in TContext context, in LongIndex3D extent)
            where TContext : struct, IStrideCastContext
            => (new LongIndex3D(extent.X, extent.Y, context.ComputeNewExtent(extent.Z)), new DenseZY(context.ComputeNewExtent(XStride), context.ComputeNewExtent(YStride)));

        /// <inheritdoc/>
        public General AsGeneral() => new(StrideExtent);

        /// <inheritdoc/>
        public Stride1D.General To1DStride() => new(1);
    }

    /// <summary>All steps given.</summary>
    public readonly struct General : IStride3D
    {
        /// <summary>From the steps, in elements.</summary>
        public General(Index3D stride) => StrideExtent = stride;

        /// <inheritdoc/>
        public Index3D StrideExtent { get; }

        /// <inheritdoc/>
        public int XStride => StrideExtent.X;

        /// <inheritdoc/>
        public int YStride => StrideExtent.Y;

        /// <inheritdoc/>
        public int ZStride => StrideExtent.Z;

        /// <inheritdoc/>
        public int ComputeElementIndex(Index3D index) => (index.X * XStride) + (index.Y * YStride) + (index.Z * ZStride);

        /// <inheritdoc/>
        public long ComputeElementIndex(LongIndex3D index) => (index.X * XStride) + (index.Y * YStride) + (index.Z * ZStride);

        /// <inheritdoc/>
        public int ComputeElementIndexChecked(Index3D index, Index3D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public long ComputeElementIndexChecked(LongIndex3D index, LongIndex3D extent)
        {
            ViewChecks.InBounds(index, extent);
            return ComputeElementIndex(index);
        }

        /// <inheritdoc/>
        public Index3D ReconstructFromElementIndex(int elementIndex) => XStride >= ZStride
            ? new(elementIndex / XStride, elementIndex % XStride / YStride, elementIndex % XStride % YStride / ZStride)
            : new(elementIndex % ZStride % YStride / XStride, elementIndex % ZStride / YStride, elementIndex / ZStride);

        /// <inheritdoc/>
        public LongIndex3D ReconstructFromElementIndex(long elementIndex) => XStride >= ZStride
            ? new(elementIndex / XStride, elementIndex % XStride / YStride, elementIndex % XStride % YStride / ZStride)
            : new(elementIndex % ZStride % YStride / XStride, elementIndex % ZStride / YStride, elementIndex / ZStride);

        /// <inheritdoc/>
        public int ComputeBufferLength(Index3D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new Index3D(extent.X - 1, extent.Y - 1, extent.Z - 1)) + 1;

        /// <inheritdoc/>
        public long ComputeBufferLength(LongIndex3D extent) => extent.Size == 0 ? 0 : ComputeElementIndex(new LongIndex3D(extent.X - 1, extent.Y - 1, extent.Z - 1)) + 1;

        /// <inheritdoc/>
        public General AsGeneral() => this;

        /// <inheritdoc/>
        public Stride1D.General To1DStride() => new(Math.Min(XStride, Math.Min(YStride, ZStride)));
    }
}
