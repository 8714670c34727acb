using System.Text.Json;
using System.Text.RegularExpressions;
using Managed.Constraints;
using Managed.Sampling;
using Managed.Tests.Constraints;
using Managed.Tests.Models;

namespace Managed.Tests.Generation;

/// <summary>Constraints on real models at temperature 2, where nearly every token would break them.</summary>
public class ConstrainedGenerationTests
{
    private const string Recipe = """
        {"type":"object","properties":{"name":{"type":"string","maxLength":12},"minutes":{"type":"integer","minimum":1,"maximum":90},
         "steps":{"type":"array","items":{"enum":["mix","knead","bake"]},"minItems":1,"maxItems":3},"sweet":{"type":"boolean"}},
         "required":["name","minutes","steps"],"additionalProperties":false}
        """;

    private const string Sum = """
        root ::= term (("+" | "-") term)*
        term ::= [0-9] [0-9]? | "(" root ")"
        """;

    private const string Greeting = """
        start: "Dear " NAME ", " ("hello" | "welcome") "!"
        NAME: /[A-Z][a-z]{1,7}/
        """;

    private static IEnumerable<(string Name, Constraint Constraint, Func<string, bool> Holds)> Constraints() =>
    [
        ("schema", Constraint.FromJsonSchema(Recipe), IsRecipe),
        ("any json", Constraint.AnyJson, IsJson),
        ("regex", Constraint.FromRegex(@"(\d{1,3}\.){3}\d{1,3}"), text => Regex.IsMatch(text, @"^(\d{1,3}\.){3}\d{1,3}\z")),
        ("unicode", Constraint.FromRegex("[à-ü]{2,6} €[0-9]+"), text => Regex.IsMatch(text, @"^[à-ü]{2,6} €[0-9]+\z")),
        ("gbnf", Constraint.FromGbnf(Sum), IsSum),
        ("lark", Constraint.FromLark(Greeting), text => Regex.IsMatch(text, @"^Dear [A-Z][a-z]{1,7}, (hello|welcome)!\z")),
    ];

    private static IEnumerable<TestCaseData> Cases()
    {
        foreach (string model in new[] { "hearth", "stories260K" })
            foreach ((string name, Constraint constraint, Func<string, bool> holds) in Constraints())
                yield return new TestCaseData(model, constraint, holds).SetArgDisplayNames(model, name);
    }

    private static readonly Lazy<LanguageModel> Stories =
        new(() => TestModels.Load(SharedFolder.Require("models/stories260K/stories260K-Q8_0.gguf")));

    [OneTimeTearDown]
    public void Unload()
    {
        if (Stories.IsValueCreated)
            Stories.Value.Dispose();
    }

    [TestCaseSource(nameof(Cases))]
    public void Only_valid_texts_come_out_at_temperature_two(string name, Constraint constraint, Func<string, bool> holds)
    {
        LanguageModel model = name == "hearth" ? TestModels.Hearth : Stories.Value;
        int[] prompt = model.Encode("Once upon a time");
        GenerationRequest[] requests = [.. Enumerable.Range(0, 24).Select(seed => new GenerationRequest(prompt, new GenerationOptions
        {
            MaxTokens = seed % 3 == 0 ? 12 : 320,
            Constraint = constraint,
            Sampling = new() { Temperature = 2, Seed = seed, TopK = seed % 2 == 0 ? 0 : 50 },
        }))];
        IReadOnlyList<GenerationResult> results = model.GenerateBatch(requests);
        int whole = 0;
        foreach (GenerationResult result in results)
        {
            Assert.That(result.ConstraintSatisfied, Is.EqualTo(holds(result.Text)), result.Text);
            if (result.ConstraintSatisfied == true)
                whole++;
            else // cut, and alive: what is there begins a valid text
                Assert.That((result.Reason, Fixtures.Verdict(constraint, Decodable(result.Text))), Is.EqualTo((StopReason.Length, "prefix")), result.Text);
            if (result.Reason == StopReason.EndToken)
                Assert.That(result.ConstraintSatisfied, Is.True, result.Text);
        }
        Assert.That(whole, Is.GreaterThan(0), "at least one text is whole");
    }

    // A cut may go through a character.
    private static string Decodable(string text) => text.TrimEnd('\uFFFD');

    private static bool IsJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsRecipe(string text)
    {
        if (!IsJson(text))
            return false;
        using var document = JsonDocument.Parse(text);
        JsonElement root = document.RootElement;
        return root.ValueKind == JsonValueKind.Object
            && root.EnumerateObject().All(member => member.Name is "name" or "minutes" or "steps" or "sweet")
            && root.GetProperty("name").GetString()!.EnumerateRunes().Count() <= 12
            && root.GetProperty("minutes").GetDecimal() is var minutes && minutes == Math.Truncate(minutes) && minutes is >= 1 and <= 90
            && root.GetProperty("steps").EnumerateArray().Select(step => step.GetString()).ToArray() is { Length: >= 1 and <= 3 } steps
            && steps.All(step => step is "mix" or "knead" or "bake");
    }

    private static bool IsSum(string text)
    {
        int at = 0;
        return Root() && at == text.Length;

        bool Root()
        {
            if (!Term())
                return false;
            while (at < text.Length && text[at] is '+' or '-')
            {
                at++;
                if (!Term())
                    return false;
            }
            return true;
        }

        bool Term()
        {
            if (at < text.Length && text[at] == '(')
            {
                at++;
                return Root() && at < text.Length && text[at++] == ')';
            }
            int start = at;
            while (at < text.Length && at < start + 2 && char.IsAsciiDigit(text[at]))
                at++;
            return at > start;
        }
    }

    [Test]
    public void A_text_that_the_limit_cuts_says_that_it_is_not_whole()
    {
        GenerationResult cut = TestModels.Hearth.Generate([1, 3], new GenerationOptions { MaxTokens = 3, Constraint = Constraint.FromRegex("[a-z]{40}") });
        Assert.That((cut.Reason, cut.ConstraintSatisfied), Is.EqualTo((StopReason.Length, false)));
    }

    [Test]
    public void A_dead_end_ends_the_text_and_says_so()
    {
        // No token has the letter ä, so that only its bytes could spell it, and those are banned.
        LanguageModel model = TestModels.Hearth;
        int[] bytes = [.. Enumerable.Range(0, model.VocabularySize).Where(id => model.Tokenizer.TokenBytes(id).Span.IndexOfAnyInRange((byte)0x80, (byte)0xFF) >= 0)];
        var options = new GenerationOptions { Constraint = Constraint.FromRegex("aä"), Sampling = SamplingOptions.Greedy with { SuppressTokens = bytes } };
        Assert.That(() => model.Generate([1, 3], options), Throws.TypeOf<GenerationException>().With.Message.Contains("No token may come next"));
    }

    [Test]
    public void A_whole_text_that_cannot_go_on_ends_even_where_end_tokens_are_ignored()
    {
        GenerationResult whole = TestModels.Hearth.Generate([1, 3], new GenerationOptions { IgnoreEndTokens = true, Constraint = Constraint.FromRegex("abc|abd") });
        Assert.That((whole.Reason, whole.ConstraintSatisfied), Is.EqualTo((StopReason.Constraint, true)));
        Assert.That(whole.Text, Is.AnyOf("abc", "abd"));
    }

    [Test]
    public void A_constrained_text_is_what_the_constraint_saw_to_the_first_space()
    {
        GenerationResult result = TestModels.Hearth.Generate([1, 3], new GenerationOptions { Constraint = Constraint.FromRegex(" honey  bread ") });
        Assert.That(result.Text, Is.EqualTo(" honey  bread "));
    }

    [Test]
    public void Stop_strings_and_constraints_work_together()
    {
        GenerationResult result = TestModels.Hearth.Generate([1, 3],
            new GenerationOptions { MaxTokens = 60, Constraint = Constraint.FromRegex("[a-z]{3};[a-z]{30}"), StopStrings = [";"] });
        Assert.That((result.Reason, result.ConstraintSatisfied), Is.EqualTo((StopReason.StopString, false)));
        Assert.That(result.Text, Does.Match("^[a-z]{3}$"));
    }
}
