namespace Managed.Kernels.Gpu.Vector;

/// <summary>Four 32-bit words, which a thread reads in one access.</summary>
internal struct Quad
{
    public uint X, Y, Z, W;

    /// <summary>Word i, which is known when the kernel is compiled.</summary>
    public readonly uint Word(int i) => i == 0 ? X : i == 1 ? Y : i == 2 ? Z : W;
}
