using Managed.Guards.Published;

namespace Managed.Tests.Guards;

public class SafetyBudgetTests
{
    private static readonly double[] s_costs = [0, -1, 2.5, 4, 3, 2];

    // reference/guards.md §8.4
    [TestCase(0.999, new[] { 10, 10.01001, 11.021031, 8.529561, 4.534095, 1.535630, -.464835 })]
    [TestCase(1, new[] { 10, 10, 11, 8.5, 4.5, 1.5, -.5 })]
    public void The_budget_follows_the_published_recursion(double discount, double[] expected)
    {
        SafetyBudget budget = SafetyBudget.Full(10);
        Assert.That(budget.Remaining, Is.EqualTo(expected[0]));
        for (int i = 0; i < s_costs.Length; i++)
        {
            budget = budget.After(s_costs[i], discount);
            Assert.That(budget.Remaining, Is.EqualTo(expected[i + 1]).Within(1e-6));
        }
        Assert.That(budget.IsSafe, Is.False);
        Assert.That(budget.Lowest, Is.EqualTo(budget.Remaining));
    }

    [Test]
    public void The_normalised_form_is_the_budget_as_a_share()
    {
        double[] expected = [1.001001, 1.102103, .852956, .453409, .153563, -.046483];
        double state = 1;
        for (int i = 0; i < s_costs.Length; i++)
        {
            state = SafetyBudget.Normalised(state, s_costs[i], 10, 0.999);
            Assert.That(state, Is.EqualTo(expected[i]).Within(1e-6));
        }
    }

    [Test]
    public void A_block_of_tokens_costs_what_its_tokens_cost_where_only_the_first_does()
    {
        SafetyBudget together = SafetyBudget.Full(10).After(3, 0.9, 4), apart = SafetyBudget.Full(10).After(3, 0.9);
        for (int i = 0; i < 3; i++)
            apart = apart.After(0, 0.9);
        Assert.That(together.Remaining, Is.EqualTo(apart.Remaining).Within(1e-12));
    }

    // reference/guards.md §8.5
    [TestCase(true, "d a e b c")]
    [TestCase(false, "c d a e b")]
    public void Candidates_are_ranked_as_published(bool withCritic, string expected)
    {
        const double Unsafe = 1e4;
        (string Name, double Z, double Cost, bool Finished, double? Safe)[] candidates =
            [("a", 3, -1.2, false, .8), ("b", -.1, -9, true, null), ("c", .4, -2.5, false, .4), ("d", .2, -2, false, .6), ("e", 5, -.3, true, null)];
        double[] costs = [.. candidates.Select(c => BlockChoice.Cost(new BlockCandidate(c.Z, c.Cost, c.Finished, withCritic ? c.Safe : null), Unsafe))];
        Assert.That(string.Join(' ', BlockChoice.Best(costs, 5).Select(index => candidates[index].Name)), Is.EqualTo(expected));
        Assert.That(costs.Count(cost => cost == Unsafe), Is.EqualTo(withCritic ? 2 : 1));
    }

    // reference/guards.md §8.5
    [Test]
    public void A_retry_is_led_away_from_tokens_that_failed()
    {
        var tried = new TriedTokens(1, 4);
        foreach (int token in new[] { 0, 0, 2, 0 })
            tried.Add([token]);
        float[] logits = [2, 1, 0, -1];
        tried.Penalise(logits, 0, 5);
        double total = logits.Sum(logit => Math.Exp(logit));
        double[] expected = [.015842, .864955, .002144, .117059];
        for (int i = 0; i < 4; i++)
            Assert.That(Math.Exp(logits[i]) / total, Is.EqualTo(expected[i]).Within(1e-6));
    }

    [Test]
    public void A_place_where_every_token_failed_is_left_alone()
    {
        var tried = new TriedTokens(1, 2);
        tried.Add([0]);
        tried.Add([1]);
        float[] logits = [2, 1];
        tried.Penalise(logits, 0, 5);
        Assert.That(logits, Is.EqualTo(new float[] { 2, 1 }));
    }
}
