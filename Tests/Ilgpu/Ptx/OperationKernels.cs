using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>One kernel for each operation and type: results[thread] = operation(first[thread], second[thread], third[thread]).</summary>
internal static class OperationKernels
{
    /// <param name="Name">For the test's name.</param>
    /// <param name="Inputs">Types of the inputs in memory.</param>
    /// <param name="Output">Type of the result in memory; predicates are stored as Int8.</param>
    /// <param name="Apply">Adds the operation to a kernel.</param>
    internal sealed record Operation(string Name, ScalarType[] Inputs, ScalarType Output, Func<KernelBuilder, Value[], Value> Apply)
    {
        public override string ToString() => Name;

        /// <summary>Parameters: results, then an array for each input.</summary>
        public KernelFunction Build()
        {
            KernelBuilder builder = new("operation");
            Parameter results = builder.Global("results");
            Parameter[] inputs = [.. Inputs.Select((_, i) => builder.Global($"input{i}"))];
            Value thread = builder.GlobalIndex();
            Value[] values = [.. Inputs.Select((type, i) => builder.LoadAt(inputs[i], thread, type))];
            builder.StoreAt(results, thread, Apply(builder, values));
            builder.End(new Return());
            return builder.Kernel;
        }
    }

    public static readonly ScalarType[] Numbers = [ScalarType.Int32, ScalarType.Int64, ScalarType.Float32, ScalarType.Float64];
    public static readonly ScalarType[] All = [ScalarType.Int8, ScalarType.Int16, ScalarType.Float16, .. Numbers];

    public static IEnumerable<Operation> Binaries() =>
        from op in Enum.GetValues<BinaryOp>()
        from type in Numbers
        where type.IsFloat ? IsFloatOp(op) : op != BinaryOp.CopySign
        from unsigned in type.IsInteger && DependsOnSign(op) ? new[] { false, true } : [false]
        let shift = op is BinaryOp.ShiftLeft or BinaryOp.ShiftRight
        select new Operation($"{op}.{(unsigned ? "u" : "")}{type}", [type, shift ? ScalarType.Int32 : type], type, (builder, values) =>
        {
            Value right = shift
                ? builder.Add(new Binary(BinaryOp.And, values[1], Constant.Int32(type.Size * 8 - 1)))
                : values[1];
            return builder.Add(new Binary(op, values[0], right, unsigned));
        });

    public static IEnumerable<Operation> Unaries() =>
        from op in Enum.GetValues<UnaryOp>()
        from type in Numbers
        where type.IsFloat ? IsFloatOp(op, type) : op <= UnaryOp.ReverseBits
        let output = new Unary(op, new Constant(type, 0)).Type
        select new Operation($"{op}.{type}", [type], output, (builder, values) => builder.Add(new Unary(op, values[0])));

    public static IEnumerable<Operation> Comparisons() =>
        from op in Enum.GetValues<CompareOp>()
        from type in Numbers
        from flag in new[] { false, true }
        select new Operation($"{op}{(flag ? type.IsFloat ? ".unordered" : ".unsigned" : "")}.{type}", [type, type], ScalarType.Bool,
            (builder, values) => builder.Add(new Compare(op, values[0], values[1], flag && type.IsInteger, flag && type.IsFloat && op != CompareOp.Equal)));

    public static IEnumerable<Operation> Conversions() =>
        from source in All
        from target in All
        where source != target
        from sourceUnsigned in source.IsInteger ? new[] { false, true } : [false]
        from targetUnsigned in source.IsFloat && target.IsInteger ? new[] { false, true } : [false]
        select new Operation($"{(sourceUnsigned ? "u" : "")}{source} to {(targetUnsigned ? "u" : "")}{target}", [source], target,
            (builder, values) => builder.Add(new Convert(values[0], target, sourceUnsigned, targetUnsigned)));

    public static IEnumerable<Operation> Others()
    {
        foreach (ScalarType type in Numbers)
        {
            if (type.IsFloat)
            {
                yield return new($"fma.{type}", [type, type, type], type, (builder, values) => builder.Add(new FusedMultiplyAdd(values[0], values[1], values[2])));
            }
            yield return new($"select.{type}", [ScalarType.Int32, type, type], type, (builder, values) =>
                builder.Add(new Select(NotZero(builder, values[0]), values[1], values[2])));
            yield return new($"bool to {type}", [ScalarType.Int32], type, (builder, values) =>
                builder.Add(new Convert(NotZero(builder, values[0]), type)));
        }
        foreach ((ScalarType from, ScalarType to) in new[]
        {
            (ScalarType.Float32, ScalarType.Int32), (ScalarType.Int32, ScalarType.Float32), (ScalarType.Float64, ScalarType.Int64),
            (ScalarType.Int64, ScalarType.Float64), (ScalarType.Float16, ScalarType.Int16), (ScalarType.Int16, ScalarType.Float16),
        })
        {
            yield return new($"reinterpret {from} as {to}", [from], to, (builder, values) => builder.Add(new Reinterpret(values[0], to)));
        }
        foreach (BinaryOp op in new[] { BinaryOp.And, BinaryOp.Or, BinaryOp.Xor })
        {
            yield return new($"{op}.bool", [ScalarType.Int32, ScalarType.Int32], ScalarType.Bool, (builder, values) =>
                builder.Add(new Binary(op, NotZero(builder, values[0]), NotZero(builder, values[1]))));
        }
        foreach (CompareOp op in new[] { CompareOp.Equal, CompareOp.NotEqual })
        {
            yield return new($"{op}.bool", [ScalarType.Int32, ScalarType.Int32], ScalarType.Bool, (builder, values) =>
                builder.Add(new Compare(op, NotZero(builder, values[0]), NotZero(builder, values[1]))));
        }
        yield return new("not.bool", [ScalarType.Int32], ScalarType.Bool, (builder, values) => builder.Add(new Unary(UnaryOp.Not, NotZero(builder, values[0]))));
        yield return new("select.bool", [ScalarType.Int32, ScalarType.Int32, ScalarType.Int32], ScalarType.Bool, (builder, values) =>
            builder.Add(new Select(NotZero(builder, values[0]), NotZero(builder, values[1]), NotZero(builder, values[2]))));
    }

    public static IEnumerable<Operation> Everything() => [.. Binaries(), .. Unaries(), .. Comparisons(), .. Conversions(), .. Others()];

    public static bool IsFloatOp(BinaryOp op) => op is BinaryOp.Add or BinaryOp.Subtract or BinaryOp.Multiply or BinaryOp.Divide
        or BinaryOp.Remainder or BinaryOp.Min or BinaryOp.Max or BinaryOp.CopySign;

    public static bool DependsOnSign(BinaryOp op) => op is BinaryOp.MultiplyHigh or BinaryOp.Divide or BinaryOp.Remainder
        or BinaryOp.ShiftRight or BinaryOp.Min or BinaryOp.Max;

    private static bool IsFloatOp(UnaryOp op, ScalarType type) => op is UnaryOp.Negate or UnaryOp.Abs or UnaryOp.IsNaN or UnaryOp.IsInfinity or UnaryOp.IsFinite
        || op is >= UnaryOp.Sqrt and <= UnaryOp.RoundEven
        || (op is >= UnaryOp.Exp2Approximate and <= UnaryOp.TanhApproximate && type == ScalarType.Float32);

    private static Value NotZero(KernelBuilder builder, Value value) => builder.Add(new Compare(CompareOp.NotEqual, value, Constant.Int32(0)));
}
