namespace Managed.Tests.Ptx;

/// <summary>Reads statements and operands of a function's body.</summary>
internal sealed class PtxBodyParser(PtxTokens tokens)
{
    /// <summary>Pragmas and what they need.</summary>
    private static readonly Dictionary<string, (int Version, int Architecture)> Pragmas = new()
    {
        ["nounroll"] = (60, 70),
        ["used_bytes_mask"] = (83, 70),
        ["enable_smem_spilling"] = (87, 75),
        ["frequency"] = (90, 70),
    };

    /// <summary>Reads up to the closing brace, the opening one being read.</summary>
    public List<Statement> ReadBody()
    {
        var body = new List<Statement>();
        while (!tokens.TakeIf("}"))
            ReadStatement(body);
        return body;
    }

    private void ReadStatement(List<Statement> body)
    {
        Token first = tokens.Current;
        string source = tokens.LineText(first.Line);
        if (tokens.TakeIf("{"))
            body.Add(new ScopeStatement(ReadBody(), first.Line, source));
        else if (first.Kind == TokenKind.Dotted)
            ReadDirective(body, first, source);
        else if (first.Kind == TokenKind.Name && tokens.Following.Is(":"))
        {
            tokens.Take();
            tokens.Take();
            if (tokens.TakeIfDotted("branchtargets"))
                body.Add(new BranchTargetsStatement(first.Text, ReadNames(), first.Line, source));
            else
                body.Add(new LabelStatement(first.Text, first.Line, source));
        }
        else if (!tokens.TakeIf(";"))
            body.Add(ReadInstruction(first.Line, source));
    }

    private void ReadDirective(List<Statement> body, Token first, string source)
    {
        switch (first.Text)
        {
            case "reg":
                tokens.Take();
                ScalarType type = PtxParser.ReadType(tokens);
                var names = new List<(string, int)>();
                do
                {
                    string name = tokens.ExpectName();
                    int count = 0;
                    if (tokens.TakeIf("<"))
                    {
                        count = PtxParser.ExpectInteger(tokens);
                        tokens.Expect(">");
                        if (count == 0)
                            throw tokens.Error($"{name}<0> declares no register.");
                    }
                    names.Add((name, count));
                }
                while (tokens.TakeIf(","));
                tokens.Expect(";");
                body.Add(new RegisterStatement(type, [.. names], first.Line, source));
                break;
            case "pragma":
                tokens.Take();
                Token text = tokens.Take();
                if (text.Kind != TokenKind.Text)
                    throw tokens.Error(".pragma takes a string.");
                if (!Pragmas.TryGetValue(text.Text.Split(' ')[0], out (int Version, int Architecture) since)
                    || !tokens.Target.Has(since.Version, since.Architecture, false))
                    throw tokens.Error($"pragma \"{text.Text}\" is not known for .version {tokens.Target.VersionName} and {tokens.Target.TargetName}.");
                tokens.Expect(";");
                break;
            case "loc":
                tokens.Take();
                while (tokens.Current.Kind == TokenKind.Integer)
                    tokens.Take();
                break;
            default:
                foreach (Variable variable in PtxParser.ReadVariables(tokens, isExtern: false))
                    body.Add(new VariableStatement(variable, first.Line, source));
                break;
        }
    }

    private Statement ReadInstruction(int line, string source)
    {
        string? guard = null;
        bool negated = false;
        if (tokens.TakeIf("@"))
        {
            negated = tokens.TakeIf("!");
            guard = tokens.ExpectName();
        }
        var words = new List<string> { tokens.ExpectName() };
        while (tokens.Current.Kind == TokenKind.Dotted)
            words.Add(tokens.Take().Text);
        if (words[0] == "call")
            return ReadCall(guard, negated, line, source);
        var operands = new List<Operand>();
        if (!tokens.Current.Is(";"))
        {
            do
                operands.Add(ReadOperand());
            while (tokens.TakeIf(","));
        }
        if (!tokens.TakeIf(";"))
            throw tokens.Error($"expected ',' or ';' after an operand of {string.Join('.', words)}, found '{tokens.Current.Text}'.");
        return new InstructionStatement([.. words], [.. operands], guard, negated, line, source);
    }

    private CallStatement ReadCall(string? guard, bool negated, int line, string source)
    {
        Operand[] results = tokens.Current.Is("(") ? ReadGroup() : [];
        if (results.Length > 0)
            tokens.Expect(",");
        string function = tokens.ExpectName();
        Operand[] arguments = tokens.TakeIf(",") ? ReadGroup() : [];
        tokens.Expect(";");
        return new CallStatement(function, results, arguments, guard, negated, line, source);
    }

    private Operand[] ReadGroup()
    {
        var group = new List<Operand>();
        tokens.Expect("(");
        while (!tokens.TakeIf(")"))
        {
            group.Add(ReadOperand());
            if (!tokens.Current.Is(")"))
                tokens.Expect(",");
        }
        return [.. group];
    }

    private string[] ReadNames()
    {
        var names = new List<string>();
        do
            names.Add(tokens.ExpectName());
        while (tokens.TakeIf(","));
        tokens.Expect(";");
        return [.. names];
    }

    private Operand ReadOperand()
    {
        Operand operand = ReadSimple();
        if (tokens.TakeIf("|"))
            return new Operand(OperandKind.Pair) { Elements = [operand, ReadSimple()] };
        return operand;
    }

    private Operand ReadSimple()
    {
        if (ReadLiteral(tokens) is { } literal)
            return literal;
        if (tokens.TakeIf("{"))
            return new Operand(OperandKind.Vector) { Elements = ReadElements() };
        if (tokens.TakeIf("["))
            return ReadAddress();
        bool negated = tokens.TakeIf("!");
        string name = tokens.ExpectName();
        if (name == "_")
            return new Operand(OperandKind.Sink);
        if (name[0] == '%' && tokens.Current is { Kind: TokenKind.Dotted, Adjacent: true })
            name += "." + tokens.Take().Text;
        return new Operand(OperandKind.Name) { Name = name, Negated = negated };
    }

    private Operand[] ReadElements()
    {
        var elements = new List<Operand>();
        do
            elements.Add(ReadSimple());
        while (tokens.TakeIf(","));
        tokens.Expect("}");
        return [.. elements];
    }

    private Operand ReadAddress()
    {
        Token start = tokens.Take();
        string name = "";
        long offset = 0;
        Operand[] coordinates = [];
        if (start.Kind == TokenKind.Name)
            name = start.Text;
        else if (start.Kind == TokenKind.Integer)
            offset = (long)start.Bits;
        else
            throw tokens.Error($"an address begins with a register, a variable or a number, not '{start.Text}'.");
        if (name.Length > 0 && tokens.TakeIf("+"))
        {
            Operand? literal = ReadLiteral(tokens);
            if (literal is not { Kind: OperandKind.Integer })
                throw tokens.Error("an address's offset is an integer.");
            offset = (long)literal.Bits;
        }
        if (tokens.TakeIf(","))
        {
            tokens.Expect("{");
            coordinates = ReadElements();
        }
        if (!tokens.TakeIf("]"))
            throw tokens.Error($"expected ']' of the address, found '{tokens.Current.Text}' (offsets are written [r+16] or [r+-16]).");
        return new Operand(OperandKind.Address) { Name = name, Offset = offset, Elements = coordinates };
    }

    /// <summary>A number with an optional sign, or null if none stands here.</summary>
    public static Operand? ReadLiteral(PtxTokens tokens)
    {
        bool minus = tokens.Current.Is("-") && tokens.Following.Kind is TokenKind.Integer or TokenKind.Float;
        if (minus)
            tokens.Take();
        if (tokens.Current.Kind is not (TokenKind.Integer or TokenKind.Float))
            return null;
        Token token = tokens.Take();
        if (token.Kind == TokenKind.Integer)
            return new Operand(OperandKind.Integer) { Bits = minus ? 0 - token.Bits : token.Bits, Minus = minus };
        ulong sign = token.Single ? 1UL << 31 : 1UL << 63;
        return new Operand(OperandKind.Float) { Bits = minus ? token.Bits ^ sign : token.Bits, Single = token.Single };
    }
}
