using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Frontend.Intrinsics;

/// <summary>Shuffles of values of any type: structs scalar by scalar, 64-bit numbers in two halves.</summary>
internal static class WarpIntrinsics
{
    public static IEnumerable<KeyValuePair<string, Intrinsic>> Table => new Dictionary<string, Intrinsic>
    {
        ["ILGPU.Warp.Shuffle"] = call => Shuffle(call, ShuffleKind.Index),
        ["ILGPU.Warp.ShuffleUp"] = call => Shuffle(call, ShuffleKind.Up),
        ["ILGPU.Warp.ShuffleDown"] = call => Shuffle(call, ShuffleKind.Down),
        ["ILGPU.Warp.ShuffleXor"] = call => Shuffle(call, ShuffleKind.Xor),
    };

    private static StackValue Shuffle(IntrinsicCall call, ShuffleKind kind)
    {
        Type type = call.GenericArgument();
        StackValue value = call.Builder.Coerce(call.Arguments[0], type);
        if (TypeLayout.Of(type).HasPointers)
        {
            throw new RefusedException($"{Names.Of(call.Method)}: pointers and views are not shuffled; shuffle an index");
        }
        Value lane = call.Scalar(1);
        int width = call.Arguments.Length < 3 || IsWarpSize(call.Scalar(2)) ? 0 : call.ConstantInt(2, "width");
        return new StackValue(type, [.. value.Leaves.Select(leaf => Shuffle(call, kind, leaf, lane, width))]);
    }

    private static bool IsWarpSize(Value width) => width is SpecialRegister { Kind: SpecialRegisterKind.WarpSize };

    private static Value Shuffle(IntrinsicCall call, ShuffleKind kind, Value value, Value lane, int width)
    {
        switch (value.Type.Kind)
        {
            case ScalarKind.Int32 or ScalarKind.Float32:
                return call.Emit(new Shuffle(kind, value, lane, width));
            case ScalarKind.Float64:
                Value bits = Shuffle(call, kind, call.Emit(new Reinterpret(value, ScalarType.Int64)), lane, width);
                return call.Emit(new Reinterpret(bits, ScalarType.Float64));
            default:
                Value low = call.Emit(new Convert(value, ScalarType.Int32));
                Value high = call.Emit(new Convert(call.Emit(new Binary(BinaryOp.ShiftRight, value, Constant.Int32(32))), ScalarType.Int32));
                low = call.Emit(new Convert(call.Emit(new Shuffle(kind, low, lane, width)), ScalarType.Int64, sourceUnsigned: true));
                high = call.Emit(new Convert(call.Emit(new Shuffle(kind, high, lane, width)), ScalarType.Int64));
                return call.Emit(new Binary(BinaryOp.Or, call.Emit(new Binary(BinaryOp.ShiftLeft, high, Constant.Int32(32))), low));
        }
    }
}
