using System.Globalization;
using System.Numerics.Tensors;
using Managed.Kernels;

namespace Managed.Tests.RealModels;

/// <summary>Fast precision on a real model: what activations of 8 bits cost, on the text whose perplexity the goldens give.</summary>
public sealed class SmolLm2FastTests
{
    private const int PrefixLength = 256;

    private static int[] Ids(int? count = null)
    {
        int[] ids = SmolLm2.Integers("nll.input_ids");
        return count is { } first ? ids[..first] : ids;
    }

    [Test]
    public void The_tokenizer_gives_the_goldens_ids_of_the_text() =>
        Assert.That(SmolLm2.Model.Encode(SmolLm2.Perplexity.GetProperty("text").GetString()!), Is.EqualTo(Ids()));

    [Test]
    public void Eight_bit_activations_keep_the_best_token_and_the_distribution_on_the_text_s_beginning() => Compare(Ids(PrefixLength));

    [Test]
    [Category("Long")]
    public void Eight_bit_activations_keep_the_best_token_the_distribution_and_the_perplexity_on_the_whole_text()
    {
        (double exact, double fast) = Compare(Ids());
        double golden = SmolLm2.Perplexity.GetProperty("perplexity").GetDouble();
        Assert.That(exact, Is.EqualTo(golden).Within(golden * 1e-3), "perplexity in exact precision");
        Assert.That(fast, Is.EqualTo(golden).Within(golden * 2e-2), "perplexity in fast precision");
    }

    private static (double ExactPerplexity, double FastPerplexity) Compare(int[] ids)
    {
        Activation exact = Logits(ids, Precision.Exact), fast = Logits(ids, Precision.Fast);
        float[] golden = SmolLm2.Singles("nll.per_token");
        double divergence = 0, exactLoss = 0, fastLoss = 0, worstLoss = 0;
        int agree = 0;
        for (int position = 0; position < ids.Length; position++)
        {
            divergence += Distributions.Divergence(exact[position], fast[position]);
            if (TensorPrimitives.IndexOfMax(exact[position]) == TensorPrimitives.IndexOfMax(fast[position]))
                agree++;
            if (position + 1 == ids.Length)
                break;
            double loss = Distributions.Surprise(exact[position], ids[position + 1]);
            worstLoss = Math.Max(worstLoss, Math.Abs(loss - golden[position]));
            exactLoss += loss;
            fastLoss += Distributions.Surprise(fast[position], ids[position + 1]);
        }
        int predicted = ids.Length - 1;
        double agreement = (double)agree / ids.Length, exactPerplexity = Math.Exp(exactLoss / predicted), fastPerplexity = Math.Exp(fastLoss / predicted);
        divergence /= ids.Length;
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{ids.Length} tokens: perplexity exact {exactPerplexity:0.0000}, fast {fastPerplexity:0.0000}; best token equal {agreement:0.00%}; mean KL(exact‖fast) {divergence:0.00e+00}; largest error of an exact loss {worstLoss:0.0e+00}"));
        Assert.That(worstLoss, Is.LessThanOrEqualTo(2e-3), "loss of a token in exact precision");
        Assert.That(agreement, Is.GreaterThanOrEqualTo(0.95), "share of positions with the same best token");
        Assert.That(divergence, Is.LessThan(2e-2), "mean KL(exact‖fast)");
        Assert.That(divergence, Is.GreaterThan(0), "fast precision was really used");
        return (exactPerplexity, fastPerplexity);
    }

    private static Activation Logits(int[] ids, Precision precision)
    {
        RunResult run = SmolLm2.Model.Run(ids, new RunOptions { Precision = precision });
        Assert.That(run.Precision, Is.EqualTo(precision));
        return run.Output;
    }
}
