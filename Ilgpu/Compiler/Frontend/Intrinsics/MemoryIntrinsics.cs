using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend.Intrinsics;

/// <summary>Shared and local memory, fences, and references as the runtime's own libraries handle them.</summary>
internal static class MemoryIntrinsics
{
    private const string Unsafe = "System.Runtime.CompilerServices.Unsafe.";
    private const string Span = "System.Span`1.";
    private const string ReadOnlySpan = "System.ReadOnlySpan`1.";

    public static IEnumerable<KeyValuePair<string, Intrinsic>> Table => new Dictionary<string, Intrinsic>
    {
        ["ILGPU.SharedMemory.Allocate"] = call => Allocate(call, AddressSpace.Shared),
        ["ILGPU.LocalMemory.Allocate"] = call => Allocate(call, AddressSpace.Local),
        ["ILGPU.SharedMemory.GetDynamic"] = GetDynamic,
        ["ILGPU.MemoryFence.GroupLevel"] = call => Fence(call, FenceScope.Group),
        ["ILGPU.MemoryFence.DeviceLevel"] = call => Fence(call, FenceScope.Device),
        ["ILGPU.MemoryFence.SystemLevel"] = call => Fence(call, FenceScope.System),
        ["System.Threading.Thread.MemoryBarrier"] = call => Fence(call, FenceScope.System),
        ["System.Threading.Interlocked.MemoryBarrier"] = call => Fence(call, FenceScope.System),
        ["System.Threading.Volatile.Read"] = call => call.Builder.Load(call.Scalar(0), call.ReturnType, MemoryAccess.Volatile),
        ["System.Threading.Volatile.Write"] = VolatileWrite,
        ["Managed.Ilgpu.Extensions.ReadOnly.Load"] = call => call.Builder.Load(call.Scalar(0), call.GenericArgument(), MemoryAccess.ReadOnly),
        ["Managed.Ilgpu.Extensions.ReadOnly.LoadOnce"] = call =>
            call.Builder.Load(call.Scalar(0), call.GenericArgument(), MemoryAccess.ReadOnly | MemoryAccess.Streaming),
        // Assemblers take the liberty to move reads through the read-only path behind anything.
        ["Managed.Ilgpu.Extensions.ReadOnly.LoadOnceAhead"] = call => call.Builder.Load(call.Scalar(0), call.GenericArgument(), MemoryAccess.Streaming),

        [Unsafe + "SizeOf"] = call => call.Return(Constant.Int32(TypeLayout.Of(call.GenericArgument()).Size)),
        [Unsafe + "As"] = call => new StackValue(call.ReturnType, call.Scalar(0)),
        [Unsafe + "AsRef"] = call => new StackValue(call.ReturnType, call.Scalar(0)),
        [Unsafe + "AsPointer"] = call => new StackValue(call.ReturnType, call.Scalar(0)),
        [Unsafe + "Add"] = call => Step(call, TypeLayout.Of(call.GenericArgument()).Size),
        [Unsafe + "Subtract"] = call => Step(call, -TypeLayout.Of(call.GenericArgument()).Size),
        [Unsafe + "AddByteOffset"] = call => Step(call, 1),
        [Unsafe + "SubtractByteOffset"] = call => Step(call, -1),
        [Unsafe + "ByteOffset"] = ByteOffset,
        [Unsafe + "AreSame"] = call => call.Return(call.Emit(new Compare(CompareOp.Equal, call.Scalar(0), call.Scalar(1)))),
        [Unsafe + "IsNullRef"] = call => call.Return(call.Emit(new Compare(
            CompareOp.Equal, call.Emit(new Reinterpret(call.Scalar(0), ScalarType.Int64)), Constant.Int64(0)))),
        [Unsafe + "NullRef"] = call => new StackValue(call.ReturnType, new Constant(ScalarType.PointerTo(AddressSpace.Generic), 0)),
        [Unsafe + "SkipInit"] = _ => null,
        [Unsafe + "Read"] = call => call.Builder.Load(call.Scalar(0), call.ReturnType),
        [Unsafe + "Write"] = Write,
        [Unsafe + "BitCast"] = BitCast,

        ["System.Runtime.CompilerServices.RuntimeHelpers.CreateSpan"] = TableSpan,
        ["Managed.Ilgpu.Extensions.SpanChecks.Begin"] = BeginChecks,
        ["Managed.Ilgpu.Extensions.SpanChecks.End"] = EndChecks,
        [Span + "get_Item"] = SpanItem,
        [ReadOnlySpan + "get_Item"] = SpanItem,
        [Span + "Slice"] = Slice,
        [ReadOnlySpan + "Slice"] = Slice,
    };

    private static StackValue? Allocate(IntrinsicCall call, AddressSpace space)
    {
        if (call.Arguments.Length == 0)
        {
            return call.Inline(); // a reference to one element
        }
        Type element = call.GenericArgument();
        TypeLayout layout = TypeLayout.Of(element);
        Value length = call.Builder.ToInteger(call.Scalar(0), ScalarType.Int64);
        // 16 bytes, so that several elements can be read at once
        Value pointer = call.Emit(new DeferredAllocation(space, length, layout.Size, Math.Max(layout.Alignment, 16), Names.Of(call.Method)));
        return new StackValue(call.ReturnType, pointer, length);
    }

    private static StackValue GetDynamic(IntrinsicCall call)
    {
        int size = TypeLayout.Of(call.GenericArgument()).Size;
        Value bytes = call.Emit(new SpecialRegister(SpecialRegisterKind.DynamicSharedBytes));
        Value count = call.Emit(new Binary(BinaryOp.Divide, bytes, Constant.Int32(size), unsigned: true));
        return new StackValue(call.ReturnType, new DynamicShared(), call.Builder.ToInteger(count, ScalarType.Int64));
    }

    private static StackValue? Fence(IntrinsicCall call, FenceScope scope)
    {
        call.Emit(new Fence(scope));
        return null;
    }

    private static StackValue? VolatileWrite(IntrinsicCall call)
    {
        call.Builder.Store(call.Scalar(0), call.Method.GetParameters()[1].ParameterType, call.Arguments[1], MemoryAccess.Volatile);
        return null;
    }

    private static StackValue Step(IntrinsicCall call, int scale) =>
        new(call.Arguments[0].Type, call.Emit(new PointerOffset(call.Scalar(0), Offset(call), scale)));

    private static Value Offset(IntrinsicCall call) =>
        call.Arguments[1].Type == typeof(uint) ? call.Long(1) : call.Scalar(1);

    private static StackValue ByteOffset(IntrinsicCall call)
    {
        Value from = call.Emit(new Reinterpret(call.Scalar(0), ScalarType.Int64)), to = call.Emit(new Reinterpret(call.Scalar(1), ScalarType.Int64));
        return call.Return(call.Emit(new Binary(BinaryOp.Subtract, to, from)));
    }

    private static StackValue? Write(IntrinsicCall call)
    {
        call.Builder.Store(call.Scalar(0), call.GenericArgument(), call.Arguments[1]);
        return null;
    }

    private static StackValue BitCast(IntrinsicCall call)
    {
        Type from = call.GenericArgument(0);
        Allocation memory = call.Builder.AllocateLocal(TypeLayout.Of(from));
        call.Builder.Store(memory, from, call.Arguments[0]);
        return call.Builder.Load(memory, call.GenericArgument(1));
    }

    private static StackValue TableSpan(IntrinsicCall call)
    {
        int size = TypeLayout.Of(call.GenericArgument()).SizeInHost;
        Allocation table = HostValues.Table(call.Builder, (System.Reflection.FieldInfo)call.Arguments[0].Known!, size);
        return new StackValue(call.ReturnType, table, Constant.Int32((int)(table.Bytes / size)));
    }

    private static (Value Pointer, Value Length) LoadSpan(IntrinsicCall call)
    {
        StackValue span = call.Builder.Load(call.Scalar(0), call.Method.DeclaringType!);
        return (span.Leaves[0], span.Leaves[1]);
    }

    private static StackValue? BeginChecks(IntrinsicCall call)
    {
        call.Builder.SpanFaults = call.Builder.AllocateLocal(TypeLayout.Of(typeof(int)));
        call.Emit(new Store(call.Builder.SpanFaults, Constant.Int32(0)));
        return null;
    }

    private static StackValue? EndChecks(IntrinsicCall call)
    {
        Allocation faults = call.Builder.SpanFaults ?? throw new RefusedException($"{Names.Of(call.Method)} stands without a beginning before it");
        call.Builder.SpanFaults = null;
        return call.Return(call.Emit(new Compare(CompareOp.NotEqual, call.Emit(new Load(faults, ScalarType.Int32)), Constant.Int32(0))));
    }

    // The value where it is allowed, else 0, which is noted.
    private static Value Allowed(IntrinsicCall call, Value allowed, Value value)
    {
        Allocation faults = call.Builder.SpanFaults!;
        Value known = call.Emit(new Load(faults, ScalarType.Int32));
        call.Emit(new Store(faults, call.Emit(new Select(allowed, known, Constant.Int32(1)))));
        return call.Emit(new Select(allowed, value, new Constant(value.Type, 0)));
    }

    /// <summary>Without .NET's check of the bounds, as views, where nobody asks for it.</summary>
    private static StackValue SpanItem(IntrinsicCall call)
    {
        (Value pointer, Value length) = LoadSpan(call);
        Value index = call.Scalar(1);
        if (call.Builder.SpanFaults is not null)
        {
            index = Allowed(call, call.Emit(new Compare(CompareOp.Less, index, length, unsigned: true)), index);
        }
        return new StackValue(call.ReturnType, call.Emit(new PointerOffset(pointer, index, TypeLayout.Of(call.DeclaringArgument()).Size)));
    }

    private static StackValue Slice(IntrinsicCall call)
    {
        (Value pointer, Value length) = LoadSpan(call);
        Value first = call.Scalar(1), left = call.Emit(new Binary(BinaryOp.Subtract, length, first));
        Value rest = call.Arguments.Length > 2 ? call.Scalar(2) : left;
        if (call.Builder.SpanFaults is not null)
        {
            Value begins = call.Emit(new Compare(CompareOp.LessOrEqual, first, length, unsigned: true));
            Value ends = call.Emit(new Compare(CompareOp.LessOrEqual, rest, left, unsigned: true));
            Value allowed = call.Emit(new Select(begins, ends, Constant.Bool(false)));
            (first, rest) = (Allowed(call, allowed, first), Allowed(call, allowed, rest));
        }
        return new StackValue(call.ReturnType, call.Emit(new PointerOffset(pointer, first, TypeLayout.Of(call.DeclaringArgument()).Size)), rest);
    }
}
