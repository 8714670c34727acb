using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>
/// How blocks end. The phis of a target are assigned on the edge to it: in the source block where that has one target, else on a little
/// block of its own, so that the other ways out do not see the assignment.
/// </summary>
internal sealed class PtxControl(PtxWriter writer)
{
    /// <summary>From so many cases on a table of labels is used instead of comparisons.</summary>
    private const int TableFrom = 5;

    public static string Label(BasicBlock block) => $"$b{block.Id}";

    /// <param name="block">The block that ends.</param>
    /// <param name="next">The block that is written next, or null.</param>
    public void Write(BasicBlock block, BasicBlock? next)
    {
        switch (block.Terminator)
        {
            case Return:
                writer.Write("ret");
                break;
            case Branch branch:
                GoTo(new Edge(block, branch.Targets[0], 0), next);
                break;
            case ConditionalBranch conditional:
                Write(conditional, new Edge(block, conditional.Targets[0], 0), new Edge(block, conditional.Targets[1],
                    conditional.Targets[0] == conditional.Targets[1] ? 1 : 0), next);
                break;
            case Switch choice:
                Write(block, choice);
                break;
            default:
                throw new InvalidOperationException($"Block {block} of kernel {writer.Kernel.Name} ends with {block.Terminator?.Describe() ?? "nothing"}.");
        }
    }

    /// <summary>An edge; Occurrence tells edges between the same two blocks apart.</summary>
    private readonly record struct Edge(BasicBlock From, BasicBlock To, int Occurrence);

    private void Write(ConditionalBranch conditional, Edge whenTrue, Edge whenFalse, BasicBlock? next)
    {
        Value condition = conditional.Operands[0];
        bool negated = false;
        while (condition is Unary { Op: UnaryOp.Not })
        {
            (condition, negated) = (condition.Operands[0], !negated);
        }
        // the edge without assignments is jumped over directly; what falls through may assign
        bool copiesTrue = Copies(whenTrue).Count > 0, copiesFalse = Copies(whenFalse).Count > 0;
        if ((copiesTrue && !copiesFalse) || (copiesTrue == copiesFalse && whenTrue.To == next))
        {
            (whenTrue, whenFalse, negated, copiesTrue) = (whenFalse, whenTrue, !negated, copiesFalse);
        }
        string taken = copiesTrue ? writer.NewLabel("edge") : Label(whenTrue.To);
        writer.Line($"@{(negated ? "!" : "")}{writer.Register(condition)} bra {taken};");
        GoTo(whenFalse, copiesTrue ? null : next);
        if (copiesTrue)
        {
            writer.Label(taken);
            GoTo(whenTrue, next);
        }
    }

    private void Write(BasicBlock block, Switch choice)
    {
        Dictionary<BasicBlock, int> seen = [];
        Edge[] edges = [.. choice.Targets.Select(target =>
        {
            seen[target] = seen.GetValueOrDefault(target, -1) + 1;
            return new Edge(block, target, seen[target]);
        })];
        string[] labels = [.. edges.Select(edge => Copies(edge).Count > 0 ? writer.NewLabel("edge") : Label(edge.To))];
        string value = writer.Register(choice.Operands[0]);
        int cases = edges.Length - 1;
        if (cases < TableFrom)
        {
            for (int i = 0; i < cases; i++)
            {
                string equal = writer.Compute(RegisterClass.Predicate, "setp.eq.s32", value, $"{i}");
                writer.Line($"@{equal} bra {labels[i]};");
            }
        }
        else
        {
            string beyond = writer.Compute(RegisterClass.Predicate, "setp.ge.u32", value, $"{cases}");
            writer.Line($"@{beyond} bra {labels[^1]};");
            string table = writer.NewLabel("table");
            writer.Line($"{table}: .branchtargets {string.Join(", ", labels[..^1])};");
            writer.Write("brx.idx", value, table);
        }
        if (cases < TableFrom && labels[^1] == Label(edges[^1].To))
        {
            writer.Line($"bra {labels[^1]};");
        }
        for (int i = cases; i >= 0; i--) // the last one first: comparisons that all fail run into it
        {
            if (labels[i] != Label(edges[i].To))
            {
                writer.Label(labels[i]);
                GoTo(edges[i], null);
            }
        }
    }

    /// <summary>Assigns the phis of the target and goes there.</summary>
    private void GoTo(Edge edge, BasicBlock? next)
    {
        ParallelCopy.Sequence(Copies(edge), register => writer.Registers.Allocate(PtxRegisters.ClassOf(register)),
            (target, source) => writer.Write(PtxWriter.MoveOf(PtxRegisters.ClassOf(target)), target, source));
        if (edge.To != next)
        {
            writer.Line($"bra {Label(edge.To)};");
        }
    }

    private List<(string Target, string Source)> Copies(Edge edge)
    {
        int predecessor = PredecessorIndex(edge);
        List<(string, string)> copies = [];
        foreach (Phi phi in edge.To.Phis)
        {
            if (!writer.Live.Contains(phi))
            {
                continue;
            }
            string target = writer.Operand(phi), source = Source(phi.Operands[predecessor]);
            if (target != source)
            {
                copies.Add((target, source));
            }
        }
        return copies;
    }

    private string Source(Value value) =>
        value is Constant { Type.Kind: ScalarKind.Bool } flag ? (flag.Bits != 0 ? "1" : "0") : writer.Operand(value);

    private int PredecessorIndex(Edge edge)
    {
        int remaining = edge.Occurrence;
        for (int i = 0; i < edge.To.Predecessors.Count; i++)
        {
            if (edge.To.Predecessors[i] == edge.From && remaining-- == 0)
            {
                return i;
            }
        }
        throw new InvalidOperationException($"Block {edge.To} of kernel {writer.Kernel.Name} does not list {edge.From} as a predecessor {edge.Occurrence + 1} times.");
    }
}
