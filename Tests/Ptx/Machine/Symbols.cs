namespace Managed.Tests.Ptx;

/// <summary>What a name in a body stands for.</summary>
internal abstract record Symbol;

/// <summary>A register; its slot is taken when it is first used.</summary>
internal sealed record RegisterSymbol(string Name, ScalarType Type) : Symbol
{
    public int Slot { get; set; } = -1;

    public bool IsWritten { get; set; }

    public bool IsRead { get; set; }

    /// <summary>First use as a source, for the report of a register that is never written.</summary>
    public Statement? FirstRead { get; set; }
}

/// <summary>A variable in memory at a fixed address of its space.</summary>
internal sealed record MemorySymbol(string Name, MemorySpace Space, ulong Address, int Bytes, bool IsOpen) : Symbol;

/// <summary>A label; its place is known when it is reached.</summary>
internal sealed record LabelSymbol(string Name) : Symbol
{
    public int Place { get; set; } = -1;
}

internal sealed record TableSymbol(string[] Labels, Scope Scope) : Symbol;

/// <summary>Names of a body or of braces in it.</summary>
internal sealed class Scope(Scope? parent)
{
    private readonly Dictionary<string, Symbol> _symbols = [];
    private readonly Dictionary<string, (ScalarType Type, int Count)> _ranges = [];

    public void Define(string name, Symbol symbol, Statement where)
    {
        if (SpecialRegister.Find(name) is not null)
            throw where.Error($"'{name}' is a special register and cannot be defined.");
        if (!_symbols.TryAdd(name, symbol))
            throw where.Error($"'{name}' is defined twice; registers, variables, labels and parameters share their names.");
    }

    /// <summary>`%r&lt;4&gt;`: %r0 to %r3.</summary>
    public void DefineRange(string prefix, ScalarType type, int count, Statement where)
    {
        if (!_ranges.TryAdd(prefix, (type, count)))
            throw where.Error($"registers {prefix}<…> are defined twice.");
    }

    public Symbol? Find(string name)
    {
        if (_symbols.TryGetValue(name, out Symbol? symbol))
            return symbol;
        int digits = name.Length;
        while (digits > 0 && char.IsAsciiDigit(name[digits - 1]))
            digits--;
        for (; digits < name.Length; digits++)
        {
            bool canonical = name[digits] != '0' || digits == name.Length - 1;
            if (canonical && _ranges.TryGetValue(name[..digits], out (ScalarType Type, int Count) range)
                && int.TryParse(name.AsSpan(digits), out int index) && index < range.Count)
                return _symbols[name] = new RegisterSymbol(name, range.Type);
        }
        return parent?.Find(name);
    }
}
