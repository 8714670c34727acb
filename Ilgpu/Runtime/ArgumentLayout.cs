using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace ILGPU.Runtime;

/// <summary>How a value of a type is taken apart into the flat scalars of a kernel's parameters. Found once for each type.</summary>
/// <typeparam name="T">The parameter's type.</typeparam>
internal static class ArgumentLayout<T>
    where T : struct
{
    /// <summary>The scalars, in the order of declaration.</summary>
    public static readonly Leaf[] Leaves = ArgumentLayout.Find(typeof(T));

    /// <summary>Whether it is a <see cref="SpecializedValue{T}"/>.</summary>
    public static readonly bool IsSpecialised = typeof(ISpecialized).IsAssignableFrom(typeof(T));

    /// <summary>Writes each scalar into a slot of its own, and the buffers of views beside them (unless the span is empty); returns how many slots it took.</summary>
    public static int Write(ref T value, Span<long> slots, Span<MemoryBuffer?> buffers)
    {
        ref byte start = ref Unsafe.As<T, byte>(ref value);
        Leaf[] leaves = Leaves;
        for (int i = 0; i < leaves.Length; i++)
        {
            ref readonly Leaf leaf = ref leaves[i];
            ref byte at = ref Unsafe.AddByteOffset(ref start, leaf.Offset);
            slots[i] = leaf.Size switch
            {
                1 => at,
                2 => Unsafe.ReadUnaligned<ushort>(ref at),
                4 => Unsafe.ReadUnaligned<uint>(ref at),
                _ => Unsafe.ReadUnaligned<long>(ref at),
            };
            if (!buffers.IsEmpty)
            {
                buffers[i] = leaf.BufferOffset < 0
                    ? null
                    : Unsafe.As<byte, MemoryBuffer?>(ref Unsafe.AddByteOffset(ref start, leaf.BufferOffset));
            }
        }
        return leaves.Length;
    }
}

/// <summary>A scalar within a value.</summary>
/// <param name="Offset">Bytes from the value's start.</param>
/// <param name="Size">1, 2, 4 or 8 bytes.</param>
/// <param name="BufferOffset">For a view's pointer, where its buffer's reference lies; else −1.</param>
/// <param name="Path">For messages: the fields that lead to it.</param>
internal readonly record struct Leaf(nint Offset, int Size, nint BufferOffset, string Path);

/// <summary>Finds the scalars of types.</summary>
internal static class ArgumentLayout
{
    private delegate long OffsetOf<T>(ref T value);

    /// <summary>The scalars of a type, in the order of declaration.</summary>
    public static Leaf[] Find(Type type)
    {
        List<Leaf> leaves = [];
        Collect(type, type, [], leaves);
        return [.. leaves];
    }

    /// <summary>The instance fields of a type in the order of declaration.</summary>
    public static FieldInfo[] Fields(Type type)
        => [.. type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(field => field.MetadataToken)];

    private static void Collect(Type root, Type type, FieldInfo[] path, List<Leaf> leaves)
    {
        if (ScalarSize(type) is > 0 and int size)
        {
            leaves.Add(new(Offset(root, path), size, -1, Name(path)));
            return;
        }
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>))
        {
            FieldInfo Field(string name) => type.GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!;
            leaves.Add(new(Offset(root, [.. path, Field("pointer")]), 8, Offset(root, [.. path, Field("buffer")]), Name(path)));
            leaves.Add(new(Offset(root, [.. path, Field("length")]), 8, -1, Name(path) + ".Length"));
            return;
        }
        if (!type.IsValueType)
        {
            throw new NotSupportedException(
                $"{root.Name}{(path.Length == 0 ? "" : "." + Name(path))} is a {type.Name}: kernel parameters hold numbers, structs of them and views, no objects.");
        }
        FieldInfo[] fields = Fields(type);
        if (type.GetCustomAttribute<InlineArrayAttribute>() is { } inlineArray)
        {
            Repeat(root, fields[0].FieldType, [.. path, fields[0]], inlineArray.Length, SizeOf(type) / inlineArray.Length, leaves);
            return;
        }
        foreach (FieldInfo field in fields)
        {
            if (field.GetCustomAttribute<FixedBufferAttribute>() is { } buffer)
            {
                FieldInfo first = Fields(field.FieldType)[0];
                Repeat(root, buffer.ElementType, [.. path, field, first], buffer.Length, SizeOf(buffer.ElementType), leaves);
                continue;
            }
            Collect(root, field.FieldType, [.. path, field], leaves);
        }
    }

    /// <summary>Elements side by side, of which the path leads to the first.</summary>
    private static void Repeat(Type root, Type element, FieldInfo[] path, int count, int stride, List<Leaf> leaves)
    {
        int start = leaves.Count;
        Collect(root, element, path, leaves);
        Leaf[] first = [.. leaves.Skip(start)];
        for (int i = 1; i < count; i++)
        {
            leaves.AddRange(first.Select(leaf => leaf with
            {
                Offset = leaf.Offset + (i * stride),
                BufferOffset = leaf.BufferOffset < 0 ? -1 : leaf.BufferOffset + (i * stride),
                Path = $"{leaf.Path}[{i}]",
            }));
        }
    }

    private static string Name(FieldInfo[] path) => string.Join(".", path.Select(field => field.Name));

    /// <summary>Bytes of a type that is one scalar, else 0.</summary>
    private static int ScalarSize(Type type)
    {
        if (type.IsPointer || type == typeof(nint) || type == typeof(nuint))
        {
            return 8;
        }
        if (type == typeof(System.Half))
        {
            return 2;
        }
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean or TypeCode.SByte or TypeCode.Byte => 1,
            TypeCode.Char or TypeCode.Int16 or TypeCode.UInt16 => 2,
            TypeCode.Int32 or TypeCode.UInt32 or TypeCode.Single => 4,
            TypeCode.Int64 or TypeCode.UInt64 or TypeCode.Double => 8,
            _ => 0,
        };
    }

    private static int SizeOf(Type type)
        => (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    /// <summary>Bytes from the start of a value to a field within it, asked of the runtime, which lays out structs with references as it likes.</summary>
    private static nint Offset(Type root, FieldInfo[] path)
    {
        if (path.Length == 0)
        {
            return 0;
        }
        DynamicMethod method = new("OffsetOf", typeof(long), [root.MakeByRefType()], typeof(ArgumentLayout).Module, skipVisibility: true);
        ILGenerator il = method.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        foreach (FieldInfo field in path)
        {
            il.Emit(OpCodes.Ldflda, field);
        }
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Conv_I8);
        il.Emit(OpCodes.Ret);
        Delegate offset = method.CreateDelegate(typeof(OffsetOf<>).MakeGenericType(root));
        return (nint)(long)Measure.MakeGenericMethod(root).Invoke(null, [offset])!;
    }

    private static readonly MethodInfo Measure = typeof(ArgumentLayout).GetMethod(nameof(MeasureOn), BindingFlags.Static | BindingFlags.NonPublic)!;

    private static long MeasureOn<T>(OffsetOf<T> offset)
        where T : struct
    {
        T value = default;
        return offset(ref value);
    }
}
