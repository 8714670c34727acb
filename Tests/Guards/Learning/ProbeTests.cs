using Managed.Guards.Learning;
using Managed.Loader;
using Managed.Tests.Models;
using Managed.Weights;

namespace Managed.Tests.Guards.Learning;

public class ProbeTests
{
    private static Mlp<double> Golden()
    {
        var mlp = new Mlp<double>(3, 2, 2);
        ((double[])[.2, -.1, .4, -.3, .5, .1]).CopyTo(mlp.Parameters[0], 0);
        ((double[])[.05, -.02]).CopyTo(mlp.Parameters[1], 0);
        ((double[])[.7, -.6, -.4, .9]).CopyTo(mlp.Parameters[2], 0);
        ((double[])[.01, -.03]).CopyTo(mlp.Parameters[3], 0);
        return mlp;
    }

    [Test]
    public void Logits_losses_and_gradients_are_the_goldens()
    {
        double[] logits = Golden().Forward([[.5, -1, 2]])[0], p = new double[2], gradient = new double[2];
        Assert.That(logits, Is.EqualTo(new[] { .745, -.45 }).Within(1e-12));
        ClassLoss<double>.Softmax(p, logits);
        Assert.That(p, Is.EqualTo(new[] { .767634, .232366 }).Within(1e-6));
        Assert.That(new ClassLoss<double>(twice: false).Evaluate(gradient, logits, [1]), Is.EqualTo(1.459442).Within(1e-6));
        Assert.That(gradient, Is.EqualTo(new[] { .767634, -.767634 }).Within(1e-6));
        Assert.That(new ClassLoss<double>(twice: true).Evaluate(gradient, logits, [1]), Is.EqualTo(.996176).Within(1e-6));
        Assert.That(gradient, Is.EqualTo(new[] { .225002, -.225002 }).Within(1e-6));
        Assert.That(new ClassLoss<double>(twice: true).Evaluate(gradient, [900, -900], [0]), Is.EqualTo(.313262).Within(1e-6), "the least that the double softmax can give");
    }

    [Test]
    public void A_probe_in_single_precision_gives_the_golden_probability()
    {
        var mlp = new Mlp<float>(3, 2, 2);
        Mlp<double> golden = Golden();
        for (int i = 0; i < 4; i++)
            Vectors.ToSingle(golden.Parameters[i]).CopyTo(mlp.Parameters[i], 0);
        Assert.That(new TwoLayerProbe(mlp).Probability([.5f, -1, 2]), Is.EqualTo(.232366).Within(1e-6));
        Assert.That(() => new TwoLayerProbe(mlp).Probability([1, 2]), Throws.TypeOf<GuardException>().With.Message.Contains("expected 3"));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public void Gradients_are_the_differences_of_the_loss(int kind)
    {
        var mlp = new Mlp<double>(5, 7, 6, 2);
        mlp.Initialise(3);
        var random = new SplitMix(4);
        double[][] rows = [.. Enumerable.Range(0, 9).Select(_ => Enumerable.Range(0, 5).Select(_ => random.NextDouble() - 0.5).ToArray())];
        double Evaluate(double[] gradient, double[] outputs, int row) => kind switch
        {
            0 => new ClassLoss<double>(twice: false).Evaluate(gradient, outputs, [row % 2]),
            1 => new ClassLoss<double>(twice: true).Evaluate(gradient, outputs, [row % 2]),
            _ => new CriticLoss<double>(0.7).Evaluate(gradient, outputs, [row % 2, row == 4 ? double.NaN : row * 0.3]),
        };
        double Loss() => mlp.Forward(rows).Select((outputs, row) => row < rows.Length ? Evaluate(new double[2], outputs, row) : 0).Sum();

        double[][] outputs = mlp.Forward(rows), gradients = [.. rows.Select(_ => new double[2])];
        for (int row = 0; row < rows.Length; row++)
            Evaluate(gradients[row], outputs[row], row);
        mlp.Backward(rows, gradients);
        double[][] found = [.. mlp.Gradients.Select(gradient => (double[])gradient.Clone())];
        for (int i = 0; i < found.Length; i++)
            for (int j = 0; j < found[i].Length; j += 3)
            {
                const double Step = 1e-5;
                double before = mlp.Parameters[i][j];
                mlp.Parameters[i][j] = before + Step;
                double above = Loss();
                mlp.Parameters[i][j] = before - Step;
                double below = Loss();
                mlp.Parameters[i][j] = before;
                Assert.That(found[i][j], Is.EqualTo((above - below) / (2 * Step)).Within(1e-7), $"parameter {i}, element {j}");
            }
    }

    [Test]
    public void AdamW_steps_as_its_formula_says()
    {
        double[] p = [1, -2], g = [0.5, 3];
        var optimiser = new AdamW<double>([p], weightDecay: 0.1);
        double[] expected = [1, -2], m = [0, 0], n = [0, 0];
        for (int step = 1; step <= 3; step++)
        {
            optimiser.Step([g], 0.01);
            for (int i = 0; i < 2; i++)
            {
                m[i] = (0.9 * m[i]) + (0.1 * g[i]);
                n[i] = (0.999 * n[i]) + (0.001 * g[i] * g[i]);
                expected[i] = (expected[i] * (1 - 0.001)) - (0.01 * m[i] / (1 - Math.Pow(0.9, step)) / (Math.Sqrt(n[i] / (1 - Math.Pow(0.999, step))) + 1e-8));
            }
            Assert.That(p, Is.EqualTo(expected).Within(1e-12), $"step {step}");
        }
    }

    // Test idea of guards.md 3.7: a planted direction is found, and nothing is left when it is projected out.
    [Test]
    public void A_planted_direction_is_found_and_gone_when_it_is_projected_out([Values] bool standardise)
    {
        var random = new SplitMix(11);
        float[] direction = [.. Enumerable.Range(0, 24).Select(i => i == 5 ? 1f : 0f)];
        (float[][] Rows, bool[] Labels) Draw(int count)
        {
            bool[] labels = [.. Enumerable.Range(0, count).Select(_ => random.NextInt(2) == 1)];
            return ([.. labels.Select(label =>
            {
                float[] row = [.. Enumerable.Range(0, 24).Select(_ => (float)(random.NextDouble() - 0.5))];
                row.AsSpan().AddScaled(label ? 3 : -3, direction);
                return row;
            })], labels);
        }
        var (rows, labels) = Draw(400);
        var (held, heldLabels) = Draw(400);
        Probe[] probes = [ProbeTraining.Logistic(rows, labels, new LogisticOptions { Standardise = standardise, Penalty = null }).Probe,
            ProbeTraining.TwoLayer(rows, labels, new TwoLayerOptions { Standardise = standardise }).Probe];
        foreach (Probe probe in probes)
            Assert.That(probe.Judge([.. held.Select(row => (ReadOnlyMemory<float>)row)], heldLabels).Accuracy, Is.EqualTo(1));
        foreach (float[] row in rows.Concat(held))
            row.AsSpan().ProjectOut(direction);
        LinearProbe chance = ProbeTraining.Logistic(rows, labels, new LogisticOptions { Standardise = standardise }).Probe;
        Assert.That(chance.Judge([.. held.Select(row => (ReadOnlyMemory<float>)row)], heldLabels).Accuracy, Is.EqualTo(0.5).Within(0.1));
    }

    [Test]
    public void A_seed_gives_the_same_bits_and_another_seed_others()
    {
        var random = new SplitMix(2);
        float[][] rows = [.. Enumerable.Range(0, 60).Select(_ => Enumerable.Range(0, 10).Select(_ => (float)random.NextDouble()).ToArray())];
        bool[] labels = [.. rows.Select(row => row[0] + row[1] > 1)];
        float[] Train(ulong seed)
        {
            var (probe, report) = ProbeTraining.TwoLayer(rows, labels, new TwoLayerOptions { Training = new TrainingOptions { Seed = seed, Epochs = 3 } });
            Assert.That(report.Epochs.Select(epoch => epoch.Epoch), Is.EqualTo(new[] { 1, 2, 3 }));
            Assert.That(report.TrainRows + report.ValidationRows, Is.EqualTo(60));
            Assert.That(report.Kept.ValidationLoss, Is.Not.Null);
            return [.. probe.Tensors().SelectMany(tensor => tensor.Values)];
        }
        float[] first = Train(1), again = Train(1), other = Train(2);
        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
    }

    [Test]
    public void What_cannot_be_trained_on_is_refused()
    {
        float[][] rows = [[1, 2], [3, 4], [5, 6], [7, 8]];
        Assert.That(() => ProbeTraining.Logistic(rows, [true, true, true, true]), Throws.TypeOf<GuardException>().With.Message.Contains("both kinds"));
        Assert.That(() => ProbeTraining.TwoLayer(rows, [true, true, true, true]), Throws.TypeOf<GuardException>().With.Message.Contains("both kinds"));
        Assert.That(() => ProbeTraining.TwoLayer([.. rows.Select(_ => (float[])[float.NaN, 1])], [true, false, true, false]), Throws.TypeOf<GuardException>().With.Message.Contains("finite"));
        Assert.That(() => ProbeTraining.TwoLayer(rows, [true, false, true, false], new TwoLayerOptions { Training = new TrainingOptions { LearningRate = -1 } }), Throws.TypeOf<GuardException>().With.Message.Contains("LearningRate"));
    }

    [Test]
    public void On_thornvale_probes_are_at_least_as_good_as_the_references()
    {
        (int[][] ids, bool[] labels) = Thornvale.Training();
        (int[][] held, bool[] heldLabels) = Thornvale.Evaluation();
        IReadOnlyList<States> states = ActivationCollector.Collect(TestModels.Hearth, ids, ["resid_post", "final_norm"]);
        IReadOnlyList<States> heldStates = ActivationCollector.Collect(TestModels.Hearth, held, ["resid_post", "final_norm"]);
        using SafetensorsFile references = SafetensorsFile.Open(Path.Combine(Thornvale.Folder, "references", "vectors.safetensors"));
        for (int layer = 0; layer < 7; layer++)
        {
            double accuracy = Thornvale.ProbeReference(layer, "eval_accuracy"), auc = Thornvale.ProbeReference(layer, "eval_auc");
            var reference = new LinearProbe(StoredValues.ToSingle(references.Tensors[$"probe.{layer}.weight"]), StoredValues.ToSingle(references.Tensors[$"probe.{layer}.bias"])[0]);
            ProbeQuality theirs = reference.Judge(Thornvale.Memory(heldStates[layer]), heldLabels);
            Assert.That(theirs.Accuracy, Is.EqualTo(accuracy), $"the reference probe {layer} on our states");
            Assert.That(theirs.Auc, Is.EqualTo(auc).Within(1e-12), $"the reference probe {layer} on our states");

            ProbeQuality linear = ProbeTraining.Logistic(states[layer].Rows, labels).Probe.Judge(Thornvale.Memory(heldStates[layer]), heldLabels);
            ProbeQuality twoLayer = ProbeTraining.TwoLayer(states[layer].Rows, labels).Probe.Judge(Thornvale.Memory(heldStates[layer]), heldLabels);
            TestContext.Out.WriteLine($"{layer}: reference {accuracy:0.000} {auc:0.000}, logistic {linear.Accuracy:0.000} {linear.Auc:0.000}, two layers {twoLayer.Accuracy:0.000} {twoLayer.Auc:0.000}");
            Assert.That(linear.Accuracy, Is.GreaterThanOrEqualTo(accuracy), $"logistic, {layer}");
            Assert.That(twoLayer.Auc, Is.GreaterThanOrEqualTo(auc), $"two layers, {layer}");
        }
    }
}
