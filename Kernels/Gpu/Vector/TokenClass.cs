namespace Managed.Kernels.Gpu.Vector;

/// <summary>How many tokens a launch of <see cref="TileKernel"/> is for, at most.</summary>
internal enum TokenClass
{
    Four,
    Eight,

    /// <summary>Any number, eight to a group of threads.</summary>
    Many,
}
