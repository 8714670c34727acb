using FsCheck;
using FsCheck.Fluent;
using Managed.Loader.Templates;

namespace Managed.Tests.Templates;

/// <summary>What holds for any text and any template.</summary>
public class TemplatePropertyTests
{
    private static readonly Dictionary<string, object?> s_none = [];

    [Test]
    public void A_text_without_tags_renders_itself() => Check.One(
        Config.QuickThrowOnFailure.WithReplay(1, 1).WithMaxTest(1000),
        Prop.ForAll<string>(text =>
        {
            string plain = (text ?? "").Replace("{", "(").Replace("\r", "");
            string expected = plain.EndsWith('\n') ? plain[..^1] : plain;
            return ChatTemplate.Parse(plain).Render(s_none) == expected;
        }));

    [Test]
    public void A_text_printed_as_a_variable_is_untouched() => Check.One(
        Config.QuickThrowOnFailure.WithReplay(2, 1).WithMaxTest(1000),
        Prop.ForAll<string>(text => ChatTemplate.Parse("{{ x }}|").Render(new Dictionary<string, object?> { ["x"] = text ?? "" }) == text + "|"));

    [Test]
    public void Parsing_a_damaged_template_throws_nothing_but_TemplateException()
    {
        string[] sources = [.. Directory.GetFiles(SharedFolder.Fixture("templates"), "*.jinja").Order(StringComparer.Ordinal).Select(File.ReadAllText)];
        var random = new Random(20261124);
        int refused = 0;
        for (int i = 0; i < 4000; i++)
        {
            string damaged = Damage(sources[random.Next(sources.Length)], random);
            try
            {
                ChatTemplate.Parse(damaged).Render(s_none, limits: TemplateLimits.Default with { Work = 100_000 });
            }
            catch (TemplateException)
            {
                refused++;
            }
        }
        Assert.That(refused, Is.GreaterThan(500));
    }

    [Test]
    public void Numbers_print_so_that_they_read_back_the_same() => Check.One(
        Config.QuickThrowOnFailure.WithReplay(3, 1).WithMaxTest(2000),
        Prop.ForAll<double>(number => !double.IsFinite(number)
            || double.Parse(RealText.Shortest(number), System.Globalization.CultureInfo.InvariantCulture) == number));

    [Test]
    public void Slices_agree_with_stepping_through_the_list() => Check.One(
        Config.QuickThrowOnFailure.WithReplay(4, 1).WithMaxTest(2000),
        Prop.ForAll<int, int, int>((start, stop, step) =>
        {
            if (step == 0)
                return true;
            var range = SliceRange.Of((long)start, (long)stop, (long)step, 7);
            int from = start < 0 ? start + 7 : start, to = stop < 0 ? stop + 7 : stop;
            from = step > 0 ? Math.Clamp(from, 0, 7) : Math.Clamp(from, -1, 6);
            to = step > 0 ? Math.Clamp(to, 0, 7) : Math.Clamp(to, -1, 6);
            var expected = new List<int>();
            for (int i = from; step > 0 ? i < to : i > to; i += step)
                expected.Add(i);
            return expected.SequenceEqual(Enumerable.Range(0, range.Count).Select(n => range.Start + n * range.Step));
        }));

    private static string Damage(string source, Random random)
    {
        string[] pieces = ["{{", "}}", "{%", "%}", "{#", "#}", "-", "|", "'", "\"", "(", ")", "[", "]", ".", "is", "not", "if", "in", "endif", "\\", "\ud800", "e", "0", "*"];
        for (int n = random.Next(1, 6); n > 0 && source.Length > 0; n--)
        {
            int at = random.Next(source.Length), length = Math.Min(random.Next(1, 40), source.Length - at);
            source = random.Next(4) switch
            {
                0 => source.Remove(at, length),
                1 => source.Insert(at, pieces[random.Next(pieces.Length)]),
                2 => source.Insert(at, source.Substring(at, length)),
                _ => source[..Math.Max(1, at)],
            };
        }
        return source;
    }
}
