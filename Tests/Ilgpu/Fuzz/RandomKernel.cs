using System.Text;

namespace Managed.Tests.Ilgpu.Fuzz;

/// <summary>
/// The C# source of a random kernel, the same for the same seed: expressions, nested loops with break and continue, switches, early returns,
/// structs, generic structs, static abstract members, generic mathematics, nested calls, arrays in thread memory; every third one is explicitly
/// grouped and has barriers, shared memory, shuffles and atomics. Each thread reads one element of each input and writes
/// <see cref="Slots"/> elements to each output.
/// </summary>
internal sealed class RandomKernel
{
    /// <summary>Elements that a thread writes to each output.</summary>
    public const int Slots = 2;

    private readonly Random random;
    private readonly RandomExpressions expressions;
    private readonly StringBuilder text = new(RandomKernelFrame.Text);
    private readonly bool grouped;
    private readonly RandomStatements statements;

    private RandomKernel(int seed)
    {
        random = new Random(seed);
        expressions = new RandomExpressions(random);
        grouped = seed % 3 == 0;
        statements = new RandomStatements(random, expressions, text, grouped, WriteOutputs);
    }

    public static string Source(int seed)
    {
        RandomKernel kernel = new(seed);
        return kernel.Write();
    }

    private string Write()
    {
        StringBuilder combiners = new();
        for (int i = 0; i < 2; i++)
        {
            combiners.Append(Combiner($"Combine{i}", expressions.AnyNumber()));
        }
        int functions = random.Next(1, 4);
        for (int i = 0; i < functions; i++)
        {
            WriteFunction($"F{i}");
        }
        WriteKernel();
        text.Append("}\n").Append(combiners);
        return text.ToString();
    }

    /// <summary>A struct with a static abstract member and an instance member, both of random content, and a function that uses it.</summary>
    private string Combiner(string name, Kind kind)
    {
        string type = RandomExpressions.CSharp(kind);
        expressions.Variables.AddRange([(kind, "first"), (kind, "second")]);
        string combine = expressions.Of(kind, 2);
        expressions.Variables.Clear();
        expressions.Variables.AddRange([(kind, "value"), (kind, "Offset")]);
        string finish = expressions.Of(kind, 2);
        expressions.Variables.Clear();
        text.Append($"    internal static {type} With{name}({type} a, {type} b, int times) => unchecked(Folded<{type}, {name}>(new {name} {{ Offset = b }}, a, b, times & 3));\n");
        expressions.Functions.Add((kind, $"Kernels.With{name}", [kind, kind, Kind.Int]));
        return $"public struct {name} : ICombine<{type}>\n{{\n    public {type} Offset;\n"
            + $"    public static {type} Combine({type} first, {type} second) => unchecked({combine});\n"
            + $"    public readonly {type} Finish({type} value) => unchecked({finish});\n}}\n";
    }

    private void WriteFunction(string name)
    {
        Kind result = expressions.AnyKind();
        Kind[] parameters = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => expressions.AnyKind())];
        string list = string.Join(", ", parameters.Select((kind, i) => $"{RandomExpressions.CSharp(kind)} p{i}"));
        text.Append($"    internal static {RandomExpressions.CSharp(result)} {name}({list})\n    {{\n        unchecked\n        {{\n");
        expressions.Variables.Clear();
        expressions.Variables.AddRange(parameters.Select((kind, i) => (kind, $"p{i}")));
        statements.Write(random.Next(2, 6), result);
        text.Append($"            return {expressions.Of(result, 2)};\n        }}\n    }}\n");
        expressions.Variables.Clear();
        expressions.Functions.Add((result, name, parameters));
    }

    private void WriteKernel()
    {
        text.Append($$"""
                public static void Kernel({{(grouped ? "" : "Index1D index, ")}}ArrayView<int> ints, ArrayView<long> longs, ArrayView<float> floats, ArrayView<double> doubles,
                    ArrayView<int> intsOut, ArrayView<long> longsOut, ArrayView<float> floatsOut, ArrayView<double> doublesOut, int scalar)
                {
                    unchecked
                    {
                        {{(grouped ? "int index = Grid.GlobalIndex.X; var sharedLongs = SharedMemory.Allocate<long>(64); var sharedFloats = SharedMemory.Allocate1D<float>(64); var counters = SharedMemory.Allocate<int>(1);" : "")}}
                        int a = ints[index]; long b = longs[index]; float c = floats[index]; double d = doubles[index];
                        uint e = (uint)a ^ 0x9e3779b9u; ulong f = (ulong)b * 31; bool g = a > scalar;
                        ArrayView<int> memory = LocalMemory.Allocate<int>(8);
                        for (int m = 0; m < 8; m++) memory[m] = a + m;
                        var pair = new Pair<int, float>(a, c);
                        State state = default; state.Wide = d;
                        ArrayView<State> states = LocalMemory.Allocate<State>(4);
                        for (int m = 0; m < 4; m++) { states[m] = state; states[m].Step(m * 300, c); }

            """);
        expressions.Variables.AddRange([(Kind.Int, "a"), (Kind.Long, "b"), (Kind.Float, "c"), (Kind.Double, "d"), (Kind.UInt, "e"), (Kind.ULong, "f"),
            (Kind.Bool, "g"), (Kind.Int, "scalar"), (Kind.Int, "pair.First"), (Kind.Float, "pair.Second"), (Kind.Int, "(state.Steps + 0)"),
            (Kind.Int, "((int)state.Small)"), (Kind.Long, "(state.Sum())"), (Kind.Float, "(state.Floats)"), (Kind.Double, "state.Wide"), (Kind.Bool, "state.Flag"),
            (Kind.Long, "state.Inner.First"), (Kind.Float, "state.Inner.Second")]);
        statements.InKernel = true;
        statements.Write(random.Next(6, 14), null);
        WriteOutputs("            ", 0);
        for (int slot = 1; slot < Slots; slot++)
        {
            WriteOutputs("            ", slot);
        }
        text.Append("        }\n    }\n");
    }

    private void WriteOutputs(string indent, int slot)
    {
        foreach ((string output, Kind kind) in ((string, Kind)[])[("intsOut", Kind.Int), ("longsOut", Kind.Long), ("floatsOut", Kind.Float), ("doublesOut", Kind.Double)])
        {
            text.Append($"{indent}{output}[index * {Slots} + {slot}] = {expressions.Of(kind, 2)};\n");
        }
    }
}
