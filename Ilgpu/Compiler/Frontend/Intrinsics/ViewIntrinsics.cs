using System.Numerics;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend.Intrinsics;

/// <summary>ArrayView&lt;T&gt;: a pointer and the number of elements (Int64).</summary>
internal static class ViewIntrinsics
{
    private const string View = "ILGPU.ArrayView`1.";

    public static IEnumerable<KeyValuePair<string, Intrinsic>> Table => new Dictionary<string, Intrinsic>
    {
        [View + "get_Item"] = call => new StackValue(call.ReturnType, Element(call, Load(call), call.Arguments[1])),
        [View + "get_Length"] = call => call.Return(Load(call).Length),
        [View + "get_IntLength"] = call => call.Return(call.Builder.ToInteger(Load(call).Length, ScalarType.Int32)),
        [View + "get_Extent"] = call => new StackValue(call.ReturnType, Load(call).Length),
        [View + "get_IntExtent"] = call => new StackValue(call.ReturnType, call.Builder.ToInteger(Load(call).Length, ScalarType.Int32)),
        [View + "get_ElementSize"] = call => call.Return(Constant.Int32(ElementSize(call.DeclaringArgument()))),
        [View + "get_LengthInBytes"] = call => call.Return(call.Builder.Multiply(Load(call).Length, Constant.Int64(ElementSize(call.DeclaringArgument())))),
        [View + "get_IsValid"] = call => call.Return(IsValid(call)),
        [View + "SubView"] = SubView,
        [View + "Cast"] = Cast,
        [View + ".ctor"] = New,
        ["ILGPU.Runtime.ArrayViewExtensions.AsAligned"] = AsAligned,
    };

    private static (Value Pointer, Value Length) Load(IntrinsicCall call)
    {
        StackValue view = call.Arguments[0];
        if (!view.Type.IsValueType)
        {
            view = call.Builder.Load(view.Scalar, call.Method.DeclaringType!);
        }
        return (view.Leaves[0], view.Leaves[1]);
    }

    private static int ElementSize(Type element) => TypeLayout.Of(element).SizeInHost;

    private static Value Element(IntrinsicCall call, (Value Pointer, Value Length) view, StackValue index) =>
        call.Emit(new PointerOffset(view.Pointer, Index(call, index), ElementSize(call.DeclaringArgument())));

    private static Value Index(IntrinsicCall call, StackValue index) =>
        index.Type == typeof(uint) ? call.Builder.ToInteger(index.Scalar, ScalarType.Int64, unsigned: true) : index.Scalar;

    private static Value IsValid(IntrinsicCall call)
    {
        (Value pointer, Value length) = Load(call);
        Value address = call.Emit(new Reinterpret(pointer, ScalarType.Int64));
        Value isSet = call.Emit(new Compare(CompareOp.NotEqual, address, Constant.Int64(0)));
        Value isFilled = call.Emit(new Compare(CompareOp.Greater, length, Constant.Int64(0)));
        return call.Emit(new Binary(BinaryOp.And, isSet, isFilled));
    }

    /// <summary>From a buffer (which the device does not see), a pointer and a length.</summary>
    private static StackValue New(IntrinsicCall call)
    {
        if (call.Arguments is not [{ Known: NullObject }, { } pointer, _])
        {
            throw new RefusedException("a kernel cannot make a view of a buffer; pass the view as a parameter");
        }
        Value address = pointer.Scalar.Type.IsPointer
            ? pointer.Scalar
            : call.Emit(new Reinterpret(pointer.Scalar, ScalarType.PointerTo(AddressSpace.Generic)));
        return new StackValue(call.Method.DeclaringType!, address, call.Long(2));
    }

    private static StackValue SubView(IntrinsicCall call)
    {
        (Value pointer, Value length) = Load(call);
        Value start = call.Emit(new PointerOffset(pointer, Index(call, call.Arguments[1]), ElementSize(call.DeclaringArgument())));
        Value rest = call.Arguments.Length > 2
            ? call.Long(2)
            : call.Emit(new Binary(BinaryOp.Subtract, length, call.Long(1)));
        return new StackValue(call.ReturnType, start, rest);
    }

    private static StackValue AsAligned(IntrinsicCall call)
    {
        (Value pointer, Value length) = Load(call);
        if (call.Arguments[1].Leaves is not [Constant { Bits: > 0 } bytes] || !BitOperations.IsPow2(bytes.Bits))
        {
            throw new RefusedException("AsAligned takes a power of two that is known when the kernel is compiled");
        }
        return new StackValue(call.ReturnType, call.Emit(new AlignedPointer(pointer, (int)Math.Min(bytes.Bits, 4096))), length);
    }

    private static StackValue Cast(IntrinsicCall call)
    {
        (Value pointer, Value length) = Load(call);
        int from = ElementSize(call.DeclaringArgument()), to = ElementSize(call.GenericArgument());
        Value bytes = call.Builder.Multiply(length, Constant.Int64(from));
        return new StackValue(call.ReturnType, pointer, from == to ? length : call.Emit(new Binary(BinaryOp.Divide, bytes, Constant.Int64(to))));
    }
}
