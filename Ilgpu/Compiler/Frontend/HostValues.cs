using System.Reflection;
using System.Runtime.InteropServices;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Passes;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>Values of the host that are constants in the kernel: static readonly fields, specialised parameters.</summary>
internal static class HostValues
{
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
