using System.Text.Json;
using Managed.Constraints;

namespace Managed.Tests.Constraints;

internal sealed class GrammarTests
{
    public static IEnumerable<TestCaseData> Golden()
    {
        foreach (var (file, source, compile) in new[] { ("grammars.json", "lark", (Func<string, Constraint>)Constraint.FromLark), ("gbnf.json", "gbnf", Constraint.FromGbnf) })
            foreach (var one in Fixtures.Cases(file))
                yield return new TestCaseData(compile, one.Text(source), one.GetProperty("strings")).SetArgDisplayNames($"{source}: {one.Text("name")}");
    }

    [TestCaseSource(nameof(Golden))]
    public void Golden_verdicts_hold(Func<string, Constraint> compile, string grammar, JsonElement strings)
    {
        var constraint = compile(grammar);
        Assert.Multiple(() =>
        {
            foreach (var text in strings.EnumerateArray())
                Assert.That(Fixtures.Verdict(constraint, text.Text("text")), Is.EqualTo(text.Text("verdict")), text.Text("text"));
        });
    }

    public static IEnumerable<TestCaseData> GoldenRegexes() =>
        Fixtures.Cases("regexes.json").Select(one => new TestCaseData(one.Text("pattern"), one.GetProperty("strings")).SetArgDisplayNames(one.Text("pattern")));

    [TestCaseSource(nameof(GoldenRegexes))]
    public void Golden_regexes_match(string pattern, JsonElement strings)
    {
        var constraint = Constraint.FromRegex(pattern);
        Assert.Multiple(() =>
        {
            foreach (var text in strings.EnumerateArray())
            {
                string verdict = Fixtures.Verdict(constraint, text.Text("text"));
                Assert.That(verdict == "accept", Is.EqualTo(text.GetProperty("match").GetBoolean()), $"match of '{text.Text("text")}'");
                Assert.That(verdict != "reject", Is.EqualTo(text.GetProperty("prefix").GetBoolean()), $"prefix '{text.Text("text")}'");
            }
        });
    }
}
