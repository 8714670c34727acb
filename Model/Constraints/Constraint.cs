using Managed.Constraints.Json;

namespace Managed.Constraints;

/// <summary>
/// What generated text must look like: a JSON schema, a regex or a grammar. Compiled once, used by any number of rows;
/// for each decoding step it says which tokens may follow.
/// </summary>
public sealed class Constraint
{
    private Constraint(Rule root, string description) => (Graph, Description) = (new(root), description);

    /// <summary>What the constraint was made from, in a word or two.</summary>
    public string Description { get; }

    internal ParseGraph Graph { get; }

    /// <summary>Whether a text is whole by the constraint.</summary>
    public bool IsSatisfiedBy(string text)
    {
        ConstraintState state = Start();
        return state.Advance(System.Text.Encoding.UTF8.GetBytes(text)) && state.IsAccepting;
    }

    /// <summary>The state before the first byte.</summary>
    internal ConstraintState Start() => new(Graph);

    /// <summary>
    /// JSON texts that satisfy a schema (draft 2020-12). Keywords that cannot be followed exactly are refused, never ignored;
    /// docs/constraints.md lists them.
    /// </summary>
    public static Constraint FromJsonSchema(string schema) => new(SchemaCompiler.Compile(schema), "JSON schema");

    /// <summary>Every JSON text.</summary>
    public static Constraint AnyJson { get; } = FromJsonSchema("true");

    /// <summary>Texts that the regex matches from end to end.</summary>
    public static Constraint FromRegex(string pattern) => new(GrammarCompiler.Compile(RegexParser.FullMatch(pattern), "regex"), "regex");

    /// <summary>Sentences of a grammar in llama.cpp's notation; they begin with the rule `root`.</summary>
    public static Constraint FromGbnf(string grammar) => new(GbnfParser.Compile(grammar), "GBNF grammar");

    /// <summary>Sentences of a grammar in llguidance's dialect of Lark; they begin with the rule `start`.</summary>
    public static Constraint FromLark(string grammar) => new(LarkParser.Compile(grammar), "Lark grammar");
}
