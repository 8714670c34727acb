using FsCheck;
using FsCheck.Fluent;
using Managed.Kernels.Edits;

namespace Managed.Tests.Guarding;

public class PositionRuleTests
{
    private static int[] Chosen(PositionRule rule, int promptLength, int length) =>
        [.. Enumerable.Range(0, length).Where(position => rule.Contains(position, promptLength))];

    [Test]
    public void Rules_mean_what_they_are_called()
    {
        Assert.That(Chosen(PositionRule.All, 3, 6), Is.EqualTo(new[] { 0, 1, 2, 3, 4, 5 }));
        Assert.That(Chosen(PositionRule.LastPromptToken, 3, 6), Is.EqualTo(new[] { 2 }));
        Assert.That(Chosen(PositionRule.FromLastPromptToken, 3, 6), Is.EqualTo(new[] { 2, 3, 4, 5 }));
        Assert.That(Chosen(PositionRule.Prompt, 3, 6), Is.EqualTo(new[] { 0, 1, 2 }));
        Assert.That(Chosen(PositionRule.Generated, 3, 6), Is.EqualTo(new[] { 3, 4, 5 }));
        Assert.That(Chosen(PositionRule.From(4), 3, 6), Is.EqualTo(new[] { 4, 5 }));
        Assert.That(Chosen(PositionRule.From(-2), 3, 6), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }));
        Assert.That(Chosen(PositionRule.From(-9), 3, 6), Is.EqualTo(new[] { 0, 1, 2, 3, 4, 5 }), "a prompt that is shorter");
        Assert.That(Chosen(PositionRule.Range(1, 4), 3, 6), Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(Chosen(PositionRule.Range(-3, -1), 5, 9), Is.EqualTo(new[] { 2, 3 }));
        Assert.That(Chosen(PositionRule.EveryNth(3), 2, 8), Is.EqualTo(new[] { 0, 3, 6 }));
    }

    [Test]
    public void The_first_position_is_the_first_that_is_contained()
    {
        Prop.ForAll(Gen.Choose(-6, 12).Three().ToArbitrary(), Gen.Choose(1, 8).Two().ToArbitrary(), (bounds, more) =>
        {
            var rule = PositionRule.Range(bounds.Item1, bounds.Item2) with { Every = more.Item2 };
            int first = Enumerable.Range(0, 64).FirstOrDefault(position => rule.Contains(position, more.Item1), PositionRule.Unbounded);
            return rule.FirstIn(more.Item1) == first;
        }).QuickCheckThrowOnFailure();
    }
}
