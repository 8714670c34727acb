using System.Reflection;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend.Intrinsics;

/// <summary>Methods that the compiler knows by name; all others are translated from their IL.</summary>
internal static class IntrinsicTable
{
    private static readonly Dictionary<string, Intrinsic> Table = new([
        .. ViewIntrinsics.Table,
        .. GridIntrinsics.Table,
        .. WarpIntrinsics.Table,
        .. MemoryIntrinsics.Table,
        .. AtomicIntrinsics.Table,
        .. MathIntrinsics.Table,
        .. RuntimeIntrinsics.Table,
    ]);

    public static Intrinsic? Find(MethodBase method)
    {
        if (Table.TryGetValue(Names.Key(method), out Intrinsic? intrinsic))
        {
            return intrinsic;
        }
        if (IsIgnored(method))
        {
            return _ => null;
        }
        // SIMD of the processor: the runtime's own code asks first, and has a plain way besides
        return method.Name is "get_IsSupported" or "get_IsHardwareAccelerated" && method.DeclaringType!.Namespace?.StartsWith("System.Runtime.Intrinsics", StringComparison.Ordinal) == true
            ? call => call.Return(Constant.Bool(false))
            : null;
    }

    /// <summary>Checks that only managed code makes.</summary>
    private static bool IsIgnored(MethodBase method) =>
        method.CustomAttributes.Any(attribute => attribute.AttributeType.FullName == "ILGPU.KernelIgnoredAttribute");
}
