namespace Managed.Tests.Ptx;

/// <summary>
/// Turns an entry's statements into operations: gives places to labels, slots to registers, addresses to variables;
/// puts functions in where they are called.
/// </summary>
internal sealed partial class Linker
{
    private const int StaticSharedLimit = 49152;

    private readonly PtxModule _module;
    private readonly FunctionSyntax _entry;
    private readonly List<Operation> _operations = [];
    private readonly List<(Operation Operation, LabelSymbol[] Labels)> _branches = [];
    private readonly List<RegisterSymbol> _registers = [];
    private readonly Stack<(FunctionSyntax Function, LabelSymbol End)> _calls = new();
    private readonly Scope _moduleScope = new(null);
    private readonly Dictionary<Variable, int> _sharedPlaces = new(ReferenceEqualityComparer.Instance);
    private int _sharedBytes;
    private int _openAlignment = 1;
    private int _localBytes;

    private readonly bool _checkRegisters;

    public Linker(PtxModule module, FunctionSyntax entry, bool checkRegisters)
    {
        (_module, _entry, _checkRegisters) = (module, entry, checkRegisters);
    }

    public PtxProgram Link()
    {
        Statement top = new LabelStatement("", _entry.Line, _entry.Source);
        foreach (Variable variable in _module.Variables)
            DefineVariable(_moduleScope, variable, top, ofModule: true);
        var scope = new Scope(_moduleScope);
        foreach (Parameter parameter in _entry.Parameters)
            scope.Define(parameter.Name, new MemorySymbol(parameter.Name, MemorySpace.EntryParameter, (ulong)parameter.Offset, parameter.Bytes, false), top);
        if (!Ends(_entry.Body))
            throw _entry.Error($"the body of {_entry.Name} can run past its end: the last statement must be ret, exit, trap or a branch without a guard.");
        EmitBody(_entry.Body, new Scope(scope));
        foreach ((Operation operation, LabelSymbol[] labels) in _branches)
            operation.Targets = [.. labels.Select(label => label.Place)];
        foreach (RegisterSymbol register in _registers)
            if (_checkRegisters && register.FirstRead is not null && !register.IsWritten)
                throw register.FirstRead.Error($"register {register.Name} is read but never written.");
        if (_sharedBytes > StaticSharedLimit)
            throw _entry.Error($"{_sharedBytes} bytes of static shared memory; at most {StaticSharedLimit} are allowed, more only as .extern .shared.");
        return new PtxProgram
        {
            Operations = [.. _operations],
            RegisterNames = [.. _slotNames],
            PredicateNames = [.. _predicateNames],
            Constants = [.. _constants.Select(pair => (pair.Value, pair.Key))],
            PredicateConstants = [.. _predicateConstants.Select(pair => (pair.Value, pair.Key))],
            Specials = [.. _specials.Select(pair => (pair.Value, SpecialRegister.Find(pair.Key)!))],
            StaticSharedBytes = _sharedBytes,
            DynamicSharedStart = OpenArraysStart,
            LocalBytes = (_localBytes + 15) & ~15,
            HasReadOnlyLoads = _operations.Any(operation => (operation.Access & Access.NonCoherent) != 0),
            HasAsyncCopies = _operations.Any(operation => operation.Class == InstructionClass.AsyncCopy),
        };
    }

    /// <summary>Extern arrays begin behind all static ones, also those further down in the text and those of every function.</summary>
    private int OpenArraysStart
    {
        get
        {
            int bytes = 0;
            foreach (Variable variable in _module.Variables)
                if (variable is { Space: "shared", IsExtern: false })
                    bytes = Align(bytes, variable.Alignment) + variable.Bytes;
            bytes = _module.Functions.Where(function => !function.IsEntry).Aggregate(bytes, (sum, function) => CountShared(function.Body, sum));
            return Align(CountShared(_entry.Body, bytes), _openAlignment);
        }
    }

    private static int CountShared(List<Statement> body, int bytes)
    {
        foreach (Statement statement in body)
            bytes = statement switch
            {
                VariableStatement { Variable.Space: "shared" } found => Align(bytes, found.Variable.Alignment) + found.Variable.Bytes,
                ScopeStatement scope => CountShared(scope.Body, bytes),
                _ => bytes,
            };
        return bytes;
    }

    private static int Align(int value, int alignment) => alignment <= 1 ? value : (value + alignment - 1) / alignment * alignment;

    /// <summary>Whether a body's last statement leaves it.</summary>
    private static bool Ends(List<Statement> body)
    {
        Statement? last = body.LastOrDefault(statement => statement is not (RegisterStatement or VariableStatement or BranchTargetsStatement));
        return last switch
        {
            InstructionStatement { Guard: null, Words: ["ret" or "exit" or "trap" or "bra" or "brx", ..] } => true,
            ScopeStatement scope => Ends(scope.Body),
            _ => false,
        };
    }

    private void DefineVariable(Scope scope, Variable variable, Statement where, bool ofModule)
    {
        ulong address;
        MemorySpace space = MemoryRules.SpaceOf(variable.Space);
        switch (variable.Space)
        {
            case "shared" when variable.IsExtern:
                _openAlignment = Math.Max(_openAlignment, variable.Alignment);
                address = (ulong)OpenArraysStart;
                break;
            case "shared":
                if (!_sharedPlaces.TryGetValue(variable, out int place))
                {
                    _sharedPlaces[variable] = place = Align(_sharedBytes, variable.Alignment);
                    _sharedBytes = place + variable.Bytes;
                }
                address = (ulong)place;
                break;
            case "local" or "param":
                if (ofModule)
                    throw where.Error($".{variable.Space} variables belong into functions.");
                space = MemorySpace.Local;
                address = (ulong)AllocateLocal(variable.Bytes, variable.Alignment);
                break;
            default:
                if (!ofModule)
                    throw where.Error($".{variable.Space} variables belong outside functions.");
                address = _module.AddressOf(variable.Name);
                break;
        }
        scope.Define(variable.Name, new MemorySymbol(variable.Name, space, address, variable.Bytes, variable.IsExtern), where);
    }

    private int AllocateLocal(int bytes, int alignment)
    {
        int start = Align(_localBytes, Math.Max(alignment, 1));
        _localBytes = start + bytes;
        return start;
    }

    private void EmitBody(List<Statement> body, Scope scope)
    {
        foreach (Statement statement in body)
        {
            if (statement is LabelStatement label)
                scope.Define(label.Name, new LabelSymbol(label.Name), label);
            else if (statement is BranchTargetsStatement table)
                scope.Define(table.Name, new TableSymbol(table.Labels, scope), table);
        }
        foreach (Statement statement in body)
        {
            switch (statement)
            {
                case RegisterStatement registers:
                    foreach ((string name, int count) in registers.Names)
                        if (count == 0)
                            scope.Define(name, new RegisterSymbol(name, registers.Type), registers);
                        else
                            scope.DefineRange(name, registers.Type, count, registers);
                    break;
                case VariableStatement variable:
                    DefineVariable(scope, variable.Variable, variable, ofModule: false);
                    break;
                case LabelStatement label:
                    ((LabelSymbol)scope.Find(label.Name)!).Place = _operations.Count;
                    break;
                case ScopeStatement inner:
                    EmitBody(inner.Body, new Scope(scope));
                    break;
                case CallStatement call:
                    EmitCall(call, scope);
                    break;
                case InstructionStatement instruction:
                    Emit(instruction, scope);
                    break;
            }
        }
    }

    private void EmitCall(CallStatement call, Scope scope)
    {
        FunctionSyntax function = _module.Function(call.Function) is { IsEntry: false } found ? found : throw call.Error($"there is no function '{call.Function}'.");
        if (_calls.Any(frame => frame.Function == function))
            throw call.Error($"'{call.Function}' calls itself; recursion is not supported.");
        if (call.Results.Length != function.Results.Length || call.Arguments.Length != function.Parameters.Length)
            throw call.Error($"'{call.Function}' has {function.Results.Length} results and {function.Parameters.Length} parameters,"
                + $" the call gives {call.Results.Length} and {call.Arguments.Length}.");
        if (!Ends(function.Body))
            throw function.Error($"the body of {function.Name} can run past its end: the last statement must be ret, exit, trap or a branch without a guard.");
        var end = new LabelSymbol("end of " + function.Name);
        if (call.Guard is not null)
            EmitJump(call, end, scope, call.Guard, !call.GuardNegated);
        var inner = new Scope(_moduleScope);
        var copies = new List<(RegisterSymbol Formal, Operand Actual)>();
        foreach ((Parameter formal, Operand actual) in function.Parameters.Zip(call.Arguments))
            if (BindParameter(call, inner, scope, formal, actual) is { } register)
                EmitMove(call, register, null, actual, scope);
        foreach ((Parameter formal, Operand actual) in function.Results.Zip(call.Results))
            if (BindParameter(call, inner, scope, formal, actual) is { } register)
                copies.Add((register, actual));
        _calls.Push((function, end));
        EmitBody(function.Body, new Scope(inner));
        _calls.Pop();
        end.Place = _operations.Count;
        foreach ((RegisterSymbol formal, Operand actual) in copies)
            EmitMove(call, null, formal, actual, scope);
    }

    /// <summary>A parameter in memory is the caller's variable itself; one in a register gets a register of its own, which is returned.</summary>
    private RegisterSymbol? BindParameter(CallStatement call, Scope inner, Scope outer, Parameter formal, Operand actual)
    {
        if (formal.IsRegister)
        {
            var register = new RegisterSymbol(formal.Name, formal.Type);
            inner.Define(formal.Name, register, call);
            return register;
        }
        if (outer.Find(actual.Name) is not MemorySymbol { Space: MemorySpace.Local } memory)
            throw call.Error($"parameter {formal.Name} of {call.Function} lies in memory: pass a .param variable, not {actual}.");
        if (memory.Bytes != formal.Bytes)
            throw call.Error($"{actual} has {memory.Bytes} bytes, parameter {formal.Name} of {call.Function} has {formal.Bytes}.");
        inner.Define(formal.Name, memory with { Name = formal.Name }, call);
        return null;
    }

    private void EmitMove(Statement where, RegisterSymbol? to, RegisterSymbol? from, Operand actual, Scope scope)
    {
        ScalarType type = (to ?? from)!.Type;
        var inner = new Scope(scope);
        inner.Define(" formal", (to ?? from)!, where);
        var formal = new Operand(OperandKind.Name) { Name = " formal" };
        Emit(new InstructionStatement(["mov", type.Name], to is not null ? [formal, actual] : [actual, formal], null, false, where.Line, where.Source), inner);
    }

    private void EmitJump(Statement where, LabelSymbol label, Scope scope, string? guard, bool negated)
    {
        var inner = new Scope(scope);
        inner.Define(" end", label, where);
        Emit(new InstructionStatement(["bra"], [new Operand(OperandKind.Name) { Name = " end" }], guard, negated, where.Line, where.Source), inner);
    }
}
