namespace Managed.Tests.Ptx;

/// <summary>The part that matches instructions with rules and resolves operands.</summary>
internal sealed partial class Linker
{
    private readonly List<string> _slotNames = ["_"];
    private readonly List<string> _predicateNames = ["_"];
    private readonly Dictionary<ulong, int> _constants = [];
    private readonly Dictionary<uint, int> _predicateConstants = [];
    private readonly Dictionary<string, int> _specials = [];

    /// <summary>What the operands of one instruction resolve to, as far as one rule accepts them.</summary>
    private sealed class Resolution
    {
        public readonly List<int> Slots = [];
        public readonly List<RegisterSymbol> Sources = [], Destinations = [];
        public readonly List<long> Literals = [], Offsets = [];
        public readonly List<ulong> Masks = [];
        public readonly List<SpecialRegister> Clocks = [];
        public LabelSymbol[] Labels = [];
        public MemorySpace? Space;
        public uint Negated;
    }

    private void Emit(InstructionStatement instruction, Scope scope)
    {
        if (instruction.Words is ["ret", ..] && _calls.Count > 0)
        {
            EmitJump(instruction, _calls.Peek().End, scope, instruction.Guard, instruction.GuardNegated);
            return;
        }
        List<(Rule Rule, RuleMatch Match)> candidates = RuleTable.Find(instruction, _module.Target);
        string? problem = null;
        foreach ((Rule rule, RuleMatch match) in candidates)
        {
            var resolution = new Resolution();
            string? found = TryResolve(instruction, rule, match, scope, resolution);
            if (found is null)
            {
                Finish(instruction, rule, match, scope, resolution);
                return;
            }
            // of several forms the one with this many operands says best what is wrong
            if (problem is null || rule.Operands.Length == instruction.Operands.Length)
                problem = found;
        }
        throw instruction.Error($"{instruction.Opcode}: {problem}");
    }

    private void Finish(InstructionStatement instruction, Rule rule, RuleMatch match, Scope scope, Resolution resolution)
    {
        foreach (SpecialRegister clock in resolution.Clocks)
            EmitClock(instruction, clock);
        var operation = new Operation(instruction.Line, instruction.Source);
        foreach (RegisterSymbol register in resolution.Sources)
            register.FirstRead ??= instruction;
        foreach (RegisterSymbol register in resolution.Destinations)
            register.IsWritten = true;
        operation.Slots = [.. resolution.Slots];
        operation.D = operation.Slots.ElementAtOrDefault(0);
        operation.A = operation.Slots.ElementAtOrDefault(1);
        operation.B = operation.Slots.ElementAtOrDefault(2);
        operation.C = operation.Slots.ElementAtOrDefault(3);
        operation.Literals = [.. resolution.Literals];
        operation.Offsets = [.. resolution.Offsets];
        operation.AddressMasks = [.. resolution.Masks];
        operation.Negated = resolution.Negated;
        operation.Space = resolution.Space ?? MemoryRules.SpaceOf(match["S"]);
        operation.Reads = Slots(resolution.Sources, predicates: false);
        operation.PredicateReads = Slots(resolution.Sources, predicates: true);
        operation.Writes = Slots(resolution.Destinations, predicates: false);
        operation.PredicateWrites = Slots(resolution.Destinations, predicates: true);
        if (instruction.Guard is not null)
        {
            if (scope.Find(instruction.Guard) is not RegisterSymbol { Type.Kind: TypeKind.Predicate } guard)
                throw instruction.Error($"the guard '{instruction.Guard}' is no predicate register.");
            operation.Guard = SlotOf(guard);
            operation.GuardFlip = instruction.GuardNegated ? Lanes.All : 0;
            guard.FirstRead ??= instruction;
        }
        if (resolution.Labels.Length > 0)
            _branches.Add((operation, resolution.Labels));
        rule.Bind(operation, match);
        _operations.Add(operation);
    }

    /// <summary>Clock registers change while a warp runs: an operation before the reading one fills the slot.</summary>
    private void EmitClock(InstructionStatement instruction, SpecialRegister clock)
    {
        int slot = _specials[clock.Name];
        _operations.Add(new Operation(instruction.Line, instruction.Source)
        {
            Class = InstructionClass.Move,
            Run = (warp, _, _) =>
            {
                ulong value = ++warp.Block.Launch.Clock;
                for (int lane = 0; lane < 32; lane++)
                    Lanes.Put(ref warp.Register(slot), lane, value);
            },
        });
    }

    private int[] Slots(List<RegisterSymbol> registers, bool predicates) =>
        [.. registers.Where(register => (register.Type.Kind == TypeKind.Predicate) == predicates).Select(SlotOf).Distinct()];

    private int SlotOf(RegisterSymbol register)
    {
        if (register.Slot < 0)
        {
            List<string> names = register.Type.Kind == TypeKind.Predicate ? _predicateNames : _slotNames;
            register.Slot = names.Count;
            names.Add(register.Name);
            _registers.Add(register);
        }
        return register.Slot;
    }

    private int ConstantSlot(ulong value) => Intern(_constants, value, _slotNames, "literal");

    private int PredicateConstantSlot(bool value) => Intern(_predicateConstants, value ? Lanes.All : 0, _predicateNames, "literal");

    private static int Intern<T>(Dictionary<T, int> slots, T value, List<string> names, string name) where T : notnull
    {
        if (!slots.TryGetValue(value, out int slot))
        {
            slots[value] = slot = names.Count;
            names.Add(name);
        }
        return slot;
    }

    /// <summary>Resolves all operands by a rule's signature; null, or what does not fit.</summary>
    private string? TryResolve(InstructionStatement instruction, Rule rule, RuleMatch match, Scope scope, Resolution resolution)
    {
        int next = 0;
        Operand[] operands = instruction.Operands;
        int required = rule.Operands.Count(token => !token.EndsWith('?'));
        if (operands.Length < required || operands.Length > rule.Operands.Length)
            return $"takes {required}{(rule.Operands.Length > required ? $" to {rule.Operands.Length}" : "")} operands, found {operands.Length}.";
        foreach (string token in rule.Operands)
        {
            if (next == operands.Length && token.EndsWith('?'))
                break;
            string? problem = Resolve(token.TrimEnd('?'), operands[next], match, scope, resolution);
            if (problem is not null)
                return $"operand {next + 1}, {operands[next]}: {problem}";
            next++;
        }
        return rule.Check?.Invoke(operands, match);
    }

    private string? Resolve(string token, Operand operand, RuleMatch match, Scope scope, Resolution resolution)
    {
        if (token == "label")
            return ResolveLabel(operand, scope, resolution, table: false);
        if (token == "table")
            return ResolveLabel(operand, scope, resolution, table: true);
        if (token == "#")
        {
            if (operand.Kind != OperandKind.Integer)
                return "an integer literal is expected.";
            resolution.Literals.Add((long)operand.Bits);
            return null;
        }
        if (token[0] == '[')
            return ResolveAddress(token, operand, match, scope, resolution);
        bool writes = token[0] == '=';
        token = token.TrimStart('=');
        if (token.EndsWith('|'))
        {
            ScalarType first = TypeOf(token.TrimEnd('|'), match);
            Operand[] sides = operand.Kind == OperandKind.Pair ? operand.Elements : [operand, new Operand(OperandKind.Sink)];
            return ResolveValue(first, "", sides[0], writes, scope, resolution) ?? ResolveValue(ScalarType.Predicate, "", sides[1], writes, scope, resolution);
        }
        if (token[0] != '<')
            return ResolveValue(TypeOf(token, match), token, operand, writes, scope, resolution);
        int close = token.IndexOf('>');
        string size = token[1..close];
        ScalarType type = TypeOf(token[(close + 1)..], match);
        if (size == "N" && type.Name == "f16")
            type = ScalarType.Find("b32")!;
        int count = size switch
        {
            "N" => WgmmaRules.Columns(match["shape"]) / (match["D"] == "f16" ? 4 : 2),
            "V" => match["V"] switch { "v2" => 2, "v4" => 4, _ => 0 },
            _ => int.Parse(size),
        };
        if (count == 0)
            return ResolveValue(type, token, operand, writes, scope, resolution);
        if (operand.Kind != OperandKind.Vector || operand.Elements.Length != count)
            return $"a vector of {count} in braces is expected.";
        if (writes && operand.Elements.Where(element => element.Kind == OperandKind.Name).GroupBy(element => element.Name).Any(group => group.Count() > 1))
            return "a register stands twice in the vector that is written.";
        foreach (Operand element in operand.Elements)
            if (ResolveValue(type, token, element, writes, scope, resolution) is { } problem)
                return problem;
        return null;
    }

    private static ScalarType TypeOf(string token, RuleMatch match)
    {
        string name = token.Trim('≥', '!', '^', '@', '<', '>');
        bool twice = name.EndsWith("*2", StringComparison.Ordinal);
        ScalarType type = match.Type(twice ? name[..^2] : name);
        return twice ? ScalarType.Find($"{type.Name[0]}{type.Bytes * 16}")! : type;
    }

    private string? ResolveValue(ScalarType type, string flags, Operand operand, bool writes, Scope scope, Resolution resolution)
    {
        bool isPredicate = type.Kind == TypeKind.Predicate;
        switch (operand.Kind)
        {
            case OperandKind.Sink when writes:
                resolution.Slots.Add(0);
                return null;
            case OperandKind.Integer or OperandKind.Float when !writes && !flags.Contains('!', StringComparison.Ordinal):
                ulong bits = Literals.Encode(operand, type, out string? problem);
                resolution.Slots.Add(isPredicate ? PredicateConstantSlot(bits != 0) : ConstantSlot(bits));
                return problem;
            case OperandKind.Name:
                break;
            default:
                string literal = flags.Contains('!', StringComparison.Ordinal) ? "" : "or literal ";
                return writes ? "a register is expected." : $"a register {literal}of type {type} is expected.";
        }
        if (SpecialRegister.Find(operand.Name) is { } special)
            return ResolveSpecial(special, type, operand, writes, flags, resolution);
        switch (scope.Find(operand.Name))
        {
            case RegisterSymbol register:
                if (!(flags.Contains('≥', StringComparison.Ordinal) ? type.AcceptsWider(register.Type) : type.Accepts(register.Type)))
                    return $"the register is {register.Type}, the instruction wants {type}.";
                if (operand.Negated)
                {
                    if (!isPredicate || !flags.Contains('^', StringComparison.Ordinal))
                        return "'!' is not allowed here.";
                    resolution.Negated |= 1u << resolution.Slots.Count;
                }
                resolution.Slots.Add(SlotOf(register));
                (writes ? resolution.Destinations : resolution.Sources).Add(register);
                return null;
            case MemorySymbol memory when flags.Contains('@', StringComparison.Ordinal) && !writes:
                if (type.Bytes == 4 ? memory.Space is not (MemorySpace.Shared or MemorySpace.Local) : type.Bytes != 8 || type.IsFloat)
                    return $"the address of {memory.Name} does not fit {type}.";
                resolution.Slots.Add(ConstantSlot(memory.Address));
                return null;
            case null:
                return "is not defined.";
            default:
                return "is no register.";
        }
    }

    private string? ResolveSpecial(SpecialRegister special, ScalarType type, Operand operand, bool writes, string flags, Resolution resolution)
    {
        if (writes || operand.Negated || !flags.Contains('@', StringComparison.Ordinal))
            return "a special register can only be read by mov.";
        if (!type.Accepts(special.Type))
            return $"{special.Name} is {special.Type}, the instruction wants {type}.";
        resolution.Slots.Add(Intern(_specials, special.Name, _slotNames, special.Name));
        if (special.IsClock)
            resolution.Clocks.Add(special);
        return null;
    }

    private static string? ResolveLabel(Operand operand, Scope scope, Resolution resolution, bool table)
    {
        Symbol? symbol = operand.Kind == OperandKind.Name ? scope.Find(operand.Name) : null;
        if (!table)
        {
            resolution.Labels = symbol is LabelSymbol label ? [label] : [];
            return symbol is LabelSymbol ? null : "is no label of this function.";
        }
        if (symbol is not TableSymbol targets)
            return "is no .branchtargets table.";
        foreach (string name in targets.Labels)
            if (targets.Scope.Find(name) is not LabelSymbol)
                return $"the table's '{name}' is no label of this function.";
        resolution.Labels = [.. targets.Labels.Select(name => (LabelSymbol)targets.Scope.Find(name)!)];
        return null;
    }

    private string? ResolveAddress(string token, Operand operand, RuleMatch match, Scope scope, Resolution resolution)
    {
        int coordinates = token[1] == 't' ? token[2] - '0' : 0;
        if (operand.Kind != OperandKind.Address || operand.Elements.Length != coordinates)
            return coordinates > 0 ? $"a tensor map's address with {coordinates} coordinates is expected." : "an address in brackets is expected.";
        MemorySpace space = token switch { "[g]" => MemorySpace.Global, "[s]" => MemorySpace.Shared, _ => MemoryRules.SpaceOf(match["S"]) };
        if (operand.Offset is < -(1L << 31) or > uint.MaxValue)
            return "the offset does not fit 32 bits.";
        ulong mask = ulong.MaxValue;
        Symbol? symbol = operand.Name.Length == 0 ? null : scope.Find(operand.Name);
        if (operand.Name.Length > 0 && symbol is null)
            return $"'{operand.Name}' is not defined.";
        if (symbol is RegisterSymbol register)
        {
            bool narrow = space is MemorySpace.Shared or MemorySpace.Local or MemorySpace.EntryParameter && register.Type is { Bytes: 4, IsFloat: false };
            if (!narrow && (register.Type.Bytes != 8 || register.Type.IsFloat))
            {
                string also = space is MemorySpace.Shared or MemorySpace.Local ? ".b32 or " : "";
                return $"the register {register.Name} is {register.Type}; an address of this space is {also}.b64.";
            }
            mask = narrow ? uint.MaxValue : ulong.MaxValue;
            resolution.Slots.Add(SlotOf(register));
            resolution.Sources.Add(register);
        }
        else if (symbol is MemorySymbol memory)
        {
            bool generic = space == MemorySpace.Generic && memory.Space is MemorySpace.Global;
            bool local = space == MemorySpace.EntryParameter && memory.Space == MemorySpace.Local;
            if (memory.Space != space && !generic && !local)
                return $"{memory.Name} lies in another state space.";
            if (!memory.IsOpen && operand.Offset < 0 | operand.Offset >= Math.Max(1, memory.Bytes))
                return $"offset {operand.Offset} lies outside the {memory.Bytes} bytes of {memory.Name}.";
            space = memory.Space;
            resolution.Slots.Add(ConstantSlot(memory.Address));
        }
        else if (symbol is not null)
            return $"'{operand.Name}' is no register or variable.";
        else
            resolution.Slots.Add(ConstantSlot(0));
        resolution.Space ??= space;
        resolution.Offsets.Add(operand.Offset);
        resolution.Masks.Add(mask);
        foreach (Operand coordinate in operand.Elements)
            if (ResolveValue(ScalarType.Find("s32")!, "", coordinate, false, scope, resolution) is { } problem)
                return problem;
        return null;
    }
}
