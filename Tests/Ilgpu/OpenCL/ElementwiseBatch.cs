using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>
/// Many operations on the same inputs in one kernel, since building a kernel costs more than running it: output k [i] = f_k(inputs[0][i],
/// inputs[1][i], …), compared with C# bit for bit.
/// </summary>
internal sealed class ElementwiseBatch(params Array[] inputs)
{
    private readonly List<(Func<KernelBuilder, Value[], Value> Build, Array Result, Action Check)> entries = [];

    /// <param name="name">For the message.</param>
    /// <param name="build">The operation in IR; predicates come out as 0 and 1.</param>
    /// <param name="expected">C#'s result for element i; null where any will do.</param>
    /// <returns>Where the results will be.</returns>
    public T[] Add<T>(string name, Func<KernelBuilder, Value[], Value> build, Func<int, T?> expected)
        where T : unmanaged
    {
        T[] result = new T[inputs[0].Length];
        entries.Add((build, result, () =>
        {
            T[] wanted = [.. result.Select((actual, i) => expected(i) ?? actual)];
            Operands.AssertSame(result, wanted, i => $"{name}({string.Join(", ", inputs.Select(input => Operands.Show(input.GetValue(i))))})");
        }
        ));
        return result;
    }

    public void Run()
    {
        KernelBuilder builder = new();
        Parameter[] sources = [.. inputs.Select(_ => builder.GlobalPointer())];
        Parameter[] targets = [.. entries.Select(_ => builder.GlobalPointer())];
        Parameter length = builder.Parameter(ScalarType.Int32);
        Value index = builder.GlobalThread();
        BasicBlock work = builder.NewBlock(), end = builder.NewBlock();
        builder.Branch(builder.Add(new Compare(CompareOp.Less, index, length)), work, end);
        builder.Block = work;
        Value[] operands = [.. inputs.Select((input, i) => builder.Load(sources[i], index, Operands.TypeOf(input.GetType().GetElementType()!)))];
        for (int i = 0; i < entries.Count; i++)
        {
            Value value = entries[i].Build(builder, operands);
            builder.Store(targets[i], index, value.Type == ScalarType.Bool ? builder.Add(new Convert(value, ScalarType.Int32)) : value);
        }
        builder.Branch(end);
        builder.Block = end;
        builder.Return();
        OpenCLRunner.Require().Run(builder.Kernel, (inputs[0].Length + 63) / 64, 64, [.. inputs, .. entries.Select(entry => entry.Result), inputs[0].Length]);
        Assert.Multiple(() => entries.ForEach(entry => entry.Check()));
    }
}
