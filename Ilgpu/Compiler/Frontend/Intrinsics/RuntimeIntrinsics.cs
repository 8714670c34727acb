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
    /// %0, %1, … in the text are the arguments: `out` ones and Output&lt;T&gt; are outputs, other `ref` ones both (in the same registers),
    /// Input&lt;T&gt; and values inputs. A struct of several numbers is a list of registers in braces. %% is a percent sign.
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
        List<ScalarType> results = [];
        List<int> ties = [];
        List<Value> operands = [];
        Dictionary<int, (int First, int Count)> places = [];
        foreach (int argument in outputs)
        {
            Leaf[] leaves = Leaves(call, parameters[argument]);
            places[argument - 1] = (results.Count, leaves.Length);
            bool isRead = !parameters[argument].IsOut && !IsWrapper(parameters[argument], "Output`1");
            for (int i = 0; i < leaves.Length; i++)
            {
                ties.Add(isRead ? operands.Count + i : -1);
            }
            results.AddRange(leaves.Select(leaf => leaf.Stack));
            operands.AddRange(isRead ? call.Builder.Load(call.Scalar(argument), Operand(parameters[argument])).Leaves : []);
        }
        foreach (int argument in inputs)
        {
            Value[] values = Input(call, parameters[argument], argument);
            places[argument - 1] = (results.Count + operands.Count, values.Length);
            operands.AddRange(values);
        }
        InlineAssembly assembly = new(Place(call.Text(0), places, call), [.. results], [.. operands], ties.Exists(tie => tie >= 0) ? [.. ties] : null);
        call.Emit(assembly);
        foreach (int argument in outputs)
        {
            (int first, int count) = places[argument - 1];
            Type type = Operand(parameters[argument]);
            call.Builder.Store(call.Scalar(argument), type, new StackValue(type,
                [.. Enumerable.Range(first, count).Select(i => results.Count == 1 ? assembly : call.Emit(new Result(assembly, i, results[i])))]));
        }
        return null;
    }

    private static bool IsWrapper(ParameterInfo parameter, string name) =>
        parameter.ParameterType.GetElementType() is { } type && type.Namespace == "ILGPU.Runtime.Cuda" && type.Name == name;

    private static Type Operand(ParameterInfo parameter) =>
        parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;

    /// <summary>The registers of an operand: one for a number or pointer, a list for a struct behind `ref` or `out`.</summary>
    private static Leaf[] Leaves(IntrinsicCall call, ParameterInfo parameter)
    {
        Leaf[] leaves = TypeLayout.Of(Operand(parameter)).Leaves;
        return leaves.Length == 1 || (leaves.Length > 1 && parameter.ParameterType.IsByRef)
            ? leaves
            : throw new RefusedException($"{Names.Of(call.Method)}: an operand of inline assembly is one number or pointer, or a struct of them by reference, not a {Names.Of(Operand(parameter))}");
    }

    private static Value[] Input(IntrinsicCall call, ParameterInfo parameter, int index)
    {
        _ = Leaves(call, parameter);
        Value[] values = parameter.ParameterType.IsByRef ? call.Builder.Load(call.Scalar(index), Operand(parameter)).Leaves : [call.Arguments[index].Scalar];
        // an address that was made a number is given as the pointer it is: shared ones have 32 bits
        return [.. values.Select(value => value is Reinterpret { Operands: [{ Type.IsPointer: true } pointer] } ? pointer : value)];
    }

    private static string Place(string text, Dictionary<int, (int First, int Count)> places, IntrinsicCall call)
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
                if (!places.TryGetValue(number, out (int First, int Count) place))
                {
                    throw new RefusedException($"{Names.Of(call.Method)}: the text names %{number}, but there are {places.Count} arguments");
                }
                string registers = string.Join(", ", Enumerable.Range(place.First, place.Count).Select(register => $"{{{register}}}"));
                placed.Append(place.Count == 1 ? registers : $"{{{registers}}}");
            }
            else
            {
                placed.Append('%');
            }
        }
        return placed.ToString();
    }
}
