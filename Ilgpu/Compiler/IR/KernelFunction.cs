using System.Text;

namespace Managed.Ilgpu.Compiler.IR;

/// <summary>Instructions that run one after the other, and how it goes on after them.</summary>
internal sealed class BasicBlock
{
    public int Id { get; internal set; } = -1;

    /// <summary>Phis first.</summary>
    public List<Value> Values { get; } = [];

    public Terminator? Terminator { get; set; }

    /// <summary>In the order of the phis' operands; one entry per edge. Whoever changes a terminator keeps it true.</summary>
    public List<BasicBlock> Predecessors { get; } = [];

    public IEnumerable<Phi> Phis => Values.OfType<Phi>();

    public override string ToString() => $"b{Id}";
}

/// <summary>
/// A kernel in SSA form: everything inlined, every value a scalar. The two back ends turn it into text.
/// </summary>
internal sealed class KernelFunction(string name)
{
    /// <summary>The name in the generated module: letters, digits and underscores.</summary>
    public string Name { get; } = name;

    /// <summary>
    /// The flat scalar parameters, in launch order. A C# parameter of struct type gives one per scalar field in declaration order;
    /// an ArrayView gives a pointer (global) and its length (Int64). Implicitly grouped kernels begin with the extent (Int32 or Int64 per dimension).
    /// </summary>
    public List<Parameter> Parameters { get; } = [];

    /// <summary>Static shared memory and what the thread keeps in memory.</summary>
    public List<Allocation> Allocations { get; } = [];

    /// <summary>Blocks in reverse post-order, the entry first.</summary>
    public List<BasicBlock> Blocks { get; } = [];

    /// <summary>Threads of a group where known at compile time (launch bounds), else 0.</summary>
    public int GroupSize { get; set; }

    /// <summary>Groups per multiprocessor that the author wants resident, else 0: steers the assembler's scheduling.</summary>
    public int MinGroupsPerMultiprocessor { get; set; }

    /// <summary>All values in the blocks, in order, terminators included.</summary>
    public IEnumerable<Value> AllValues
    {
        get
        {
            foreach (BasicBlock block in Blocks)
            {
                foreach (Value value in block.Values)
                {
                    yield return value;
                }
                if (block.Terminator is not null)
                {
                    yield return block.Terminator;
                }
            }
        }
    }

    /// <summary>Puts another value wherever one of the map's keys is used, following chains.</summary>
    public void Replace(Dictionary<Value, Value> replacements)
    {
        if (replacements.Count == 0)
        {
            return;
        }
        foreach (Value value in AllValues)
        {
            for (int i = 0; i < value.Operands.Length; i++)
            {
                while (replacements.TryGetValue(value.Operands[i], out Value? replacement))
                {
                    value.Operands[i] = replacement;
                }
            }
        }
    }

    /// <summary>Numbers parameters, allocations, blocks and values in order, for printing and for the back ends' names.</summary>
    public void Number()
    {
        int next = 0;
        foreach (Value value in Parameters.Concat<Value>(Allocations))
        {
            value.Id = next++;
        }
        for (int i = 0; i < Blocks.Count; i++)
        {
            Blocks[i].Id = i;
        }
        foreach (Value value in AllValues)
        {
            value.Id = next++;
        }
    }

    public override string ToString()
    {
        Number();
        StringBuilder text = new();
        text.Append("kernel ").Append(Name).Append('(').AppendJoin(", ", Parameters.Select(p => $"%{p.Id}: {p.Type} {p.Name}")).AppendLine(")");
        foreach (Allocation allocation in Allocations)
        {
            text.Append("  ").AppendLine(allocation.ToString());
        }
        foreach (BasicBlock block in Blocks)
        {
            text.Append(block).Append(": // from ").AppendJoin(", ", block.Predecessors).AppendLine();
            foreach (Value value in block.Values)
            {
                text.Append("  ").AppendLine(value.ToString());
            }
            text.Append("  ").AppendLine(block.Terminator?.ToString() ?? "no terminator");
        }
        return text.ToString();
    }
}
