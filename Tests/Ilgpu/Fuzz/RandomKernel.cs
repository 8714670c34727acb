using System.Text;

namespace Managed.Tests.Ilgpu.Fuzz;

/// <summary>
/// The C# source of a random kernel, the same for the same seed: expressions, nested loops with break and continue, switches, early returns,
/// structs, generic structs, static abstract members, nested calls, an array in thread memory. Each thread reads one element of each input
/// and writes <see cref="Slots"/> elements to each output.
/// </summary>
internal sealed class RandomKernel
{
    /// <summary>Elements that a thread writes to each output.</summary>
    public const int Slots = 2;

    private const string Frame = """
        using System;
        using System.Numerics;
        using ILGPU;
        using ILGPU.Runtime;
        using Half = ILGPU.Half;

        public interface ICombine<T> { static abstract T Combine(T first, T second); T Finish(T value); }

        public struct Pair<TFirst, TSecond> where TFirst : unmanaged where TSecond : unmanaged
        {
            public TFirst First; public TSecond Second;
            public Pair(TFirst first, TSecond second) { First = first; Second = second; }
            public readonly Pair<TSecond, TFirst> Swapped() => new Pair<TSecond, TFirst>(Second, First);
        }

        public static class Kernels
        {
            internal static int Divide(int a, int b) => b == 0 || b == -1 ? a : a / b;
            internal static uint Divide(uint a, uint b) => b == 0 ? a : a / b;
            internal static long Divide(long a, long b) => b == 0 || b == -1 ? a : a / b;
            internal static ulong Divide(ulong a, ulong b) => b == 0 ? a : a / b;
            internal static int Remainder(int a, int b) => b == 0 || b == -1 ? a : a % b;
            internal static uint Remainder(uint a, uint b) => b == 0 ? a : a % b;
            internal static long Remainder(long a, long b) => b == 0 || b == -1 ? a : a % b;
            internal static ulong Remainder(ulong a, ulong b) => b == 0 ? a : a % b;
            static T Folded<T, TCombine>(TCombine combine, T a, T b, int times) where T : unmanaged where TCombine : struct, ICombine<T>
            {
                for (int i = 0; i < times; i++) a = TCombine.Combine(a, b);
                return combine.Finish(a);
            }

        """;

    private readonly Random random;
    private readonly RandomExpressions expressions;
    private readonly StringBuilder text = new(Frame);
    private int names;
    private int statements;
    private bool inKernel;

    private RandomKernel(int seed)
    {
        random = new Random(seed);
        expressions = new RandomExpressions(random);
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
            + $"    public static {type} Combine({type} first, {type} second) => unchecked({Qualified(combine)});\n"
            + $"    public readonly {type} Finish({type} value) => unchecked({Qualified(finish)});\n}}\n";
    }

    // Divide and Remainder are members of Kernels, the combiners are not.
    private static string Qualified(string expression) => expression.Replace("Divide(", "Kernels.Divide(").Replace("Remainder(", "Kernels.Remainder(").Replace("Kernels.Kernels.", "Kernels.");

    private void WriteFunction(string name)
    {
        Kind result = expressions.AnyKind();
        Kind[] parameters = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => expressions.AnyKind())];
        string list = string.Join(", ", parameters.Select((kind, i) => $"{RandomExpressions.CSharp(kind)} p{i}"));
        text.Append($"    internal static {RandomExpressions.CSharp(result)} {name}({list})\n    {{\n        unchecked\n        {{\n");
        expressions.Variables.Clear();
        expressions.Variables.AddRange(parameters.Select((kind, i) => (kind, $"p{i}")));
        statements = random.Next(2, 6);
        Statements(3, result);
        text.Append($"            return {expressions.Of(result, 2)};\n        }}\n    }}\n");
        expressions.Variables.Clear();
        expressions.Functions.Add((result, name, parameters));
    }

    private void WriteKernel()
    {
        text.Append("""
                public static void Kernel(Index1D index, ArrayView<int> ints, ArrayView<long> longs, ArrayView<float> floats, ArrayView<double> doubles,
                    ArrayView<int> intsOut, ArrayView<long> longsOut, ArrayView<float> floatsOut, ArrayView<double> doublesOut, int scalar)
                {
                    unchecked
                    {
                        int a = ints[index]; long b = longs[index]; float c = floats[index]; double d = doubles[index];
                        uint e = (uint)a ^ 0x9e3779b9u; ulong f = (ulong)b * 31; bool g = a > scalar;
                        ArrayView<int> memory = LocalMemory.Allocate<int>(8);
                        for (int m = 0; m < 8; m++) memory[m] = a + m;
                        var pair = new Pair<int, float>(a, c);

            """);
        expressions.Variables.AddRange([(Kind.Int, "a"), (Kind.Long, "b"), (Kind.Float, "c"), (Kind.Double, "d"), (Kind.UInt, "e"), (Kind.ULong, "f"),
            (Kind.Bool, "g"), (Kind.Int, "scalar"), (Kind.Int, "pair.First"), (Kind.Float, "pair.Second")]);
        inKernel = true;
        statements = random.Next(6, 14);
        Statements(3, null);
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

    private void Statements(int depth, Kind? result)
    {
        int scope = expressions.Variables.Count;
        int count = random.Next(1, 5);
        for (int i = 0; i < count && statements > 0; i++)
        {
            statements--;
            Statement(depth, result);
        }
        if (depth < 3)
        {
            expressions.Variables.RemoveRange(scope, expressions.Variables.Count - scope);
        }
        else if (statements > 0)
        {
            Statements(depth, result);
        }
    }

    private void Statement(int depth, Kind? result)
    {
        string indent = new(' ', 12 + ((3 - depth) * 4));
        switch (random.Next(depth > 0 ? 11 : 5))
        {
            case 0 or 1:
                Kind kind = expressions.AnyKind();
                string name = $"v{names++}";
                text.Append($"{indent}{RandomExpressions.CSharp(kind)} {name} = {expressions.Of(kind, 3)};\n");
                expressions.Variables.Add((kind, name));
                break;
            case 2 or 3:
                Assignment(indent);
                break;
            case 4 when inKernel:
                text.Append(random.Next(2) == 0
                    ? $"{indent}memory[{expressions.Of(Kind.Int, 2)} & 7] = {expressions.Of(Kind.Int, 2)} + memory[{expressions.Of(Kind.Int, 1)} & 7];\n"
                    : $"{indent}{{ var swapped = new Pair<float, int>({expressions.Of(Kind.Float, 2)}, {expressions.Of(Kind.Int, 2)}); pair = swapped.Swapped(); }}\n");
                break;
            case 5:
                text.Append($"{indent}if ({expressions.Of(Kind.Bool, 2)})\n");
                Braced(indent, depth, result);
                if (random.Next(2) == 0)
                {
                    text.Append($"{indent}else\n");
                    Braced(indent, depth, result);
                }
                break;
            case 6:
                string counter = $"i{names++}";
                text.Append($"{indent}for (int {counter} = {random.Next(3)}; {counter} < ({expressions.Of(Kind.Int, 2)} & 7); {counter}++)\n");
                Loop(indent, depth, result, counter, "");
                break;
            case 7:
                string fuel = $"w{names++}";
                text.Append($"{indent}int {fuel} = {expressions.Of(Kind.Int, 2)} & 7;\n{indent}while ({fuel} > 0)\n");
                Loop(indent, depth, result, fuel, $"{fuel}--;");
                break;
            case 8:
                Switch(indent, depth, result);
                break;
            case 9:
                text.Append($"{indent}for (int unrolled = 0; unrolled < {random.Next(1, 5)}; unrolled++)\n{indent}{{\n");
                Assignment(indent + "    ");
                text.Append($"{indent}}}\n");
                break;
            default:
                EarlyReturn(indent, result);
                break;
        }
    }

    private void Braced(string indent, int depth, Kind? result, string first = "")
    {
        text.Append($"{indent}{{\n");
        if (first.Length > 0)
        {
            text.Append($"{indent}    {first}\n");
        }
        Statements(depth - 1, result);
        text.Append($"{indent}}}\n");
    }

    private void Loop(string indent, int depth, Kind? result, string counter, string first)
    {
        string exit = random.Next(3) switch
        {
            0 => $"if ({expressions.Of(Kind.Bool, 2)}) break;",
            1 => $"if ({expressions.Of(Kind.Bool, 2)}) continue;",
            _ => "",
        };
        // Readable, never assigned: the loop must end.
        expressions.Variables.Add((Kind.Int, $"({counter} + 0)"));
        Braced(indent, depth, result, $"{first} {exit}".Trim());
        expressions.Variables.RemoveAll(variable => variable.Name == $"({counter} + 0)");
    }

    private void Switch(string indent, int depth, Kind? result)
    {
        bool dense = random.Next(3) != 0;
        int cases = random.Next(2, 7);
        text.Append($"{indent}switch ({expressions.Of(Kind.Int, 2)}{(dense ? " & 7" : " % 1000")})\n{indent}{{\n");
        for (int i = 0; i < cases; i++)
        {
            text.Append($"{indent}    case {(dense ? i : (i * 37) - 50)}:\n");
            if (random.Next(4) != 0)
            {
                Braced(indent + "    ", depth, result);
                text.Append($"{indent}        break;\n");
            }
        }
        text.Append($"{indent}    default:\n");
        Assignment(indent + "        ");
        text.Append($"{indent}        break;\n{indent}}}\n");
    }

    private void Assignment(string indent)
    {
        (Kind Kind, string Name)[] targets = [.. expressions.Variables.Where(variable => !variable.Name.StartsWith('(') && variable.Name != "scalar")];
        if (targets.Length == 0)
        {
            return;
        }
        (Kind kind, string name) = targets[random.Next(targets.Length)];
        string[] operators = kind switch
        {
            Kind.Bool => ["=", "&=", "|=", "^="],
            Kind.Float or Kind.Double => ["=", "+=", "-=", "*="],
            _ => ["=", "+=", "-=", "*=", "^=", "|=", "&="],
        };
        text.Append($"{indent}{name} {expressions.Pick(operators)} {expressions.Of(kind, 3)};\n");
    }

    private void EarlyReturn(string indent, Kind? result)
    {
        text.Append($"{indent}if ({expressions.Of(Kind.Bool, 2)})\n{indent}{{\n");
        if (result is Kind kind)
        {
            text.Append($"{indent}    return {expressions.Of(kind, 2)};\n");
        }
        else
        {
            WriteOutputs(indent + "    ", random.Next(Slots));
            text.Append($"{indent}    return;\n");
        }
        text.Append($"{indent}}}\n");
    }
}
