using ILGPU.Runtime;

namespace ILGPU
{
    /// <summary>The functions of ILGPU.Algorithms in a context.</summary>
    public static class AlgorithmContext
    {
        /// <summary>Makes them available; here they always are.</summary>
        public static Context.Builder EnableAlgorithms(this Context.Builder builder) => builder;
    }
}

namespace ILGPU.Algorithms
{
    /// <summary>Loops in which each thread takes every so many-th element.</summary>
    public static class GridExtensions
    {
        /// <summary>Threads of the launch: the step from one element of a thread to its next.</summary>
        public static Index1D GridStrideLoopStride => Grid.DimX * Group.DimX;

        /// <summary>Groups and threads that fill the device once, or fewer where there are fewer elements.</summary>
        public static (Index1D GridDim, Index1D GroupDim) ComputeGridStrideLoopExtent(this Accelerator accelerator, long numDataElements)
        {
            ArgumentNullException.ThrowIfNull(accelerator);
            int groupSize = Math.Min(256, accelerator.MaxNumThreadsPerGroup);
            long groups = Math.Min((numDataElements + groupSize - 1) / groupSize, Math.Max(1, accelerator.MaxNumThreads / groupSize));
            return ((int)Math.Max(groups, 1), groupSize);
        }

        /// <summary>Groups and threads that fill the device once, or fewer where there are fewer elements.</summary>
        public static (Index1D GridDim, Index1D GroupDim) ComputeGridStrideLoopExtent(this Accelerator accelerator, int numDataElements)
            => accelerator.ComputeGridStrideLoopExtent((long)numDataElements);
    }
}
