using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>A scalar inside a value type.</summary>
/// <param name="Memory">Its type in memory.</param>
/// <param name="Unsigned">How a small integer is widened when it is loaded.</param>
/// <param name="Offset">Bytes from the start of the whole.</param>
/// <param name="Path">Names of the fields that lead to it, for reading.</param>
/// <param name="Type">Its C# type.</param>
internal readonly record struct Leaf(ScalarType Memory, bool Unsigned, int Offset, string Path, Type Type)
{
    /// <summary>Its type as a value: integers below 32 bits are Int32, as on IL's stack.</summary>
    public ScalarType Stack => Memory.Kind is ScalarKind.Int8 or ScalarKind.Int16 ? ScalarType.Int32 : Memory;
}

/// <summary>
/// How a type is taken apart into scalars, and where those lie in memory. Structs lie as .NET lays out blittable ones;
/// ArrayView and references are device pointers.
/// </summary>
internal sealed class TypeLayout
{
    /// <summary>More scalars than this in one value are a mistake rather than a struct.</summary>
    private const int MostLeaves = 4096;

    private static readonly ConcurrentDictionary<Type, TypeLayout> Known = new();

    private readonly Dictionary<string, (int Offset, int FirstLeaf, TypeLayout Layout)> _fields = [];

    private TypeLayout(Type type) => Type = type;

    public Type Type { get; }

    public int Size { get; private set; }

    public int Alignment { get; private set; } = 1;

    /// <summary>Holds pointers, so that the host's bytes are not the device's.</summary>
    public bool HasPointers { get; private set; }

    public Leaf[] Leaves { get; private set; } = [];

    /// <summary>
    /// The size, for memory that the host sees too; throws <see cref="RefusedException"/> where .NET lays the type out in its own way.
    /// </summary>
    public int SizeInHost
    {
        get
        {
            if (!HasPointers && !Type.IsByRefLike && Type.IsValueType && MeasureInHost(Type) is int host && host != Size)
            {
                throw new RefusedException($"{Names.Of(Type)} takes {host} bytes in .NET but its fields in order take {Size}; give it [StructLayout(LayoutKind.Sequential)]");
            }
            return Size;
        }
    }

    /// <summary>The layout of a type; throws <see cref="RefusedException"/> where a device cannot hold it.</summary>
    public static TypeLayout Of(Type type) => Known.TryGetValue(type, out TypeLayout? known) ? known : Known[type] = Create(type);

    /// <summary>Offset, index of the first scalar and layout of a field.</summary>
    public (int Offset, int FirstLeaf, TypeLayout Layout) Field(FieldInfo field) =>
        _fields.TryGetValue(field.Name, out (int, int, TypeLayout) found) ? found
            : throw new RefusedException($"the field {field.Name} of {Names.Of(Type)} is not one that kernels know");

    public static bool IsView(Type type) => type.IsGenericType && type.GetGenericTypeDefinition().FullName == "ILGPU.ArrayView`1";

    private static TypeLayout Create(Type type)
    {
        TypeLayout layout = new(type);
        if (Scalar(type) is (ScalarType scalar, bool unsigned))
        {
            layout.Leaves = scalar.Kind == ScalarKind.Void ? [] : [new Leaf(scalar, unsigned, 0, "", type)];
            layout.Size = layout.Alignment = scalar.Size;
            layout.HasPointers = scalar.IsPointer;
        }
        else if (IsView(type))
        {
            layout.Leaves =
            [
                new Leaf(ScalarType.PointerTo(AddressSpace.Generic), false, 0, "Pointer", type.GetGenericArguments()[0].MakeByRefType()),
                new Leaf(ScalarType.Int64, false, 8, "Length", typeof(long)),
            ];
            (layout.Size, layout.Alignment, layout.HasPointers) = (16, 8, true);
        }
        else if (type.IsValueType)
        {
            layout.AddFields();
        }
        else
        {
            throw new RefusedException($"{Names.Of(type)} is a class; kernels work with structs, primitive types and views");
        }
        return layout;
    }

    private void AddFields()
    {
        if (Type.ContainsGenericParameters)
        {
            throw new RefusedException($"{Names.Of(Type)} has open type parameters");
        }
        List<Leaf> leaves = [];
        StructLayoutAttribute attribute = Type.StructLayoutAttribute!;
        int packing = attribute.Pack == 0 ? 8 : attribute.Pack, end = 0;
        int repeat = Type.GetCustomAttribute<InlineArrayAttribute>()?.Length ?? 1;
        foreach (FieldInfo field in Type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .OrderBy(field => field.MetadataToken))
        {
            FixedBufferAttribute? buffer = field.GetCustomAttribute<FixedBufferAttribute>();
            TypeLayout layout = Of(buffer?.ElementType ?? field.FieldType);
            int alignment = Math.Min(layout.Alignment, packing);
            int offset = attribute.Value == LayoutKind.Explicit
                ? field.GetCustomAttribute<FieldOffsetAttribute>()!.Value
                : (end + alignment - 1) / alignment * alignment;
            int count = buffer?.Length ?? repeat;
            _fields[field.Name] = (offset, leaves.Count, layout);
            if (count * (long)layout.Leaves.Length + leaves.Count > MostLeaves)
            {
                throw new RefusedException($"{Names.Of(Type)} holds more than {MostLeaves} scalars; use shared memory or LocalMemory");
            }
            for (int i = 0; i < count; i++)
            {
                string name = FieldName(field) + (count > 1 ? $"[{i}]" : "");
                foreach (Leaf leaf in layout.Leaves)
                {
                    leaves.Add(leaf with { Offset = offset + i * layout.Size + leaf.Offset, Path = leaf.Path == "" ? name : $"{name}.{leaf.Path}" });
                }
            }
            end = Math.Max(end, offset + count * layout.Size);
            Alignment = Math.Max(Alignment, alignment);
            HasPointers |= layout.HasPointers;
        }
        Size = Math.Max(1, Math.Max(attribute.Size, (end + Alignment - 1) / Alignment * Alignment));
        Leaves = [.. leaves];
    }

    private static string FieldName(FieldInfo field) =>
        field.Name.StartsWith('<') ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name;

    private static int MeasureInHost(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static (ScalarType Type, bool Unsigned)? Scalar(Type type)
    {
        if (type.IsByRef || type.IsPointer)
        {
            return (ScalarType.PointerTo(AddressSpace.Generic), false);
        }
        if (type.IsEnum)
        {
            type = type.GetEnumUnderlyingType();
        }
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => (ScalarType.Int8, true),
            TypeCode.SByte => (ScalarType.Int8, false),
            TypeCode.Byte => (ScalarType.Int8, true),
            TypeCode.Int16 => (ScalarType.Int16, false),
            TypeCode.UInt16 or TypeCode.Char => (ScalarType.Int16, true),
            TypeCode.Int32 => (ScalarType.Int32, false),
            TypeCode.UInt32 => (ScalarType.Int32, true),
            TypeCode.Int64 => (ScalarType.Int64, false),
            TypeCode.UInt64 => (ScalarType.Int64, true),
            TypeCode.Single => (ScalarType.Float32, false),
            TypeCode.Double => (ScalarType.Float64, false),
            _ when type == typeof(nint) => (ScalarType.Int64, false),
            _ when type == typeof(nuint) => (ScalarType.Int64, true),
            _ when type == typeof(void) => (ScalarType.Void, false),
            _ => null,
        };
    }
}
