using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Managed.Sampling;

namespace Managed.Tests.Sampling;

public class StopStringFilterTests
{
    [Test]
    public void Any_cut_of_a_text_gives_what_a_search_of_the_whole_text_gives()
    {
        var character = Gen.Elements('a', 'b', 'c');
        var cases = from text in Gen.Choose(0, 40).SelectMany(n => Gen.ArrayOf(character, n))
                    from stops in Gen.Choose(0, 4).SelectMany(n => Gen.ArrayOf(Gen.Choose(1, 5).SelectMany(m => Gen.ArrayOf(character, m)), n))
                    from cuts in Gen.ArrayOf(Gen.Choose(0, 6), 60)
                    select (text: new string(text), stops: stops.Select(stop => new string(stop)).ToArray(), cuts);
        Prop.ForAll(Arb.From(cases), one =>
        {
            var filter = new StopStringFilter(one.stops);
            var passed = new StringBuilder();
            int at = 0;
            foreach (int cut in one.cuts.Append(one.text.Length))
            {
                int length = Math.Min(cut, one.text.Length - at);
                passed.Append(filter.Push(one.text.AsSpan(at, length)));
                at += length;
                if (passed.Length < LongestSafe(one.text[..at], one.stops))
                    return false; // held back more than it had to
            }
            passed.Append(filter.Flush());
            (string expected, string? stop) = Naively(one.text, one.stops);
            return passed.ToString() == expected && filter.Stopped == stop;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Test]
    public void Not_even_the_first_characters_of_a_stop_string_get_out()
    {
        var filter = new StopStringFilter(["<|end|>"]);
        Assert.That(filter.Push("Honey <").ToString(), Is.EqualTo("Honey "));
        Assert.That(filter.Push("|en").ToString(), Is.EqualTo(""));
        Assert.That(filter.Push("d|> more").ToString(), Is.EqualTo(""));
        Assert.That(filter.Stopped, Is.EqualTo("<|end|>"));
        Assert.That(filter.Push("never").ToString(), Is.EqualTo(""));
    }

    [Test]
    public void What_only_looked_like_a_stop_string_comes_out_later()
    {
        var filter = new StopStringFilter(["abac"]);
        Assert.That(filter.Push("aba").ToString(), Is.EqualTo(""));
        Assert.That(filter.Push("b").ToString(), Is.EqualTo("ab"));
        Assert.That(filter.Flush().ToString(), Is.EqualTo("ab"));
    }

    [Test]
    public void An_empty_stop_string_is_refused() =>
        Assert.That(() => new StopStringFilter(["x", ""]), Throws.ArgumentException.With.Message.Contains("empty"));

    private static (string Text, string? Stop) Naively(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
            if (stops.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).MaxBy(stop => stop.Length) is { } stop)
                return (text[..(end - stop.Length)], stop);
        return (text, null);
    }

    // All but the longest end that begins some stop string; with a stop inside, what is before it.
    private static int LongestSafe(string text, string[] stops)
    {
        (string before, string? stop) = Naively(text, stops);
        if (stop is not null)
            return before.Length;
        for (int start = 0; start < text.Length; start++)
            if (stops.Any(one => one.StartsWith(text[start..], StringComparison.Ordinal)))
                return start;
        return text.Length;
    }
}
