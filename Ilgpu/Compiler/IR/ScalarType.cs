namespace Managed.Ilgpu.Compiler.IR;

/// <summary>What a scalar is made of. Signedness is a matter of operations, not of types, as in IL.</summary>
internal enum ScalarKind : byte
{
    Void,
    /// <summary>A predicate: the result of a comparison. IL's Boolean in memory is an Int8.</summary>
    Bool,
    /// <summary>Only in memory and as the source or target of a conversion; arithmetic begins at Int32, as in IL.</summary>
    Int8,
    /// <inheritdoc cref="Int8"/>
    Int16,
    Int32,
    Int64,
    /// <summary>Only in memory and conversions: half arithmetic is done in Float32 and rounded.</summary>
    Float16,
    Float32,
    Float64,
    Pointer,
}

/// <summary>Where a pointer points. Generic pointers are allowed only where a space cannot be inferred.</summary>
internal enum AddressSpace : byte
{
    Generic,
    Global,
    Shared,
    Local,
}

/// <summary>The type of an SSA value: always one scalar; structs, views and references are taken apart by the front end.</summary>
internal readonly record struct ScalarType(ScalarKind Kind, AddressSpace Space = AddressSpace.Generic)
{
    public static readonly ScalarType Void = new(ScalarKind.Void);
    public static readonly ScalarType Bool = new(ScalarKind.Bool);
    public static readonly ScalarType Int8 = new(ScalarKind.Int8);
    public static readonly ScalarType Int16 = new(ScalarKind.Int16);
    public static readonly ScalarType Int32 = new(ScalarKind.Int32);
    public static readonly ScalarType Int64 = new(ScalarKind.Int64);
    public static readonly ScalarType Float16 = new(ScalarKind.Float16);
    public static readonly ScalarType Float32 = new(ScalarKind.Float32);
    public static readonly ScalarType Float64 = new(ScalarKind.Float64);

    public static ScalarType PointerTo(AddressSpace space) => new(ScalarKind.Pointer, space);

    public bool IsInteger => Kind is >= ScalarKind.Int8 and <= ScalarKind.Int64;

    public bool IsFloat => Kind is ScalarKind.Float16 or ScalarKind.Float32 or ScalarKind.Float64;

    public bool IsPointer => Kind == ScalarKind.Pointer;

    /// <summary>Bytes in memory; a predicate is kept as one byte.</summary>
    public int Size => Kind switch
    {
        ScalarKind.Void => 0,
        ScalarKind.Bool or ScalarKind.Int8 => 1,
        ScalarKind.Int16 or ScalarKind.Float16 => 2,
        ScalarKind.Int32 or ScalarKind.Float32 => 4,
        _ => 8,
    };

    public override string ToString() => Kind switch
    {
        ScalarKind.Pointer => $"ptr.{Space.ToString().ToLowerInvariant()}",
        ScalarKind.Void => "void",
        ScalarKind.Bool => "i1",
        ScalarKind.Float16 or ScalarKind.Float32 or ScalarKind.Float64 => $"f{Size * 8}",
        _ => $"i{Size * 8}",
    };
}
