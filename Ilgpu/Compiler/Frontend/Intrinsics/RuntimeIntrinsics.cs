using System.Reflection;
using System.Text;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend.Intrinsics;

/// <summary>What the compiler answers itself: types, hardware support, inline assembly.</summary>
internal static class RuntimeIntrinsics
{
    public static IEnumerable<KeyValuePair<string, Intrinsic>> Table => new Dictionary<string, Intrinsic>
    {
        ["System.Type.GetTypeFromHandle"] = call => StackValue.OfKnown(typeof(Type), call.Arguments[0].Known!),
        ["System.Type.op_Equality"] = call => call.Return(Constant.Bool(Equals(KnownType(call, 0), KnownType(call, 1)))),
        ["System.Type.op_Inequality"] = call => call.Return(Constant.Bool(!Equals(KnownType(call, 0), KnownType(call, 1)))),
        ["System.Type.get_IsValueType"] = call => call.Return(Constant.Bool(KnownType(call, 0).IsValueType)),
        ["System.Type.get_IsPrimitive"] = call => call.Return(Constant.Bool(KnownType(call, 0).IsPrimitive)),
        ["System.Runtime.CompilerServices.RuntimeHelpers.IsReferenceOrContainsReferences"] = call => call.Return(Constant.Bool(false)),
        ["System.Runtime.CompilerServices.RuntimeHelpers.IsKnownConstant"] = call => call.Return(Constant.Bool(false)),
        ["System.Diagnostics.Debug.Assert"] = _ => null,
        ["ILGPU.Runtime.Cuda.CudaAsm.Emit"] = Assembly,
        ["ILGPU.Runtime.Cuda.CudaAsm.EmitRef"] = Assembly,
        ["ILGPU.Runtime.Cuda.CudaAsm.get_IsSupported"] = call => call.Return(Constant.Bool(call.Builder.Target.Backend == CompileBackend.Ptx)),
    };

    private static Type KnownType(IntrinsicCall call, int index) => call.Arguments[index].Known as Type
        ?? throw new RefusedException($"{Names.Of(call.Method)} of a type that is not known at compile time");

    /// <summary>
    /// %0, %1, … in the text are the arguments: `out` ones and Output&lt;T&gt; are outputs, other `ref` ones both (copied in and out),
    /// Input&lt;T&gt; and values inputs. %% is a percent sign.
    /// </summary>
    private static StackValue? Assembly(IntrinsicCall call)
    {
        if (call.Builder.Target.Backend != CompileBackend.Ptx)
        {
            throw new RefusedException("inline PTX runs on CUDA alone; branch on the accelerator's type, or load another kernel for this device");
        }
        ParameterInfo[] parameters = call.Method.GetParameters();
        List<int> outputs = [], inputs = [];
        for (int i = 1; i < parameters.Length; i++)
        {
            if (parameters[i].ParameterType.IsByRef && !parameters[i].IsIn && !IsWrapper(parameters[i], "Input`1"))
            {
                outputs.Add(i);
            }
            else
            {
                inputs.Add(i);
            }
        }
        int[] copied = [.. outputs.Where(i => !parameters[i].IsOut && !IsWrapper(parameters[i], "Output`1"))];
        Leaf[] results = [.. outputs.Select(i => OnlyLeaf(call, parameters[i]))];
        List<Value> operands = [.. inputs.Select(i => Input(call, parameters[i], i))];
        Dictionary<int, int> places = [];
        foreach (int argument in outputs.Concat(inputs))
        {
            places[argument - 1] = places.Count;
        }
        StringBuilder text = new();
        foreach (int argument in copied)
        {
            Leaf leaf = OnlyLeaf(call, parameters[argument]);
            text.Append($"mov.b{leaf.Stack.Size * 8} {{{places[argument - 1]}}}, {{{outputs.Count + operands.Count}}};\n");
            operands.Add(call.Builder.Load(call.Scalar(argument), leaf.Type).Scalar);
        }
        text.Append(Place(call.Text(0), places, call));
        InlineAssembly assembly = new(text.ToString(), [.. results.Select(leaf => leaf.Stack)], [.. operands]);
        call.Emit(assembly);
        for (int i = 0; i < outputs.Count; i++)
        {
            Value result = outputs.Count == 1 ? assembly : call.Emit(new Result(assembly, i, results[i].Stack));
            call.Builder.Store(call.Scalar(outputs[i]), results[i].Type, new StackValue(results[i].Type, result));
        }
        return null;
    }

    private static bool IsWrapper(ParameterInfo parameter, string name) =>
        parameter.ParameterType.GetElementType() is { } type && type.Namespace == "ILGPU.Runtime.Cuda" && type.Name == name;

    private static Leaf OnlyLeaf(IntrinsicCall call, ParameterInfo parameter)
    {
        Type type = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
        return TypeLayout.Of(type).Leaves is [{ } leaf]
            ? leaf with { Type = type }
            : throw new RefusedException($"{Names.Of(call.Method)}: an operand of inline assembly is one number or pointer, not a {Names.Of(type)}");
    }

    private static Value Input(IntrinsicCall call, ParameterInfo parameter, int index)
    {
        Leaf leaf = OnlyLeaf(call, parameter);
        Value value = parameter.ParameterType.IsByRef ? call.Builder.Load(call.Scalar(index), leaf.Type).Scalar : call.Arguments[index].Scalar;
        // an address that was made a number is given as the pointer it is: shared ones have 32 bits
        return value is Reinterpret { Operands: [{ Type.IsPointer: true } pointer] } ? pointer : value;
    }

    private static string Place(string text, Dictionary<int, int> places, IntrinsicCall call)
    {
        StringBuilder placed = new();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '%' || i + 1 == text.Length)
            {
                placed.Append(text[i]);
            }
            else if (text[i + 1] == '%')
            {
                placed.Append('%');
                i++;
            }
            else if (char.IsAsciiDigit(text[i + 1]))
            {
                int number = 0;
                for (; i + 1 < text.Length && char.IsAsciiDigit(text[i + 1]); i++)
                {
                    number = number * 10 + text[i + 1] - '0';
                }
                placed.Append('{').Append(places.TryGetValue(number, out int place) ? place
                    : throw new RefusedException($"{Names.Of(call.Method)}: the text names %{number}, but there are {places.Count} arguments")).Append('}');
            }
            else
            {
                placed.Append('%');
            }
        }
        return placed.ToString();
    }
}
