using System.Runtime.CompilerServices;

namespace Managed.Kernels.Gpu.Matrix;

// Sums that an instruction takes as one list of registers.
[InlineArray(128)]
internal struct Registers128
{
    private float first;
}

[InlineArray(64)]
internal struct Registers64
{
    private float first;
}

[InlineArray(32)]
internal struct Registers32
{
    private float first;
}

[InlineArray(16)]
internal struct Registers16
{
    private float first;
}

[InlineArray(8)]
internal struct Registers8
{
    private float first;
}
