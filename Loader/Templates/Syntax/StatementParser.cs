namespace Managed.Loader.Templates;

/// <summary>Text and tags.</summary>
internal sealed partial class Parser
{
    private readonly Stack<string> openTags = new();
    private int loopsAround;

    /// <summary>Reads statements up to one of the end tags, whose name is taken and told.</summary>
    private Body ParseBody(string[] endTags, string openTag, out string endTag)
    {
        Deeper();
        if (openTag.Length > 0)
            openTags.Push(openTag);
        var statements = new List<Statement>();
        endTag = "";
        while (true)
        {
            var token = Current;
            if (token.Kind == TokenKind.Data)
                statements.Add(new TextStatement(Take().Text) { Line = token.Line });
            else if (token.Kind == TokenKind.VariableBegin)
            {
                at++;
                statements.Add(new PrintStatement(ParseTuple()) { Line = token.Line });
                Expect(TokenKind.VariableEnd, "end of print statement");
            }
            else if (token.Kind == TokenKind.BlockBegin)
            {
                at++;
                if (Current.Kind == TokenKind.Name && endTags.Contains(Current.Text))
                {
                    endTag = Take().Text;
                    break;
                }
                statements.Add(ParseStatement(endTags));
                Expect(TokenKind.BlockEnd, "end of statement block");
            }
            else if (endTags.Length == 0)
                break;
            else
                throw Error("Unexpected end of template. " + Expectation(endTags));
        }
        if (openTag.Length > 0)
            openTags.Pop();
        nesting--;
        return statements.Count == 0 ? Body.Empty : new Body(statements);
    }

    private string Expectation(string[] endTags) => endTags.Length == 0 ? "" :
        $"Jinja was looking for the following tags: {string.Join(" or ", endTags.Select(t => $"'{t}'"))}. "
        + $"The innermost block that needs to be closed is '{openTags.Peek()}'.";

    private Statement ParseStatement(string[] endTags)
    {
        if (Current.Kind != TokenKind.Name)
            throw Error("tag name expected");
        var (name, line) = (Current.Text, Line);
        at++;
        return name switch
        {
            "for" => ParseFor(line),
            "if" => ParseIf(line),
            "set" => ParseSet(line),
            "macro" => ParseMacro(line),
            "call" => ParseCall(line),
            "filter" => ParseFilterBlock(line),
            "with" => ParseWith(line),
            "block" => ParseBlock(line),
            "print" => new PrintStatement(ParsePrintList()) { Line = line },
            "autoescape" => new AutoescapeStatement(ParseExpression(), ParseRest("endautoescape", "autoescape")) { Line = line },
            "generation" => ParseGeneration(line),
            "break" or "continue" => ParseJump(name, line),
            "include" or "import" or "from" or "extends" => ParseOtherTemplate(name, line),
            _ => throw Error($"Encountered unknown tag '{name}'. {Expectation(endTags)}".TrimEnd(), line),
        };
    }

    private void EndTag()
    {
        TakeIfOperator(":");
        Expect(TokenKind.BlockEnd, "end of statement block");
    }

    private Body ParseRest(string endTag, string openTag)
    {
        EndTag();
        int soft = softness;
        softness = 0;
        var body = ParseBody([endTag], openTag, out _);
        softness = soft;
        return body;
    }

    private ForStatement ParseFor(int line)
    {
        var target = ParseTarget(withAttributes: false, end: "in");
        if (Names(target).Contains("loop"))
            throw Error("Can't assign to special loop variable in for-loop target", line);
        ExpectName("in");
        var items = ParseTuple(withCondition: false, endName: "recursive");
        var test = TakeIfName("if") ? ParseExpression() : null;
        bool recursive = TakeIfName("recursive");
        EndTag();
        loopsAround++;
        int soft = softness;
        softness = 0;
        var body = ParseBody(["endfor", "else"], "for", out string end);
        softness = soft;
        loopsAround--;
        var otherwise = end == "else" ? ParseRest("endfor", "for") : Body.Empty;
        return new ForStatement(target, items, test, recursive, body, otherwise) { Line = line };
    }

    private static IEnumerable<string> Names(Target target) => target switch
    {
        NameTarget name => [name.Name],
        TupleTarget tuple => tuple.Targets.SelectMany(Names),
        _ => [],
    };

    private IfStatement ParseIf(int line)
    {
        var branches = new List<(Expression, Body)>();
        string end;
        do
        {
            softness++;
            var test = ParseTuple(withCondition: false);
            EndTag();
            softness--;
            branches.Add((test, ParseSoftBody(["elif", "else", "endif"], "if", out end)));
        }
        while (end == "elif");
        var otherwise = Body.Empty;
        if (end == "else")
        {
            EndTag();
            otherwise = ParseSoftBody(["endif"], "if", out _);
        }
        return new IfStatement(branches, otherwise) { Line = line };
    }

    private Body ParseSoftBody(string[] endTags, string openTag, out string end)
    {
        softness++;
        var body = ParseBody(endTags, openTag, out end);
        softness--;
        return body;
    }

    private Statement ParseSet(int line)
    {
        var target = ParseTarget(withAttributes: true);
        if (loopsAround > 0 && Names(target).Contains("loop"))
            throw Error("Can't assign to special loop variable in for-loop target", line);
        if (TakeIfOperator("="))
            return new SetStatement(target, ParseTuple()) { Line = line };
        var filter = (FilterExpression?)ParseFilterChain(null, startsInline: false);
        return new SetBlockStatement(target, filter, ParseRest("endset", "set")) { Line = line };
    }

    private FilterStatement ParseFilterBlock(int line)
    {
        var filter = (FilterExpression)ParseFilterChain(null, startsInline: true)!;
        return new FilterStatement(filter, ParseRest("endfilter", "filter")) { Line = line };
    }

    private WithStatement ParseWith(int line)
    {
        var assignments = new List<(Target, Expression)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (assignments.Count > 0)
                ExpectOperator(",");
            var target = ParseTarget(withAttributes: false);
            ExpectOperator("=");
            assignments.Add((target, ParseExpression()));
        }
        return new WithStatement(assignments, ParseRest("endwith", "with")) { Line = line };
    }

    private BlockStatement ParseBlock(int line)
    {
        string name = Expect(TokenKind.Name, "name").Text;
        bool scoped = TakeIfName("scoped"), required = TakeIfName("required");
        if (blocks.ContainsKey(name))
            throw Error($"block '{name}' defined twice", line);
        blocks[name] = Body.Empty;
        var body = Outside(() => ParseRest("endblock", "block"));
        TakeIfName(name);
        if (required && body.Statements.Any(s => s is not TextStatement))
            throw Error("Required blocks can only contain comments or whitespace", line);
        blocks[name] = body;
        return new BlockStatement(name, body, scoped, required) { Line = line };
    }

    private Expression ParsePrintList()
    {
        int line = Line;
        var parts = new List<Expression>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (parts.Count > 0)
                ExpectOperator(",");
            parts.Add(ParseExpression());
        }
        return new ConcatExpression(parts) { Line = line };
    }

    private GenerationStatement ParseGeneration(int line) =>
        new(Outside(() => ParseRest("endgeneration", "generation"))) { Line = line };

    private JumpStatement ParseJump(string name, int line)
    {
        if (loopsAround == 0)
            throw Error($"'{name}' outside loop", line);
        return new JumpStatement(name == "break" ? Flow.Break : Flow.Continue) { Line = line };
    }

    private OtherTemplateStatement ParseOtherTemplate(string tag, int line)
    {
        ParseExpression();
        while (Current.Kind != TokenKind.BlockEnd)
            if (Current.Kind == TokenKind.Name || Current.IsOperator(","))
                at++;
            else
                throw Error($"expected token 'end of statement block', got '{Current.Description}'");
        return new OtherTemplateStatement(tag) { Line = line };
    }

    /// <summary>Reads what becomes a function of its own: no jump leads out of it.</summary>
    private T Outside<T>(Func<T> parse)
    {
        int loops = loopsAround;
        loopsAround = 0;
        var result = parse();
        loopsAround = loops;
        return result;
    }
}
