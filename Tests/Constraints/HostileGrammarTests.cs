using Managed.Constraints;

namespace Managed.Tests.Constraints;

/// <summary>Grammars, patterns and schemas come from users of a server: none may exhaust the stack, the memory or the clock.</summary>
internal sealed class HostileGrammarTests
{
    private const int Many = 50_000, MostRules = 19_900;

    private static string Repeat(string text, int times = Many) => string.Concat(Enumerable.Repeat(text, times));

    private static string Rules(string form, int count) => string.Concat(Enumerable.Range(0, count).Select(i => string.Format(form, i, i + 1)));

    public static IEnumerable<TestCaseData> Hostile()
    {
        (string Name, Func<string, Constraint> Compile, string Text)[] cases =
        [
            ("GBNF quantifiers", Constraint.FromGbnf, "root ::= \"a\"" + Repeat("*")),
            ("GBNF groups", Constraint.FromGbnf, "root ::= " + Repeat("(")),
            ("GBNF chain of rules", Constraint.FromGbnf, "root ::= r0\n" + Rules("r{0} ::= \"a\" r{1}\n", MostRules) + $"r{MostRules} ::= \"b\"\n"),
            ("GBNF left recursion", Constraint.FromGbnf, "root ::= root \"a\" | \"b\""),
            ("GBNF empty loop", Constraint.FromGbnf, "root ::= (\"\"*)*"),
            ("GBNF counts", Constraint.FromGbnf, "root ::= ((\"a\"{99999}){99999}){99999}"),
            ("Lark quantifiers", Constraint.FromLark, "start: \"a\"" + Repeat("*")),
            ("Lark groups", Constraint.FromLark, "start: " + Repeat("(")),
            ("Lark counts", Constraint.FromLark, "start: ((\"a\"~99999)~99999)~99999"),
            ("Lark chain of terminals", Constraint.FromLark, "start: T0\n" + Rules("T{0}: \"a\" T{1}\n", MostRules) + $"T{MostRules}: \"b\"\n"),
            ("regex quantifiers", Constraint.FromRegex, "a" + Repeat("{1}")),
            ("regex groups", Constraint.FromRegex, Repeat("(")),
            ("regex counts", Constraint.FromRegex, "((a{999}){999}){999}"),
            ("regex states", Constraint.FromRegex, "(a|b)*a(a|b){60}"),
            ("regex classes", Constraint.FromRegex, Repeat("[")),
            ("schema nesting", Constraint.FromJsonSchema, Repeat("{\"items\":", 5000) + "true" + Repeat("}", 5000)),
            ("schema allOf", Constraint.FromJsonSchema, Repeat("{\"allOf\":[", 5000) + "true" + Repeat("]}", 5000)),
            ("schema reference to itself", Constraint.FromJsonSchema, """{"$ref":"#"}"""),
            ("schema circle", Constraint.FromJsonSchema, """{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"""),
            ("schema chain of references", Constraint.FromJsonSchema,
                "{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + Rules("\"d{0}\":{{\"items\":{{\"$ref\":\"#/$defs/d{1}\"}}}},", 5000) + "\"d5000\":true}}"),
            ("schema sizes", Constraint.FromJsonSchema, """{"type":"string","minLength":1000000000,"maxLength":1000000001}"""),
            ("schema pattern", Constraint.FromJsonSchema, """{"type":"string","pattern":"^((a{999}){999}){999}$"}"""),
        ];
        return cases.Select(one => new TestCaseData(one.Compile, one.Text).SetArgDisplayNames(one.Name));
    }

    [TestCaseSource(nameof(Hostile))]
    public void A_hostile_grammar_is_compiled_or_refused_cheaply(Func<string, Constraint> compile, string text)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Constraint constraint = compile(text);
            _ = constraint.IsSatisfiedBy("aaaaaaaaaa");
        }
        catch (ConstraintException error)
        {
            Assert.That(error.Message, Is.Not.Empty);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(512L << 20));
    }
}
