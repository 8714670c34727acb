using System.Text.Json;
using Managed.Constraints;
using Managed.Constraints.Json;

namespace Managed.Tests.Constraints;

internal sealed class JsonSchemaTests
{
    private static IEnumerable<TestCaseData> Cases(string file, string text) => Fixtures.Cases(file)
        .Select(one => new TestCaseData(one).SetArgDisplayNames($"{one.GetProperty("id")}: {one.GetProperty("schema").GetRawText()} ← {one.Text(text)}"));

    public static IEnumerable<TestCaseData> Instances() => Cases("instances.json", "text");
    public static IEnumerable<TestCaseData> Prefixes() => Cases("prefixes.json", "prefix");

    [TestCaseSource(nameof(Instances))]
    public void Golden_texts_are_accepted_if_valid(JsonElement one)
    {
        Constraint constraint;
        try
        {
            constraint = Constraint.FromJsonSchema(one.GetProperty("schema").GetRawText());
        }
        catch (ConstraintException refusal)
        {
            Assert.That(one.Text("group"), Is.EqualTo("uniqueItems"), "only this group may be refused");
            Assert.That(refusal.Message, Does.Contain("#/uniqueItems"));
            return;
        }
        // White space after the value is JSON, but is not taken: a whole text should end.
        string text = one.Text("text").TrimEnd('\n');
        Assert.That(Fixtures.Verdict(constraint, text) == "accept", Is.EqualTo(one.GetProperty("valid").GetBoolean()));
    }

    [TestCaseSource(nameof(Prefixes))]
    public void Golden_prefixes_stay_open_if_something_completes_them(JsonElement one)
    {
        var constraint = Constraint.FromJsonSchema(one.GetProperty("schema").GetRawText());
        string prefix = one.Text("prefix");
        if (one.GetProperty("completable").GetBoolean())
        {
            Assert.That(Fixtures.Verdict(constraint, prefix), Is.Not.EqualTo("reject"));
            Assert.That(Fixtures.Verdict(constraint, prefix + one.Text("completion")), Is.EqualTo("accept"));
            return;
        }
        string live = one.Text("live");
        Assert.That(Fixtures.Verdict(constraint, prefix), Is.EqualTo("reject"));
        Assert.That(Fixtures.Verdict(constraint, live), Is.Not.EqualTo("reject"));
        Assert.That(Fixtures.Verdict(constraint, live + one.Text("completion_of_live")), Is.EqualTo("accept"));
        Assert.That(Fixtures.Verdict(constraint, prefix[..(live.Length + 1)]), Is.EqualTo("reject"), "the character after the live part must be forbidden");
    }

    [TestCase(" 1", "accept")]
    [TestCase("  1", "accept")]
    [TestCase("\t 1", "accept")]
    [TestCase("   1", "reject")]
    [TestCase("\n1", "accept")]
    [TestCase("  \r\n1", "accept")]
    [TestCase("\n                    1", "accept")]
    [TestCase("\n                     1", "reject")]
    [TestCase("\n\n1", "reject")]
    [TestCase("\r1", "accept")]
    [TestCase("\r 1", "reject")]
    public void White_space_is_blanks_or_a_line_s_end_and_an_indentation_and_never_endless(string text, string verdict) =>
        Assert.That(Fixtures.Verdict(Constraint.AnyJson, text), Is.EqualTo(verdict));

    [Test]
    public void The_page_of_constraints_names_every_keyword_and_format_that_is_taken()
    {
        string page = File.ReadAllText(Path.Combine(SharedFolder.Repository, "docs", "constraints.md"));
        foreach (string name in SchemaKeywords.Names.Concat(StringFormats.Names))
            Assert.That(page, Does.Contain($"`{name}`"));
    }
}
