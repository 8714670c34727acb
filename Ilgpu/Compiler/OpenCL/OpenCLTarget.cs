namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>What the generated OpenCL C may use on a device.</summary>
internal sealed record OpenCLTarget
{
    /// <summary>For messages.</summary>
    public string DeviceName { get; init; } = "OpenCL device";

    /// <summary>cl_khr_fp64: Float64 in registers and memory.</summary>
    public bool HasFloat64 { get; init; }

    /// <summary>cl_khr_int64_base_atomics and cl_khr_int64_extended_atomics.</summary>
    public bool HasInt64Atomics { get; init; }

    /// <summary>
    /// Float32 division and square root are correctly rounded when the program is built with -cl-fp32-correctly-rounded-divide-sqrt.
    /// Where they are not, they are computed in Float64, which rounds to the same bits; without that too, to 2.5 ulp.
    /// </summary>
    public bool CorrectlyRoundedDivideSqrt { get; init; }

    /// <summary>
    /// Lanes of the emulated warp: OpenCL 1.2 has no sub-groups, so lanes talk through local memory (see <see cref="WarpEmitter"/>).
    /// 32, because kernels written for ILGPU size their shared memory for that.
    /// </summary>
    public const int WarpSize = 32;
}
