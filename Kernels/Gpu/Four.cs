namespace Managed.Kernels.Gpu;

/// <summary>Four neighbouring numbers that lie at a multiple of 16 bytes: one access.</summary>
internal struct Four
{
    /// <summary>What it begins at a multiple of.</summary>
    public const int Bytes = 16;

    public float X, Y, Z, W;
}
