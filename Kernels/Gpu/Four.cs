namespace Managed.Kernels.Gpu;

/// <summary>Four neighbouring numbers that lie at a multiple of 16 bytes: one access.</summary>
internal struct Four
{
    public float X, Y, Z, W;
}
