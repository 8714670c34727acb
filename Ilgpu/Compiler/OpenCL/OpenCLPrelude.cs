using System.Text;

namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>What stands before every kernel: extensions, no contraction of multiply and add, types of memory that may alias.</summary>
internal static class OpenCLPrelude
{
    public static void Write(StringBuilder text, bool usesFloat64, bool usesInt64Atomics)
    {
        if (usesFloat64)
        {
            text.Append("#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n");
        }
        if (usesInt64Atomics)
        {
            text.Append("#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable\n");
            text.Append("#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics : enable\n");
        }
        text.Append("#pragma OPENCL FP_CONTRACT OFF\n");
        text.Append("#ifdef __clang__\n#define MAY_ALIAS __attribute__((may_alias))\n#else\n#define MAY_ALIAS\n#endif\n");
        foreach (string type in (ReadOnlySpan<string>)["uchar", "ushort", "uint", "ulong", "float", .. usesFloat64 ? ["double"] : Array.Empty<string>()])
        {
            text.Append($"typedef {type} m_{type} MAY_ALIAS; typedef {type}2 m_{type}2 MAY_ALIAS; typedef {type}4 m_{type}4 MAY_ALIAS;\n");
        }
    }
}
