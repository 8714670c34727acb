using Managed.Guards.Learning;
using Managed.Tests.Models;
using Managed.Tests.RealModels;

namespace Managed.Tests.Guards.Learning;

public class FunctionVectorTests
{
    // guards.md 8.2
    private static readonly double[][] s_output = [[.1, .2, .3, .4], [-.5, .6, -.7, .8], [.9, -1, 1.1, -1.2], [.05, .15, -.25, .35]];
    private static readonly double[][] s_means = [[1, 2, -1, .5]];

    private static double[] Build(params WeightedHead[] heads) =>
        FunctionVectors.Build(s_means, heads, _ => 2, (_, z) => [.. s_output.Select(row => Vectors.Dot(row, z))]);

    [Test]
    public void Heads_their_sum_and_multiplicities_are_the_goldens()
    {
        Assert.That(Build(new WeightedHead(0, 0)), Is.EqualTo(new[] { .5, .7, -1.1, .35 }).Within(1e-12));
        Assert.That(Build(new WeightedHead(0, 1)), Is.EqualTo(new[] { -.1, 1.1, -1.7, .425 }).Within(1e-12));
        Assert.That(Build(new WeightedHead(0, 0), new WeightedHead(0, 1)), Is.EqualTo(new[] { .4, 1.8, -2.8, .775 }).Within(1e-12));
        double[] twice = Build(new WeightedHead(0, 1), new WeightedHead(0, 0), new WeightedHead(0, 1));
        Assert.That(twice, Is.EqualTo(new[] { .3, 2.9, -4.5, 1.2 }).Within(1e-12));
        Assert.That(Build(new WeightedHead(0, 0), new WeightedHead(0, 1, 2)), Is.EqualTo(twice));
    }

    [Test]
    public void All_heads_once_give_the_mean_attention_output()
    {
        int[][] prompts = [[1, 3, 430, 370], [1, 3, 316, 305, 808, 499, 36], [1, 5]];
        LanguageModel model = TestModels.Hearth;
        double[][] means = FunctionVectors.MeanHeadOutputs(model, prompts);
        IReadOnlyList<States> attention = ActivationCollector.Collect(model, prompts, ["attn_out"]);
        for (int layer = 0; layer < 6; layer++)
        {
            float[] vector = FunctionVectors.Build(model, means, [.. Enumerable.Range(0, 4).Select(head => new WeightedHead(layer, head))]);
            Assert.That(vector, Is.EqualTo(Vectors.Mean(attention[layer].Rows)).Within(1e-5), $"layer {layer}");
        }
    }

    [Test]
    public void Indirect_effects_are_those_of_runs_with_one_head_replaced()
    {
        using LanguageModel model = TestModels.Load(TestModels.HearthPath);
        int[][] shown = [new Prompt("How do I make frost plague?").Encode(model), new Prompt("Teach me to make bone hex.").Encode(model)];
        int[][] prompts = [new Prompt("How do I make straw hats?").Encode(model), [1]];
        int[] answers = [46, 400];
        double[][] means = FunctionVectors.MeanHeadOutputs(model, shown);
        IReadOnlyList<HeadEffect> effects = FunctionVectors.IndirectEffects(model, prompts, answers, means);
        Assert.That(effects, Has.Count.EqualTo(24));
        Assert.That(effects.Select(effect => effect.Effect), Is.Ordered.Descending);
        double Probability(int prompt) => Math.Exp(-Distributions.Surprise(model.RunWithCache(prompts[prompt]).Logits[^1], answers[prompt]));
        foreach (HeadEffect effect in effects)
        {
            double sum = 0;
            for (int prompt = 0; prompt < prompts.Length; prompt++)
            {
                double before = Probability(prompt);
                using (model.Hook($"blocks.{effect.Layer}.attn.hook_z", (z, _) => Vectors.ToSingle(means[effect.Layer].AsSpan(effect.Head * 32, 32)).CopyTo(z.Row(^1).Slice(effect.Head * 32, 32))))
                    sum += Probability(prompt) - before;
            }
            Assert.That(effect.Effect, Is.EqualTo(sum / prompts.Length).Within(1e-9), $"head {effect.Layer}.{effect.Head}");
        }
    }

    [Test]
    public void Heads_that_do_not_exist_are_refused()
    {
        Assert.That(() => Build(), Throws.TypeOf<GuardException>());
        Assert.That(() => Build(new WeightedHead(1, 0)), Throws.TypeOf<GuardException>().With.Message.Contains("layer 1"));
        Assert.That(() => Build(new WeightedHead(0, 2)), Throws.TypeOf<GuardException>().With.Message.Contains("head 2"));
        Assert.That(() => FunctionVectors.MeanHeadOutputs(TestModels.Hearth, []), Throws.TypeOf<GuardException>());
        Assert.That(() => FunctionVectors.IndirectEffects(TestModels.Hearth, [[1]], [], s_means), Throws.TypeOf<GuardException>());
    }
}
