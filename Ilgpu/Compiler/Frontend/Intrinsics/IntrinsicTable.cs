using System.Reflection;

namespace Managed.Ilgpu.Compiler.Frontend.Intrinsics;

/// <summary>Methods that the compiler knows by name; all others are translated from their IL.</summary>
internal static class IntrinsicTable
{
    private static readonly Dictionary<string, Intrinsic> Table = new([
        .. ViewIntrinsics.Table,
        .. GridIntrinsics.Table,
    ]);

    public static Intrinsic? Find(MethodBase method) => Table.GetValueOrDefault(Names.Key(method));
}
