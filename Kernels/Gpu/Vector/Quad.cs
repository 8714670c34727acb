namespace Managed.Kernels.Gpu.Vector;

/// <summary>Four 32-bit words, which a thread reads in one access.</summary>
internal struct Quad
{
    public uint X, Y, Z, W;
}
