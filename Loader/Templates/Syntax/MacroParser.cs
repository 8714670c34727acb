namespace Managed.Loader.Templates;

/// <summary>Macros, calls with a body, and the targets of assignments.</summary>
internal sealed partial class Parser
{
    // every name that was read so far, in order: a macro asks whether its body reads caller, varargs or kwargs
    private readonly List<string> macroNames = [];

    private MacroStatement ParseMacro(int line)
    {
        string name = ((NameTarget)ParseName()).Name;
        int firstName = macroNames.Count;
        var (parameters, defaults) = ParseParameters();
        return new MacroStatement(Define(name, parameters, defaults, "macro", firstName)) { Line = line };
    }

    private CallStatement ParseCall(int line)
    {
        List<string> parameters = [];
        List<Expression?> defaults = [];
        int firstName = macroNames.Count;
        if (Current.IsOperator("("))
            (parameters, defaults) = ParseParameters();
        if (ParseExpression() is not CallExpression call)
            throw Error("expected call", line);
        return new CallStatement(call, Define("", parameters, defaults, "call", firstName)) { Line = line };
    }

    private MacroDefinition Define(string name, List<string> parameters, List<Expression?> defaults, string tag, int firstName)
    {
        int caller = parameters.IndexOf("caller");
        if (caller >= 0 && defaults[caller] is null)
            throw Error("When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.");
        var body = Outside(() => ParseRest("end" + tag, tag));
        var read = macroNames.Skip(firstName).ToHashSet();
        return new MacroDefinition(name, parameters, defaults, body,
            read.Contains("caller") || caller >= 0, read.Contains("varargs"), read.Contains("kwargs"));
    }

    private (List<string> Parameters, List<Expression?> Defaults) ParseParameters()
    {
        var parameters = new List<string>();
        var defaults = new List<Expression?>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        ExpectOperator("(");
        while (!TakeIfOperator(")"))
        {
            if (parameters.Count > 0)
                ExpectOperator(",");
            string name = ((NameTarget)ParseName()).Name;
            if (!names.Add(name))
                throw Error($"duplicate argument '{name}' in function definition");
            bool hasDefault = TakeIfOperator("=");
            if (!hasDefault && defaults.Count > 0 && defaults[^1] is not null)
                throw Error("non-default argument follows default argument");
            parameters.Add(name);
            defaults.Add(hasDefault ? ParseExpression() : null);
        }
        return (parameters, defaults);
    }

    private Target ParseName()
    {
        var token = Expect(TokenKind.Name, "name");
        return ConstantName(token) is null ? new NameTarget(token.Text) : throw Error("can't assign to 'const'", token.Line);
    }

    private Target ParseTarget(bool withAttributes, string? end = null)
    {
        var targets = new List<Target>();
        bool isTuple = false;
        while (true)
        {
            if (targets.Count > 0)
                ExpectOperator(",");
            if (Current.Kind == TokenKind.BlockEnd || Current.IsOperator(")") || Current.IsOperator("=") || (end is not null && Current.IsName(end)))
                break;
            targets.Add(ParseOneTarget(withAttributes));
            if (!Current.IsOperator(","))
                break;
            isTuple = true;
        }
        if (targets.Count == 0)
            throw Error($"Expected an expression, got '{Current.Description}'");
        return isTuple ? new TupleTarget(targets) : targets[0];
    }

    private Target ParseOneTarget(bool withAttributes)
    {
        if (TakeIfOperator("("))
        {
            Deeper();
            var inner = ParseTarget(withAttributes);
            nesting--;
            ExpectOperator(")");
            return inner;
        }
        if (withAttributes && Current.Kind == TokenKind.Name && Next.IsOperator("."))
        {
            string owner = Take().Text;
            at++;
            return new AttributeTarget(owner, Expect(TokenKind.Name, "name").Text);
        }
        return Current.Kind == TokenKind.Name ? ParseName() : throw Error($"can't assign to '{Current.Description}'");
    }
}
