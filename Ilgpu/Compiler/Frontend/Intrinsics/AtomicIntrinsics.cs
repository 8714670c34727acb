using System.Reflection;
using Managed.Ilgpu.Compiler.IR;
using Atomic = Managed.Ilgpu.Compiler.IR.Atomic;

namespace Managed.Ilgpu.Compiler.Frontend.Intrinsics;

/// <summary>
/// ILGPU.Atomic and System.Threading.Interlocked. Operations that devices lack (minimum of floats, custom ones) are loops over
/// CompareExchange in ILGPU.Atomic's own C#.
/// </summary>
internal static class AtomicIntrinsics
{
    private const string Atomics = "ILGPU.Atomic.";
    private const string Interlocked = "System.Threading.Interlocked.";

    public static IEnumerable<KeyValuePair<string, Intrinsic>> Table => new Dictionary<string, Intrinsic>
    {
        [Atomics + "Add"] = call => Old(call, AtomicOp.Add),
        [Atomics + "And"] = call => Old(call, AtomicOp.And),
        [Atomics + "Or"] = call => Old(call, AtomicOp.Or),
        [Atomics + "Xor"] = call => Old(call, AtomicOp.Xor),
        [Atomics + "Min"] = call => Old(call, AtomicOp.Min),
        [Atomics + "Max"] = call => Old(call, AtomicOp.Max),
        [Atomics + "Exchange"] = call => Old(call, AtomicOp.Exchange),
        [Atomics + "CompareExchange"] = call => CompareExchange(call, comparand: 1, value: 2),

        [Interlocked + "Add"] = call => New(call, call.Coerced(1)),
        [Interlocked + "Increment"] = call => New(call, new Constant(Element(call).Stack, 1)),
        [Interlocked + "Decrement"] = call => New(call, new Constant(Element(call).Stack, -1)),
        [Interlocked + "And"] = call => Old(call, AtomicOp.And),
        [Interlocked + "Or"] = call => Old(call, AtomicOp.Or),
        [Interlocked + "Exchange"] = call => Old(call, AtomicOp.Exchange),
        [Interlocked + "CompareExchange"] = call => CompareExchange(call, comparand: 2, value: 1),
        [Interlocked + "Read"] = call => call.Builder.Load(call.Scalar(0), call.ReturnType, MemoryAccess.Volatile),
    };

    /// <summary>The target's scalar, if it is one that devices have atomics for.</summary>
    private static Leaf Element(IntrinsicCall call)
    {
        ParameterInfo target = call.Method.GetParameters()[0];
        Leaf[] leaves = TypeLayout.Of(target.ParameterType.GetElementType()!).Leaves;
        return leaves is [{ Memory.Kind: ScalarKind.Int32 or ScalarKind.Int64 or ScalarKind.Float32 or ScalarKind.Float64 } leaf]
            ? leaf
            : throw new RefusedException($"{Names.Of(call.Method)}: devices have atomics for numbers of 32 and 64 bits");
    }

    private static StackValue? Old(IntrinsicCall call, AtomicOp op)
    {
        Leaf leaf = Element(call);
        if (leaf.Memory.IsFloat && op is AtomicOp.Min or AtomicOp.Max)
        {
            return call.Inline();
        }
        if (leaf.Memory.IsFloat && op == AtomicOp.Exchange)
        {
            ScalarType bits = BitsOf(leaf.Memory);
            Value old = call.Emit(new Atomic(op, call.Scalar(0), call.Emit(new Reinterpret(call.Coerced(1), bits))));
            return call.Return(call.Emit(new Reinterpret(old, leaf.Memory)));
        }
        return new StackValue(call.ReturnType, call.Emit(new Atomic(op, call.Scalar(0), call.Coerced(1), unsigned: leaf.Unsigned)));
    }

    /// <summary>Interlocked returns what stands there afterwards.</summary>
    private static StackValue New(IntrinsicCall call, Value value)
    {
        Element(call);
        Value old = call.Emit(new Atomic(AtomicOp.Add, call.Scalar(0), value));
        return new StackValue(call.ReturnType, call.Builder.Add(old, value));
    }

    /// <summary>Compares bits, as .NET does for floats.</summary>
    private static StackValue CompareExchange(IntrinsicCall call, int comparand, int value)
    {
        Leaf leaf = Element(call);
        ScalarType bits = BitsOf(leaf.Memory);
        Value Bits(int index) => leaf.Memory.IsFloat ? call.Emit(new Reinterpret(call.Coerced(index), bits)) : call.Coerced(index);
        Value old = call.Emit(new Atomic(AtomicOp.CompareExchange, call.Scalar(0), Bits(value), Bits(comparand)));
        return new StackValue(call.ReturnType, leaf.Memory.IsFloat ? call.Emit(new Reinterpret(old, leaf.Memory)) : old);
    }

    private static ScalarType BitsOf(ScalarType type) => type.Size == 4 ? ScalarType.Int32 : ScalarType.Int64;
}
