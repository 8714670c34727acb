using System.Runtime.InteropServices;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Ptx;
using Managed.Tests.Ilgpu.Frontend;
using Managed.Tests.Ilgpu.OpenCL;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>Runs an entry of a module; the buffers are its arguments, and hold afterwards what it left in them.</summary>
internal delegate void PtxLaunch(string text, string entry, int groups, int groupSize, byte[][] buffers);

/// <summary>Compares what a module's operation gives with plain C#, wherever the module runs: in the interpreter or on a GPU.</summary>
internal static class OperationChecks
{
    private const int GroupSize = 128;

    public static void Exact(OperationKernels.Operation operation, PtxLaunch launch, params PtxTarget[] targets)
    {
        long[][] inputs = Combinations(operation);
        long[] expected = Expected(operation, inputs);
        foreach (PtxTarget target in targets)
        {
            long[] results = Run(operation, inputs, target, launch);
            for (int i = 0; i < expected.Length; i++)
            {
                int at = i;
                AssertSame(results[i], expected[i], operation.Output,
                    () => $"{operation}({string.Join(", ", inputs.Select(input => $"0x{input[at]:X}"))}) for {target}");
            }
        }
    }

    public static void Conversion(OperationKernels.Operation operation, PtxLaunch launch, PtxTarget target)
    {
        long[][] inputs = [Pad(ValuesOf(operation.Inputs[0]))];
        long[] results = Run(operation, inputs, target, launch);
        (bool sourceUnsigned, bool targetUnsigned) = (operation.Name[0] == 'u', operation.Name.Split(" to ")[1][0] == 'u');
        for (int i = 0; i < results.Length; i++)
        {
            int at = i;
            AssertSame(results[i], ConversionOracle.Convert(inputs[0][i], operation.Inputs[0], operation.Output, sourceUnsigned, targetUnsigned),
                operation.Output, () => $"{operation}: 0x{inputs[0][at]:X}");
        }
    }

    public static void Approximation(OperationKernels.Operation operation, PtxLaunch launch, params PtxTarget[] targets)
    {
        long[][] inputs = [Pad(ValuesOf(ScalarType.Float32))];
        foreach (PtxTarget target in targets)
        {
            long[] results = Run(operation, inputs, target, launch);
            for (int i = 0; i < results.Length; i++)
            {
                float x = BitConverter.Int32BitsToSingle((int)inputs[0][i]), result = BitConverter.Int32BitsToSingle((int)results[i]);
                (double exact, double bound) = Reference(operation.Name, x);
                Assert.That(Within(result, exact, bound), $"{operation}({x}) for {target}: {result}, exactly {exact}");
            }
        }
    }

    /// <summary>What the function is, and how far off a result may be.</summary>
    private static (double Exact, double Bound) Reference(string name, double x)
    {
        double exact = name.Split('A')[0] switch
        {
            "Exp2" => Math.Pow(2, x),
            "Log2" => Math.Log2(x),
            "ReciprocalSqrt" => 1 / Math.Sqrt(x),
            "Reciprocal" => 1 / x,
            _ => Math.Tanh(x),
        };
        double ulp = Math.Abs(exact) * Math.Pow(2, -22);
        return (exact, name.StartsWith("Tanh") ? 1.0 / 1024 : name.StartsWith("Log2") ? Math.Max(ulp, Math.Pow(2, -21)) : 2 * Math.Max(ulp, float.Epsilon));
    }

    private static bool Within(float result, double exact, double bound) =>
        double.IsNaN(exact) ? float.IsNaN(result)
        : Math.Abs(exact) > float.MaxValue ? Math.Abs(result) >= float.MaxValue && Math.Sign(result) == Math.Sign(exact)
        : Math.Abs(result - exact) <= bound;

    private static long[] Run(OperationKernels.Operation operation, long[][] inputs, PtxTarget target, PtxLaunch launch)
    {
        byte[] results = new byte[inputs[0].Length * operation.Output.Size];
        launch(PtxEmitter.Emit(operation.Build(), target), "operation", inputs[0].Length / GroupSize, GroupSize,
            [results, .. operation.Inputs.Select((type, i) => ToBytes(inputs[i], type))]);
        return FromBytes(results, operation.Output);
    }

    /// <summary>The same kernel by the interpreter of the intermediate form, which computes each operation with plain C#.</summary>
    private static long[] Expected(OperationKernels.Operation operation, long[][] inputs)
    {
        KernelFunction kernel = operation.Build();
        kernel.Number();
        KernelInterpreter interpreter = new(kernel);
        int count = inputs[0].Length;
        byte[] results = new byte[count * operation.Output.Size];
        long[] arguments = [interpreter.Map(results), .. operation.Inputs.Select((type, i) => interpreter.Map(ToBytes(inputs[i], type)))];
        interpreter.Launch((count / GroupSize, 1, 1), (GroupSize, 1, 1), arguments);
        return FromBytes(results, operation.Output);
    }

    /// <summary>Corner cases and random numbers, each with each; three inputs in a random order. What C# leaves unspecified is left out.</summary>
    private static long[][] Combinations(OperationKernels.Operation operation)
    {
        long[][] values = [.. operation.Inputs.Select(ValuesOf)];
        List<long[]> rows = [];
        Random random = new(5);
        foreach (long first in values[0])
        {
            if (values.Length == 1)
            {
                rows.Add([first]);
                continue;
            }
            foreach (long second in values[1])
            {
                if (!operation.Output.IsFloat && (operation.Name.StartsWith("Divide") || operation.Name.StartsWith("Remainder"))
                    && (second == 0 || (second == -1 && first == (operation.Output.Size == 4 ? int.MinValue : long.MinValue))))
                {
                    continue;
                }
                rows.Add(values.Length == 2 ? [first, second] : [first, second, values[2][random.Next(values[2].Length)]]);
            }
        }
        return [.. Enumerable.Range(0, values.Length).Select(k => Pad([.. rows.Select(row => row[k])]))];
    }

    private static long[] Pad(long[] values) =>
        [.. values, .. Enumerable.Repeat(values[^1], (GroupSize - (values.Length % GroupSize)) % GroupSize)];

    /// <summary>Corner cases of a type and random ones, as bits; integers sign-extended.</summary>
    private static long[] ValuesOf(ScalarType type) => type.Kind switch
    {
        ScalarKind.Int8 => [.. Enumerable.Range(-128, 256)],
        ScalarKind.Int16 => [.. Operands.Of<short>(40).Select(value => (long)value)],
        ScalarKind.Float16 => [.. Operands.Of<Half>(40).Select(value => (long)BitConverter.HalfToInt16Bits(value))],
        ScalarKind.Int32 => [.. Operands.Of<int>(20).Select(value => (long)value)],
        ScalarKind.Int64 => [.. Operands.Of<long>(20)],
        ScalarKind.Float32 => [.. Operands.Of<float>(15).Select(value => (long)BitConverter.SingleToInt32Bits(value))],
        ScalarKind.Float64 => [.. Operands.Of<double>(15).Select(BitConverter.DoubleToInt64Bits)],
        _ => throw new ArgumentException($"{type}"),
    };

    private static byte[] ToBytes(long[] values, ScalarType type)
    {
        byte[] bytes = new byte[values.Length * type.Size];
        for (int i = 0; i < values.Length; i++)
        {
            MemoryMarshal.AsBytes(values.AsSpan(i, 1))[..type.Size].CopyTo(bytes.AsSpan(i * type.Size));
        }
        return bytes;
    }

    private static long[] FromBytes(byte[] bytes, ScalarType type) => [.. Enumerable.Range(0, bytes.Length / type.Size).Select(i => type.Size switch
    {
        1 => (sbyte)bytes[i],
        2 => BitConverter.ToInt16(bytes, i * 2),
        4 => BitConverter.ToInt32(bytes, i * 4),
        _ => BitConverter.ToInt64(bytes, i * 8),
    })];

    private static void AssertSame(long actual, long expected, ScalarType type, Func<string> what)
    {
        if (actual != expected && !(IsNaN(actual, type) && IsNaN(expected, type)))
        {
            Assert.Fail($"{what()}: 0x{actual:X}, expected 0x{expected:X}");
        }
    }

    private static bool IsNaN(long bits, ScalarType type) => type.Kind switch
    {
        ScalarKind.Float16 => Half.IsNaN(BitConverter.Int16BitsToHalf((short)bits)),
        ScalarKind.Float32 => float.IsNaN(BitConverter.Int32BitsToSingle((int)bits)),
        ScalarKind.Float64 => double.IsNaN(BitConverter.Int64BitsToDouble(bits)),
        _ => false,
    };
}
