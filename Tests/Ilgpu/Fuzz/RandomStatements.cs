using System.Text;

namespace Managed.Tests.Ilgpu.Fuzz;

/// <summary>Random statements: they end, and touch only what is theirs.</summary>
internal sealed class RandomStatements(Random random, RandomExpressions expressions, StringBuilder text, bool grouped, Action<string, int> writeOutputs)
{
    private const int Outermost = 3;

    private int names;
    private int budget;

    /// <summary>The kernel's memories and structs are in scope.</summary>
    public bool InKernel { get; set; }

    /// <summary>So many statements, some of them nested in others.</summary>
    /// <param name="count">Most statements, nested ones included.</param>
    /// <param name="result">Of the function; null in the kernel.</param>
    public void Write(int count, Kind? result)
    {
        budget = count;
        Statements(Outermost, result);
    }

    private void Statements(int depth, Kind? result)
    {
        int scope = expressions.Variables.Count;
        int count = random.Next(1, 5);
        for (int i = 0; i < count && budget > 0; i++)
        {
            budget--;
            Statement(depth, result);
        }
        if (depth < Outermost)
        {
            expressions.Variables.RemoveRange(scope, expressions.Variables.Count - scope);
        }
        else if (budget > 0)
        {
            Statements(depth, result);
        }
    }

    private void Statement(int depth, Kind? result)
    {
        string indent = new(' ', 12 + ((Outermost - depth) * 4));
        if (InKernel && grouped && depth == Outermost && random.Next(3) == 0)
        {
            OfGroup(indent);
            return;
        }
        switch (random.Next(depth > 0 ? 14 : 7))
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
            case 4 when InKernel:
                text.Append(indent).Append(random.Next(5) switch
                {
                    0 => $"memory[{expressions.Of(Kind.Int, 2)} & 7] = {expressions.Of(Kind.Int, 2)} + memory[{expressions.Of(Kind.Int, 1)} & 7];\n",
                    1 => $"{{ var swapped = new Pair<float, int>({expressions.Of(Kind.Float, 2)}, {expressions.Of(Kind.Int, 2)}); pair = swapped.Swapped(); }}\n",
                    2 => $"state.Step({expressions.Of(Kind.Int, 2)}, Kernels.Tame({expressions.Of(Kind.Float, 2)}));\n",
                    3 => $"states[{expressions.Of(Kind.Int, 2)} & 3].Step({expressions.Of(Kind.Int, 2)}, 1.5f);\n",
                    _ => $"{{ int at = {expressions.Of(Kind.Int, 1)} & 3; State kept = states[at]; states[at] = state; state = kept; }}\n",
                });
                break;
            case 5:
                Swap(indent);
                break;
            case 6:
                (string high, string low) = ($"h{names++}", $"l{names++}");
                text.Append($"{indent}bool s{names} = Kernels.Split({expressions.Of(Kind.Long, 2)}, new Pair<int, float>({expressions.Of(Kind.Int, 2)}, 0), out int {high}, out int {low});\n");
                expressions.Variables.AddRange([(Kind.Bool, $"s{names++}"), (Kind.Int, high), (Kind.Int, low)]);
                break;
            case 7:
                text.Append($"{indent}if ({expressions.Of(Kind.Bool, 2)})\n");
                Braced(indent, depth, result);
                if (random.Next(2) == 0)
                {
                    text.Append($"{indent}else\n");
                    Braced(indent, depth, result);
                }
                break;
            case 8:
                string counter = $"i{names++}";
                text.Append($"{indent}for (int {counter} = {random.Next(3)}; {counter} < ({expressions.Of(Kind.Int, 2)} & 7); {counter}++)\n");
                Loop(indent, depth, result, counter, "");
                break;
            case 9:
                string fuel = $"w{names++}";
                text.Append($"{indent}int {fuel} = {expressions.Of(Kind.Int, 2)} & 7;\n{indent}while ({fuel} > 0)\n");
                Loop(indent, depth, result, fuel, $"{fuel}--;");
                break;
            case 10:
                Switch(indent, depth, result);
                break;
            case 11:
                text.Append($"{indent}for (int unrolled = 0; unrolled < {random.Next(1, 5)}; unrolled++)\n{indent}{{\n");
                Assignment(indent + "    ");
                text.Append($"{indent}}}\n");
                break;
            case 12:
                string turn = $"d{names++}";
                text.Append($"{indent}int {turn} = 0;\n{indent}do\n");
                Loop(indent, depth, result, turn, $"{turn}++;");
                text.Append($"{indent}while ({turn} < ({expressions.Of(Kind.Int, 2)} & 3));\n");
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
        (Kind Kind, string Name)[] targets = Assignable();
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
        if (result is null && grouped)
        {
            // Threads that have left do not come to the barriers.
            Assignment(indent + "    ");
        }
        else if (result is Kind kind)
        {
            text.Append($"{indent}    return {expressions.Of(kind, 2)};\n");
        }
        else
        {
            writeOutputs(indent + "    ", random.Next(RandomKernel.Slots));
            text.Append($"{indent}    return;\n");
        }
        text.Append($"{indent}}}\n");
    }

    private (Kind Kind, string Name)[] Assignable() => [.. expressions.Variables.Where(variable => !variable.Name.StartsWith('(') && variable.Name != "scalar")];

    private void Swap(string indent)
    {
        (Kind Kind, string Name)[] targets = Assignable();
        if (targets.Length == 0)
        {
            return;
        }
        (Kind kind, string first) = targets[random.Next(targets.Length)];
        string[] others = [.. targets.Where(target => target.Kind == kind && target.Name != first).Select(target => target.Name)];
        if (others.Length > 0)
        {
            text.Append($"{indent}Kernels.Exchange(ref {first}, ref {others[random.Next(others.Length)]});\n");
        }
    }

    /// <summary>What the whole group does together.</summary>
    private void OfGroup(string indent)
    {
        string name = $"o{names++}";
        Kind kind = (Kind)random.Next(6);
        switch (random.Next(5))
        {
            case 0:
                kind = Kind.Long;
                text.Append($"{indent}long {name} = {expressions.Of(kind, 2)};\n{indent}for (int round = 0; round < {random.Next(1, 4)}; round++)\n{indent}{{\n"
                    + $"{indent}    sharedLongs[Group.IdxX] = {name}; Group.Barrier();\n"
                    + $"{indent}    {name} += sharedLongs[(Group.IdxX + {random.Next(1, 32)}) % Group.DimX]; Group.Barrier();\n{indent}}}\n");
                break;
            case 1:
                kind = Kind.Float;
                text.Append($"{indent}sharedFloats[Group.IdxX] = {expressions.Of(kind, 2)};\n{indent}Group.Barrier();\n"
                    + $"{indent}float {name} = sharedFloats[Group.DimX - 1 - Group.IdxX];\n{indent}Group.Barrier();\n");
                break;
            case 2:
                kind = Kind.Int;
                text.Append($"{indent}if (Group.IsFirstThread) counters[0] = {random.Next(100)};\n{indent}Group.Barrier();\n"
                    + $"{indent}Atomic.{expressions.Pick("Add", "Max", "Min", "Or", "Xor")}(ref counters[0], {expressions.Of(kind, 2)});\n"
                    + $"{indent}Group.Barrier();\n{indent}int {name} = counters[0];\n{indent}Group.Barrier();\n");
                break;
            case 3:
                kind = Kind.Int;
                text.Append($"{indent}int {name} = Group.BarrierPopCount({expressions.Of(Kind.Bool, 2)}) * 4 + (Group.BarrierAnd({expressions.Of(Kind.Bool, 2)}) ? 2 : 0)"
                    + $" + (Group.BarrierOr({expressions.Of(Kind.Bool, 2)}) ? 1 : 0);\n");
                break;
            default:
                text.Append($"{indent}{RandomExpressions.CSharp(kind)} {name} = Warp.{expressions.Pick("ShuffleDown", "ShuffleUp", "ShuffleXor", "Shuffle")}("
                    + $"{expressions.Of(kind, 2)}, {random.Next(1, 32)});\n");
                break;
        }
        expressions.Variables.Add((kind, name));
    }
}
