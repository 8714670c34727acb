using Managed.Guards.Learning;

namespace Managed.Tests.Guards.Learning;

public class DroTests
{
    [Test]
    public void Its_loss_is_the_golden()
    {
        var regression = new DroRegression(new double[6], [], [1, -.5, .2, 0], .1, [.3, .4, -.2, .1], -.05);
        DroLoss loss = regression.Loss([-.4, .3, .1, .2, .7, -.6], [.2, .1, -.3, .4, .5, -.5], harmless: false);
        Assert.That((loss.RefusalChange, loss.HarmChange), Is.EqualTo((-.62, -.2)).Using<(double, double)>((a, b) => Math.Abs(a.Item1 - b.Item1) + Math.Abs(a.Item2 - b.Item2) < 1e-12));
        Assert.That(loss.Refusal, Is.EqualTo(.430447).Within(1e-6));
        Assert.That(loss.Harm, Is.EqualTo(.598139).Within(1e-6));
        Assert.That(loss.Tail, Is.EqualTo(.025).Within(1e-12));
        Assert.That(loss.Total, Is.EqualTo(.436453).Within(1e-6));
    }

    [Test]
    public void At_the_textual_prompt_the_loss_is_that_of_no_change([Values] bool harmless)
    {
        var regression = new DroRegression(new double[3], [], [1, 2], 0, [3, 4], 0);
        Assert.That(regression.Loss([5, 6, 7], [5, 6, 7], harmless).Total, Is.EqualTo(1.01 * Math.Log(2)).Within(1e-15));
    }

    [Test]
    public void Regressions_tell_planted_kinds_apart_and_the_basis_is_orthonormal([Values] bool reference)
    {
        var random = new SplitMix(3);
        bool[] harmless = [.. Enumerable.Range(0, 400).Select(i => i % 2 == 0)], answered = [.. Enumerable.Range(0, 400).Select(i => i % 4 < 2)];
        float[][] states = [.. Enumerable.Range(0, 400).Select(row => Enumerable.Range(0, 12)
            .Select(i => (float)(random.NextDouble() + (i == 2 && harmless[row] ? 6 : 0) + (i == 9 && answered[row] ? 5 : 0))).ToArray())];
        DroRegression regression = DroRegression.Fit(states, answered, harmless, new DroOptions { Reference = reference });
        for (int i = 0; i < 12; i++)
            for (int j = 0; j < 12; j++)
                Assert.That(Vectors.Dot(regression.Basis[i], regression.Basis[j]), Is.EqualTo(i == j ? 1 : 0).Within(1e-12));
        double[][] low = [.. states.Select(state => regression.Project(state)[..4])];
        double Right(double[] weight, double bias, bool[] labels) => low.Where((row, i) => (Vectors.Dot(weight, row) + bias > 0) == labels[i]).Count() / 400.0;
        Assert.That(Right(regression.Harm.ToArray(), regression.HarmBias, harmless), Is.GreaterThan(0.99));
        Assert.That(Right(regression.Refusal.ToArray(), regression.RefusalBias, answered), Is.GreaterThan(0.99));
        Assert.That(() => regression.Project([1, 2]), Throws.TypeOf<GuardException>());
        Assert.That(() => DroRegression.Fit(states[..3], answered[..3], harmless[..3]), Throws.TypeOf<GuardException>());
    }
}
