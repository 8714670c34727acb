namespace Managed.Tests.Ptx;

/// <summary>How a type may be used: bits go with everything of their size, numbers only with their own kind.</summary>
internal enum TypeKind { Predicate, Bits, Unsigned, Signed, Float, Packed }

/// <summary>A fundamental or packed PTX type.</summary>
/// <param name="Name">Spelling without the dot.</param>
/// <param name="Bytes">Size; 0 for a predicate.</param>
/// <param name="Clr">The C# type that has its arithmetic; null where operations work on bits.</param>
internal sealed record ScalarType(string Name, int Bytes, TypeKind Kind, Type? Clr)
{
    public static readonly ScalarType Predicate = new("pred", 0, TypeKind.Predicate, null);

    private static readonly Dictionary<string, ScalarType> Table = new ScalarType[]
    {
        Predicate,
        new("b8", 1, TypeKind.Bits, typeof(byte)), new("u8", 1, TypeKind.Unsigned, typeof(byte)), new("s8", 1, TypeKind.Signed, typeof(sbyte)),
        new("b16", 2, TypeKind.Bits, typeof(ushort)), new("u16", 2, TypeKind.Unsigned, typeof(ushort)), new("s16", 2, TypeKind.Signed, typeof(short)),
        new("b32", 4, TypeKind.Bits, typeof(uint)), new("u32", 4, TypeKind.Unsigned, typeof(uint)), new("s32", 4, TypeKind.Signed, typeof(int)),
        new("b64", 8, TypeKind.Bits, typeof(ulong)), new("u64", 8, TypeKind.Unsigned, typeof(ulong)), new("s64", 8, TypeKind.Signed, typeof(long)),
        new("b128", 16, TypeKind.Bits, null),
        new("f16", 2, TypeKind.Float, typeof(Half)), new("bf16", 2, TypeKind.Float, null),
        new("f32", 4, TypeKind.Float, typeof(float)), new("f64", 8, TypeKind.Float, typeof(double)), new("tf32", 4, TypeKind.Packed, null),
        new("f16x2", 4, TypeKind.Packed, null), new("bf16x2", 4, TypeKind.Packed, null), new("u16x2", 4, TypeKind.Packed, null), new("s16x2", 4, TypeKind.Packed, null),
        new("e4m3x2", 2, TypeKind.Packed, null), new("e5m2x2", 2, TypeKind.Packed, null),
        new("e4m3", 1, TypeKind.Packed, null), new("e5m2", 1, TypeKind.Packed, null),
    }.ToDictionary(type => type.Name);

    /// <summary>Types a register may be declared with.</summary>
    private static readonly HashSet<string> RegisterTypes =
        ["pred", "b16", "u16", "s16", "b32", "u32", "s32", "b64", "u64", "s64", "b128", "f16", "f16x2", "f32", "f64", "b8", "u8", "s8"];

    public bool IsSigned => Kind == TypeKind.Signed;

    public bool IsFloat => Kind == TypeKind.Float;

    public bool IsInteger => Kind is TypeKind.Signed or TypeKind.Unsigned;

    public static ScalarType? Find(string name) => Table.GetValueOrDefault(name);

    public static ScalarType? FindForRegister(string name) => RegisterTypes.Contains(name) ? Table[name] : null;

    /// <summary>Whether a register may stand where an instruction wants this type: the same size, and the same kind or bits on either side.</summary>
    public bool Accepts(ScalarType register)
    {
        if (Kind == TypeKind.Predicate || register.Kind == TypeKind.Predicate)
            return Kind == register.Kind;
        if (Bytes != register.Bytes)
            return false;
        if (Kind == TypeKind.Bits || register.Kind == TypeKind.Bits)
            return true;
        if (IsInteger)
            return register.IsInteger;
        return Kind == TypeKind.Packed ? register.Name == Name : register.IsFloat && (register.Name == Name || Bytes > 2);
    }

    /// <summary>The relaxed rule of loads, stores and conversions: integers and bits may lie in a wider register.</summary>
    public bool AcceptsWider(ScalarType register) =>
        Accepts(register)
        || (IsWhole && register.IsWhole && register.Bytes > Bytes);

    private bool IsWhole => Kind is TypeKind.Bits or TypeKind.Signed or TypeKind.Unsigned;

    public override string ToString() => "." + Name;
}
