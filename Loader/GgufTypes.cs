namespace Managed.Loader;

/// <summary>The sizes of GGUF's value types and the .NET types that hold them.</summary>
internal static class GgufTypes
{
    private static readonly (GgufValueType Type, Type Clr, int Bytes)[] s_all =
    [
        (GgufValueType.UInt8, typeof(byte), 1), (GgufValueType.Int8, typeof(sbyte), 1),
        (GgufValueType.UInt16, typeof(ushort), 2), (GgufValueType.Int16, typeof(short), 2),
        (GgufValueType.UInt32, typeof(uint), 4), (GgufValueType.Int32, typeof(int), 4),
        (GgufValueType.Float32, typeof(float), 4), (GgufValueType.Bool, typeof(bool), 1),
        (GgufValueType.String, typeof(string), 0), (GgufValueType.Array, typeof(Array), 0),
        (GgufValueType.UInt64, typeof(ulong), 8), (GgufValueType.Int64, typeof(long), 8),
        (GgufValueType.Float64, typeof(double), 8),
    ];

    public static bool IsKnown(uint id) => id < s_all.Length;

    /// <summary>Bytes of a scalar; 0 for strings and arrays, whose size varies.</summary>
    public static int ByteCount(GgufValueType type) => s_all[(int)type].Bytes;

    /// <summary>The value type that holds a .NET type.</summary>
    public static GgufValueType Of(Type clr)
    {
        foreach (var (type, held, _) in s_all)
            if (held == clr)
                return type;
        throw new ArgumentException($"GGUF has no value type for {clr}", nameof(clr));
    }
}
