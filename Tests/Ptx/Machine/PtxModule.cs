namespace Managed.Tests.Ptx;

/// <summary>A PTX module, parsed and checked; every entry is known to be executable.</summary>
internal sealed class PtxModule
{
    private static long s_nextVariables = 0x10_0000_0000;

    private readonly Dictionary<string, FunctionSyntax> _functions = [];
    private readonly Dictionary<string, PtxProgram> _programs = [];
    private readonly Dictionary<string, ulong> _addresses = [];

    private PtxModule(PtxParser parser, bool checkRegisters)
    {
        Target = parser.Target;
        Variables = parser.Variables;
        foreach (FunctionSyntax function in parser.Functions)
            if (!_functions.TryAdd(function.Name, function))
                throw function.Error($"'{function.Name}' is defined twice.");
        foreach (Variable variable in Variables.Where(variable => variable.Space is "global" or "const"))
        {
            long size = (variable.Bytes + 8191L) & ~4095L;
            _addresses[variable.Name] = (ulong)Interlocked.Add(ref s_nextVariables, size) - (ulong)size;
        }
        if (Variables.Where(variable => variable.Space == "const").Sum(variable => variable.Bytes) > 65536)
            throw parser.Functions[0].Error("constants of a module take at most 64 KiB.");
        foreach (FunctionSyntax entry in parser.Functions.Where(function => function.IsEntry))
            _programs[entry.Name] = new Linker(this, entry, checkRegisters).Link();
    }

    public PtxTarget Target { get; }

    public List<Variable> Variables { get; }

    public IEnumerable<FunctionSyntax> Functions => _functions.Values;

    public IEnumerable<string> EntryNames => _programs.Keys;

    /// <summary>Parses and checks a module's text.</summary>
    /// <param name="text">The module.</param>
    /// <param name="checkRegisters">Whether registers that are read but never written are errors; only spelling tests turn it off.</param>
    /// <exception cref="PtxException">The text is not legal PTX, or not in the subset known here; names line and text.</exception>
    public static PtxModule Parse(string text, bool checkRegisters = true) => new(PtxParser.Parse(text), checkRegisters);

    public FunctionSyntax Entry(string name) =>
        _functions.TryGetValue(name, out FunctionSyntax? function) && function.IsEntry
            ? function : throw new ArgumentException($"the module has no entry '{name}'; it has {string.Join(", ", EntryNames)}.");

    public FunctionSyntax? Function(string name) => _functions.GetValueOrDefault(name);

    public PtxProgram Program(string entry) => _programs[entry];

    /// <summary>The address of a .global or .const variable.</summary>
    public ulong AddressOf(string variable) => _addresses[variable];

    /// <summary>The variables with their first values, for a machine to map.</summary>
    public IEnumerable<MemoryRegion> MakeVariables()
    {
        foreach (Variable variable in Variables.Where(variable => variable.Space is "global" or "const"))
        {
            byte[] data = new byte[variable.Bytes];
            variable.Initial?.CopyTo(data, 0);
            yield return new MemoryRegion(_addresses[variable.Name], data, variable.Space == "const", variable.Name);
        }
    }
}
