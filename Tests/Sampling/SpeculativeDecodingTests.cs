using System.Text.Json;
using Managed.Sampling;

namespace Managed.Tests.Sampling;

public class SpeculativeDecodingTests
{
    [Test]
    public void Walks_accept_the_same_tokens_and_draw_the_same_next_one()
    {
        JsonElement[] cases = [.. GoldenCases.Json(GoldenCases.Path("speculative.json")).GetProperty("cases").EnumerateArray()];
        Assert.That(cases, Has.Length.GreaterThanOrEqualTo(30));
        foreach (JsonElement one in cases)
        {
            double[][] draft = Rows(one, "draft_probs"), target = Rows(one, "target_probs");
            int[] proposed = one.GetProperty("draft").Ints();
            var final = new double[target[0].Length];
            var drafted = new Walked(proposed, draft, target, one.GetProperty("u").Doubles(), one.Number("u_last"));
            (int accepted, int next) = SpeculativeDecoding.Walk(final, drafted, new LazyRanking(final.Length));

            Assert.That(accepted, Is.EqualTo(one.Count("accepted")));
            Assert.That(proposed.Take(accepted).Append(next), Is.EqualTo(one.GetProperty("tokens").Ints()));
            Assert.That(final, Is.EqualTo(one.GetProperty("final_distribution").Doubles()).Within(1e-12));
            int position = 0;
            foreach (JsonElement at in one.GetProperty("positions").EnumerateArray())
            {
                double overlap = draft[position].Zip(target[position], Math.Min).Sum();
                Assert.That(overlap, Is.EqualTo(at.Number("expected_acceptance")).Within(1e-12));
                position++;
            }
        }
    }

    [Test]
    public void What_comes_out_has_the_targets_distribution()
    {
        double[] draft = [0.5, 0.3, 0.2, 0], target = [0.1, 0.4, 0.2, 0.3], residual = new double[4];
        SpeculativeDecoding.Residual(residual, draft, target);
        double accepted = draft.Zip(target, Math.Min).Sum();
        for (int id = 0; id < 4; id++)
            Assert.That(Math.Min(draft[id], target[id]) + ((1 - accepted) * residual[id]), Is.EqualTo(target[id]).Within(1e-15));
    }

    // reference/guards.md §8.8
    [Test]
    public void Draft_tokens_stand_and_are_replaced_as_in_the_golden()
    {
        double[] draft = [.6, .3, .1], target = [.2, .5, .3], residual = new double[3], accepted = [.333333, 1, 1];
        SpeculativeDecoding.Residual(residual, draft, target);
        Assert.That(residual, Is.EqualTo(new[] { 0, .5, .5 }).Within(1e-12));
        for (int id = 0; id < 3; id++)
        {
            // numbers below the golden probability let the token stand, numbers above do not
            Assert.That(SpeculativeDecoding.Accepts(draft[id], target[id], accepted[id] - 1e-6), Is.True);
            Assert.That(SpeculativeDecoding.Accepts(draft[id], target[id], accepted[id] + 1e-6), Is.False);
        }
        Assert.That(draft.Zip(target, (p, q) => p * Math.Min(1, q / p)).Sum(), Is.EqualTo(.6).Within(1e-12), "overall");
    }

    [Test]
    public void Equal_distributions_leave_a_residual_that_can_be_drawn_from()
    {
        double[] same = [0.25, 0.75], residual = new double[2];
        SpeculativeDecoding.Residual(residual, same, same);
        Assert.That(residual, Is.EqualTo(same));
    }

    private readonly record struct Walked(int[] Tokens, double[][] Drafts, double[][] Targets, double[] Uniforms, double Last) : IDraftedTokens
    {
        public int Count => Tokens.Length;

        public int Token(int place) => Tokens[place];

        public ReadOnlySpan<double> Draft(int place) => Drafts[place];

        public ReadOnlySpan<double> Target(int place) => Targets[place];

        public double AcceptanceUniform(int place) => Uniforms[place];

        public double TokenUniform(int place) => Last;
    }

    private static double[][] Rows(JsonElement one, string name) => [.. one.GetProperty(name).EnumerateArray().Select(row => row.Doubles())];
}
