using System.Reflection;
using System.Runtime.InteropServices;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Passes;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>Values of the host that are constants in the kernel: static readonly fields, specialised parameters.</summary>
internal static class HostValues
{
    private const int MostTableBytes = 4096;

    /// <summary>A boxed struct or number, taken apart like every value.</summary>
    public static StackValue ToConstants(object value)
    {
        TypeLayout layout = TypeLayout.Of(value.GetType());
        if (layout.HasPointers)
        {
            // the only views that a kernel can take from a static field are empty ones
            return value.Equals(Activator.CreateInstance(value.GetType()))
                ? KernelBuilder.Zero(value.GetType())
                : throw new RefusedException($"a constant of type {Names.Of(value.GetType())} holds a view of a buffer; pass it as a parameter");
        }
        byte[] bytes = Bytes(value, layout);
        return new StackValue(value.GetType(), [.. layout.Leaves.Select(leaf => Read(bytes.AsSpan(leaf.Offset), leaf))]);
    }

    /// <summary>
    /// The numbers behind a `ReadOnlySpan&lt;T&gt; Table => [1, 2, 3]`, written into memory of the thread; where they are read at
    /// constant places nothing of it remains.
    /// </summary>
    public static Allocation Table(KernelBuilder builder, FieldInfo field, int elementSize)
    {
        object data = field.GetValue(null)!;
        MethodInfo copy = typeof(HostValues).GetMethod(nameof(Copy), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(data.GetType());
        byte[] bytes = (byte[])copy.Invoke(null, [data])!;
        if (bytes.Length > MostTableBytes)
        {
            throw new RefusedException($"a table of {bytes.Length} bytes is too large for the memory of a thread; pass it as a view");
        }
        Allocation memory = new(AddressSpace.Local, bytes.Length, 8);
        builder.Function.Allocations.Add(memory);
        ScalarType type = new(elementSize switch { 1 => ScalarKind.Int8, 2 => ScalarKind.Int16, 4 => ScalarKind.Int32, _ => ScalarKind.Int64 });
        Span<byte> wide = stackalloc byte[8];
        for (int at = 0; at < bytes.Length; at += elementSize)
        {
            bytes.AsSpan(at, elementSize).CopyTo(wide);
            builder.Emit(new Store(builder.Emit(new PointerOffset(memory, at)), ConstantFolding.Make(type, MemoryMarshal.Read<long>(wide))));
        }
        return memory;
    }

    private static Value Read(ReadOnlySpan<byte> bytes, Leaf leaf) => ConstantFolding.Make(leaf.Stack, leaf.Memory.Size switch
    {
        1 => leaf.Unsigned ? bytes[0] : (sbyte)bytes[0],
        2 => leaf.Unsigned ? MemoryMarshal.Read<ushort>(bytes) : MemoryMarshal.Read<short>(bytes),
        4 => MemoryMarshal.Read<int>(bytes),
        _ => MemoryMarshal.Read<long>(bytes),
    });

    private static byte[] Bytes(object value, TypeLayout layout)
    {
        MethodInfo copy = typeof(HostValues).GetMethod(nameof(Copy), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(value.GetType());
        byte[] bytes = (byte[])copy.Invoke(null, [value])!;
        return bytes.Length == layout.Size ? bytes : throw new InvalidOperationException($"{value.GetType()}: {bytes.Length} bytes, {layout.Size} expected");
    }

    private static byte[] Copy<T>(T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();
}
