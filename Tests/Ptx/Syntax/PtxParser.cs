using System.Globalization;

namespace Managed.Tests.Ptx;

/// <summary>Reads a module's directives, variables and functions; bodies are read by <see cref="PtxBodyParser"/>.</summary>
internal sealed class PtxParser
{
    private static readonly string[] Spaces = ["global", "const", "shared", "local", "param"];
    private static readonly string[] Linkage = ["visible", "extern", "weak", "common"];

    /// <summary>Directives behind an entry's parameters and how many numbers each may take.</summary>
    private static readonly Dictionary<string, (int Least, int Most)> PerformanceDirectives = new()
    {
        ["maxntid"] = (1, 3),
        ["reqntid"] = (1, 3),
        ["minnctapersm"] = (1, 1),
        ["maxnreg"] = (1, 1),
        ["noreturn"] = (0, 0),
        ["explicitcluster"] = (0, 0),
        ["reqnctapercluster"] = (1, 3),
        ["maxclusterrank"] = (1, 1),
    };

    private readonly PtxTokens _tokens;

    private PtxParser(PtxTokens tokens) => _tokens = tokens;

    public PtxTarget Target { get; private set; }

    public List<Variable> Variables { get; } = [];

    public List<FunctionSyntax> Functions { get; } = [];

    public static PtxParser Parse(string text)
    {
        (List<Token> tokens, string[] lines) = PtxLexer.Read(text);
        var parser = new PtxParser(new PtxTokens(tokens, lines));
        parser.ReadHeader();
        while (parser._tokens.Current.Kind != TokenKind.End)
            parser.ReadModuleItem();
        return parser;
    }

    private void ReadHeader()
    {
        _tokens.ExpectDotted("version");
        Token version = _tokens.Take();
        _tokens.ExpectDotted("target");
        Token target = _tokens.Take();
        Target = PtxTarget.Parse(version.Text, target.Text, target.Line, _tokens.LineText(target.Line));
        _tokens.Target = Target;
        _tokens.ExpectDotted("address_size");
        if (_tokens.Take() is not { Kind: TokenKind.Integer, Bits: 64 })
            throw _tokens.Error("only .address_size 64 is supported.");
    }

    private void ReadModuleItem()
    {
        if (_tokens.TakeIfDotted("file"))
        {
            while (_tokens.Current.Kind is TokenKind.Integer or TokenKind.Text)
                _tokens.Take();
            return;
        }
        bool isExtern = false;
        while (_tokens.Current.Kind == TokenKind.Dotted && Linkage.Contains(_tokens.Current.Text))
            isExtern |= _tokens.Take().Text == "extern";
        Token first = _tokens.Current;
        if (first.Kind != TokenKind.Dotted)
            throw _tokens.Error($"expected a directive, a variable or a function, found '{first.Text}'.");
        if (first.Text is "entry" or "func")
            Functions.Add(ReadFunction());
        else if (first.Text == "reg")
            throw _tokens.Error(".reg is not allowed outside functions.");
        else
            Variables.AddRange(ReadVariables(_tokens, isExtern));
    }

    private FunctionSyntax ReadFunction()
    {
        Token start = _tokens.Take();
        bool isEntry = start.Text == "entry";
        Parameter[] results = !isEntry && _tokens.Current.Is("(") ? ReadParameters(isEntry) : [];
        string name = _tokens.ExpectName();
        Parameter[] parameters = _tokens.Current.Is("(") ? ReadParameters(isEntry) : [];
        int limit = Target.Version >= 81 ? 32764 : 4352;
        if (isEntry && parameters.Length > 0 && parameters[^1].Offset + parameters[^1].Bytes > limit)
            throw _tokens.Error($"parameters of {name} take more than {limit} bytes.");
        var directives = new Dictionary<string, int[]>();
        while (_tokens.Current.Kind == TokenKind.Dotted)
        {
            string directive = _tokens.Take().Text;
            if (!PerformanceDirectives.TryGetValue(directive, out (int Least, int Most) count))
                throw _tokens.Error($"unknown directive .{directive} of a function.");
            var numbers = new List<int>();
            while (_tokens.Current.Kind == TokenKind.Integer)
            {
                numbers.Add((int)_tokens.Take().Bits);
                _tokens.TakeIf(",");
            }
            if (numbers.Count < count.Least || numbers.Count > count.Most)
                throw _tokens.Error($".{directive} takes {count.Least} to {count.Most} numbers, found {numbers.Count}.");
            directives[directive] = [.. numbers];
        }
        if (directives.ContainsKey("maxntid") && directives.ContainsKey("reqntid"))
            throw _tokens.Error(".maxntid and .reqntid exclude each other.");
        _tokens.Expect("{");
        List<Statement> body = new PtxBodyParser(_tokens).ReadBody();
        return new FunctionSyntax(name, isEntry, results, parameters, directives, body, start.Line, _tokens.LineText(start.Line));
    }

    private Parameter[] ReadParameters(bool ofEntry)
    {
        var parameters = new List<Parameter>();
        int offset = 0;
        _tokens.Expect("(");
        while (!_tokens.TakeIf(")"))
        {
            bool isRegister = !ofEntry && _tokens.TakeIfDotted("reg");
            if (!isRegister)
                _tokens.ExpectDotted("param");
            int alignment = ReadAlignment(_tokens);
            ScalarType type = ReadType(_tokens);
            if (!isRegister && type.Kind == TypeKind.Predicate)
                throw _tokens.Error("a parameter in memory cannot be .pred.");
            while (_tokens.TakeIfDotted("ptr"))
                while (_tokens.Current.Kind == TokenKind.Dotted)
                    if (_tokens.Take().Text == "align")
                        _tokens.Take();
            string name = _tokens.ExpectName();
            int bytes = type.Bytes;
            if (_tokens.TakeIf("["))
            {
                bytes *= ExpectInteger(_tokens);
                _tokens.Expect("]");
            }
            alignment = Math.Max(alignment, type.Bytes);
            offset = alignment == 0 ? offset : (offset + alignment - 1) / alignment * alignment;
            parameters.Add(new Parameter(name, type, isRegister, alignment, bytes, offset));
            offset += bytes;
            if (!_tokens.Current.Is(")"))
                _tokens.Expect(",");
        }
        return [.. parameters];
    }

    /// <summary>Reads `.space .align n .type name[size] = initialiser, …;`, the space being the current token.</summary>
    public static IEnumerable<Variable> ReadVariables(PtxTokens tokens, bool isExtern)
    {
        string space = tokens.Take().Text;
        if (!Spaces.Contains(space))
            throw tokens.Error($"unknown directive or state space .{space}.");
        int alignment = ReadAlignment(tokens);
        int vector = tokens.TakeIfDotted("v2") ? 2 : tokens.TakeIfDotted("v4") ? 4 : 1;
        ScalarType type = ReadType(tokens);
        var variables = new List<Variable>();
        do
        {
            string name = tokens.ExpectName();
            int count = vector;
            bool open = false;
            while (tokens.TakeIf("["))
            {
                if (tokens.Current.Is("]"))
                    open = true;
                else
                    count *= ExpectInteger(tokens);
                tokens.Expect("]");
            }
            byte[]? initial = null;
            if (tokens.TakeIf("="))
            {
                if (space is not ("global" or "const"))
                    throw tokens.Error($"no initial value is allowed for '{name}' in .{space}.");
                List<byte> bytes = [];
                ReadInitializer(tokens, type, bytes);
                if (open)
                    count = bytes.Count / type.Bytes;
                if (bytes.Count > count * type.Bytes)
                    throw tokens.Error($"'{name}' has more initial values than elements.");
                initial = [.. bytes];
            }
            else if (open && !isExtern)
                throw tokens.Error($"'{name}[]' has no size and is not .extern.");
            if (isExtern && !(space == "shared" && open))
                throw tokens.Error("of .extern variables only `.extern .shared name[]` is supported.");
            variables.Add(new Variable(name, space, type, Math.Max(alignment, type.Bytes), isExtern ? 0 : count * type.Bytes, isExtern, initial));
        }
        while (tokens.TakeIf(","));
        tokens.Expect(";");
        return variables;
    }

    private static void ReadInitializer(PtxTokens tokens, ScalarType type, List<byte> bytes)
    {
        if (tokens.TakeIf("{"))
        {
            do
                ReadInitializer(tokens, type, bytes);
            while (tokens.TakeIf(","));
            tokens.Expect("}");
            return;
        }
        Operand value = PtxBodyParser.ReadLiteral(tokens) ?? throw tokens.Error($"expected a number as initial value, found '{tokens.Current.Text}'.");
        ulong bits = Literals.Encode(value, type, out string? problem);
        if (problem is not null)
            throw tokens.Error(problem);
        for (int i = 0; i < type.Bytes; i++)
            bytes.Add((byte)(bits >> (8 * i)));
    }

    private static int ReadAlignment(PtxTokens tokens)
    {
        if (!tokens.TakeIfDotted("align"))
            return 0;
        int alignment = ExpectInteger(tokens);
        return alignment > 0 && int.IsPow2(alignment) ? alignment : throw tokens.Error($".align {alignment} is not a power of two.");
    }

    public static ScalarType ReadType(PtxTokens tokens)
    {
        Token token = tokens.Take();
        ScalarType? type = token.Kind == TokenKind.Dotted ? ScalarType.FindForRegister(token.Text) : null;
        return type ?? throw tokens.Error($"expected a type, found '{token.Text}'.");
    }

    public static int ExpectInteger(PtxTokens tokens)
    {
        Token token = tokens.Take();
        if (token.Kind != TokenKind.Integer || token.Bits > int.MaxValue)
            throw tokens.Error(string.Create(CultureInfo.InvariantCulture, $"expected a number, found '{token.Text}'."));
        return (int)token.Bits;
    }
}
