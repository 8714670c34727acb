namespace Managed.Loader;

/// <summary>How many elements share a block of a tensor type, and how many bytes the block takes.</summary>
/// <param name="Type">The type.</param>
/// <param name="Name">The type's name: ggml's, or that of the safetensors dtype.</param>
/// <param name="BlockElements">Elements in a block; 1 for plain types.</param>
/// <param name="BlockBytes">Bytes in a block.</param>
/// <param name="GgufId">Number of the type in GGUF files, or null where GGUF has none.</param>
/// <param name="InSafetensors">Whether safetensors files may hold it, under <paramref name="Name"/>.</param>
internal sealed record TensorTypeInfo(TensorType Type, string Name, int BlockElements, int BlockBytes, int? GgufId, bool InSafetensors)
{
    public bool IsPlain => BlockElements == 1;
}

/// <summary>The sizes and names of every tensor type.</summary>
internal static class TensorTypes
{
    private static readonly TensorTypeInfo[] s_all =
    [
        Plain(TensorType.F32, 4), Plain(TensorType.F16, 2), Plain(TensorType.BF16, 2), Plain(TensorType.F64, 8),
        Plain(TensorType.I8, 1), Plain(TensorType.I16, 2), Plain(TensorType.I32, 4), Plain(TensorType.I64, 8),
        Block(TensorType.Q4_0, 32, 18), Block(TensorType.Q4_1, 32, 20), Block(TensorType.Q5_0, 32, 22), Block(TensorType.Q5_1, 32, 24),
        Block(TensorType.Q8_0, 32, 34), Block(TensorType.Q8_1, 32, 36),
        Block(TensorType.Q2_K, 256, 84), Block(TensorType.Q3_K, 256, 110), Block(TensorType.Q4_K, 256, 144),
        Block(TensorType.Q5_K, 256, 176), Block(TensorType.Q6_K, 256, 210), Block(TensorType.Q8_K, 256, 292),
        Block(TensorType.IQ2_XXS, 256, 66), Block(TensorType.IQ2_XS, 256, 74), Block(TensorType.IQ2_S, 256, 82),
        Block(TensorType.IQ3_XXS, 256, 98), Block(TensorType.IQ3_S, 256, 110), Block(TensorType.IQ1_S, 256, 50),
        Block(TensorType.IQ1_M, 256, 56), Block(TensorType.IQ4_NL, 32, 18), Block(TensorType.IQ4_XS, 256, 136),
        Block(TensorType.TQ1_0, 256, 54), Block(TensorType.TQ2_0, 256, 66),
        Block(TensorType.MXFP4, 32, 17), Block(TensorType.NVFP4, 64, 36), Block(TensorType.Q1_0, 128, 18),
        Safetensors(TensorType.U8, "U8", 1), Safetensors(TensorType.U16, "U16", 2), Safetensors(TensorType.U32, "U32", 4),
        Safetensors(TensorType.U64, "U64", 8), Safetensors(TensorType.Bool, "BOOL", 1),
        Safetensors(TensorType.F8_E4M3, "F8_E4M3", 1), Safetensors(TensorType.F8_E5M2, "F8_E5M2", 1),
    ];

    private static readonly TensorTypeInfo?[] s_byType = ByNumber(info => (int)info.Type);

    private static readonly TensorTypeInfo?[] s_byGgufId = ByNumber(info => info.GgufId);

    public static IReadOnlyList<TensorTypeInfo> All => s_all;

    public static TensorTypeInfo Of(TensorType type) => s_byType[(int)type]!;

    /// <summary>The type under a GGUF id, or null.</summary>
    public static TensorTypeInfo? FromGguf(uint id) => id < s_byGgufId.Length ? s_byGgufId[id] : null;

    /// <summary>The name of a type that ggml removed, or null.</summary>
    public static string? RemovedFromGguf(uint id) => id switch
    {
        4 => "Q4_2",
        5 => "Q4_3",
        31 => "Q4_0_4_4",
        32 => "Q4_0_4_8",
        33 => "Q4_0_8_8",
        36 => "IQ4_NL_4_4",
        37 => "IQ4_NL_4_8",
        38 => "IQ4_NL_8_8",
        _ => null,
    };

    /// <summary>The type of a safetensors dtype, or null.</summary>
    public static TensorTypeInfo? FromSafetensors(string dtype) =>
        Array.Find(s_all, info => info.InSafetensors && info.Name == dtype);

    /// <summary>Bytes that a tensor takes; throws <see cref="OverflowException"/> where they exceed 63 bits.</summary>
    /// <remarks>Rows are blocked one by one, so the innermost size must be a whole number of blocks.</remarks>
    public static long ByteCount(TensorType type, ReadOnlySpan<long> shape)
    {
        TensorTypeInfo info = Of(type);
        long innermost = shape.IsEmpty ? 1 : shape[^1];
        if (innermost % info.BlockElements != 0)
            throw new ArgumentException($"rows of {innermost} elements are not whole {info.Name} blocks of {info.BlockElements}");
        long bytes = checked(innermost / info.BlockElements * info.BlockBytes);
        for (int axis = 0; axis < shape.Length - 1; axis++)
            bytes = checked(bytes * shape[axis]);
        return bytes;
    }

    private static TensorTypeInfo?[] ByNumber(Func<TensorTypeInfo, int?> number)
    {
        TensorTypeInfo?[] table = [];
        foreach (TensorTypeInfo info in s_all)
            if (number(info) is { } at)
            {
                Array.Resize(ref table, Math.Max(table.Length, at + 1));
                table[at] = info;
            }
        return table;
    }

    private static TensorTypeInfo Plain(TensorType type, int bytes) => new(type, type.ToString(), 1, bytes, (int)type, true);

    private static TensorTypeInfo Block(TensorType type, int elements, int bytes) => new(type, type.ToString(), elements, bytes, (int)type, false);

    private static TensorTypeInfo Safetensors(TensorType type, string name, int bytes) => new(type, name, 1, bytes, null, true);
}
