using Managed.Guards.Learning;

namespace Managed.Tests.Guards.Learning;

/// <summary>guards.md 2.7, test idea 9, and the safety state's golden.</summary>
public class CriticTests
{
    [Test]
    public void Budgets_follow_the_golden_recursion()
    {
        double[] costs = [0, -1, 2.5, 4, 3, 2];
        foreach ((double discount, double[] golden) in new[]
        {
            (.999, new[] { 10.01001, 11.021031, 8.529561, 4.534095, 1.535630, -.464835 }),
            (1.0, new[] { 10, 11, 8.5, 4.5, 1.5, -.5 }),
        })
        {
            double z = 10;
            for (int i = 0; i < costs.Length; i++)
                Assert.That(z = CriticTraining.NextBudget(z, costs[i], discount, 1), Is.EqualTo(golden[i]).Within(1e-6));
        }
    }

    [Test]
    public void Its_probability_is_calibrated_on_a_known_sigmoid()
    {
        var random = new SplitMix(21);
        (CriticExample Example, double P) Draw()
        {
            float[] state = [.. Enumerable.Range(0, 6).Select(_ => (float)((4 * random.NextDouble()) - 2))];
            float budget = (float)(10 * random.NextDouble());
            double p = LogisticRegression.Sigmoid(state[0] - (0.5 * state[3]) + (0.4 * (budget - 5)));
            return (new CriticExample(state, budget, random.NextDouble() < p, float.NaN), p);
        }
        CriticExample[] examples = [.. Enumerable.Range(0, 8000).Select(_ => Draw().Example)];
        var (critic, report) = CriticTraining.Train(examples, new CriticOptions
        {
            Hidden = [16],
            Training = new TrainingOptions { LearningRate = 2e-3, Epochs = 12, BatchRows = 64, KeepBest = true },
        });
        Assert.That(report.ValidationRows, Is.EqualTo(1600));
        var bins = new (double Said, double True, int Count)[10];
        for (int i = 0; i < 4000; i++)
        {
            (CriticExample example, double p) = Draw();
            double said = critic.Evaluate(example.State, example.Budget).Safe;
            ref var bin = ref bins[Math.Min(9, (int)(said * 10))];
            bin = (bin.Said + said, bin.True + p, bin.Count + 1);
        }
        Assert.That(bins.Sum(bin => Math.Abs(bin.Said - bin.True)) / 4000, Is.LessThan(0.02));
    }

    // s1 goes on to s2 with 3/4, else ends at cost 2; s2 goes on to s3 with 1/2, else ends at cost 1; s3 ends at cost 4. γ = 0.9 a step.
    [Test]
    public void Its_cost_is_the_value_of_a_chain_of_three_states()
    {
        float[][] states = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]];
        (int[] Path, double Cost)[] answers = [([0, 3], 2), ([0, 3], 2), .. Enumerable.Repeat(((int[])[0, 1, 3], 1.0), 3), .. Enumerable.Repeat(((int[])[0, 1, 2, 3], 4.0), 3)];
        CriticExample[] examples = [.. Enumerable.Range(0, 20).SelectMany(_ => answers).SelectMany(answer => CriticTraining.Examples(
            [.. answer.Path.Select(state => states[state])], [.. answer.Path.Select(_ => 0.0)], [.. answer.Path.Select(_ => 1)], answer.Cost, discount: 0.9))];
        Critic critic = CriticTraining.Train([.. examples.Select(example => example with { Budget = 1 })], new CriticOptions
        {
            Hidden = [16],
            Training = new TrainingOptions { LearningRate = 5e-3, Epochs = 300, BatchRows = examples.Length, ValidationShare = 0 },
        }).Critic;
        double third = 0.9 * 4, second = (0.5 * 0.9 * 1) + (0.5 * 0.9 * third), first = (0.25 * 0.9 * 2) + (0.75 * 0.9 * second);
        Assert.That(critic.Evaluate(states[2], 1).Cost, Is.EqualTo(third).Within(0.02));
        Assert.That(critic.Evaluate(states[1], 1).Cost, Is.EqualTo(second).Within(0.02));
        Assert.That(critic.Evaluate(states[0], 1).Cost, Is.EqualTo(first).Within(0.02));
    }

    [Test]
    public void Examples_know_what_became_of_the_answer()
    {
        float[][] states = [[1], [2], [3]];
        IReadOnlyList<CriticExample> examples = CriticTraining.Examples(states, [4, 4, 4], [2, 2, 1], 7, budget: 10, discount: 0.5);
        Assert.That(examples.Select(example => example.Budget), Is.EqualTo(new[] { 24f, 80f }));
        Assert.That(examples.Select(example => example.CostToGo), Is.EqualTo(new[] { 7 * 0.125f, 7 * 0.5f }));
        Assert.That(examples.All(example => example.Safe));
        Assert.That(CriticTraining.Examples(states, [4, 4, 4], [2, 2, 1], 7, budget: 1, discount: 1).Any(example => example.Safe), Is.False);
        Assert.That(() => CriticTraining.Examples(states, [4], [2, 2, 1], 7), Throws.TypeOf<GuardException>());
        Assert.That(() => CriticTraining.Train([]), Throws.TypeOf<GuardException>());
    }
}
