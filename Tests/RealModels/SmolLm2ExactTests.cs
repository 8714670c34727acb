using System.Globalization;
using System.Numerics.Tensors;
using Managed.Kernels;

namespace Managed.Tests.RealModels;

/// <summary>Exact precision on a real model: what transformers computes in float32 from the dequantised weights.</summary>
public sealed class SmolLm2ExactTests
{
    private const double LogitTolerance = 2e-3;
    private const double StreamTolerance = 2e-5;

    private static readonly string[] s_prompts = SmolLm2.Prompts;

    private static RunResult Run(string prompt) => SmolLm2.Model.Run(SmolLm2.Integers(prompt + ".input_ids"), new RunOptions
    {
        Names = ["hook_embed", "resid_post", "final_norm"],
        Precision = Precision.Exact,
    });

    [TestCaseSource(nameof(s_prompts))]
    public void Logits_and_streams_are_the_goldens(string prompt)
    {
        RunResult run = Run(prompt);
        double logits = CheckLogits(prompt, run.Output);
        Assert.That(run.Cache["hook_embed"][^1].SequenceEqual(SmolLm2.Singles(prompt + ".embed")), "the embedding is dequantised bit for bit");

        float[] golden = SmolLm2.Singles(prompt + ".resid_post"); // [layers, width], the last position
        int layers = SmolLm2.Model.LayerCount, width = SmolLm2.Model.Width;
        double streams = 0;
        for (int layer = 0; layer < layers; layer++)
            streams = Math.Max(streams, CheckStream($"resid_post of block {layer}", run.Cache["resid_post", layer][^1], golden.AsSpan(layer * width, width)));
        double norm = CheckStream("final_norm", run.Cache["final_norm"][^1], SmolLm2.Singles(prompt + ".final_norm"));
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{prompt}: largest error of a logit {logits:0.0e+00}; relative error of the residual stream {streams:0.0e+00}, of the final norm {norm:0.0e+00}"));
    }

    [Test]
    public void Every_position_s_stream_is_the_golden_in_every_block()
    {
        RunResult run = Run("p0");
        float[] golden = SmolLm2.Singles("p0.resid_post_all"); // [layers, tokens, width]
        int tokens = run.Output.Shape[0], width = SmolLm2.Model.Width;
        for (int layer = 0; layer < SmolLm2.Model.LayerCount; layer++)
            for (int token = 0; token < tokens; token++)
                CheckStream($"block {layer}, position {token}", run.Cache["resid_post", layer][token], golden.AsSpan(((layer * tokens) + token) * width, width));
    }

    [TestCaseSource(nameof(s_prompts))]
    public void Greedy_text_is_the_golden_as_long_as_its_margins_are_not_a_matter_of_rounding(string prompt)
    {
        int[] golden = SmolLm2.Integers(prompt + ".greedy_ids");
        GenerationResult result = SmolLm2.Model.Generate(SmolLm2.Integers(prompt + ".input_ids"),
            new GenerationOptions { MaxTokens = golden.Length, IgnoreEndTokens = true, Precision = Precision.Exact });
        Errors.CheckGreedy(result.Ids, golden, SmolLm2.Singles(prompt + ".greedy_margin"), leastMargin: 1e-2);
    }

    // All logits of some positions; of every position the eight largest and the logarithm of the sum.
    private static double CheckLogits(string prompt, Activation logits)
    {
        int[] positions = SmolLm2.Integers(prompt + ".logits_positions"), best = SmolLm2.Integers(prompt + ".top8_ids");
        float[] golden = SmolLm2.Singles(prompt + ".logits"), bestLogits = SmolLm2.Singles(prompt + ".top8_logits"), sums = SmolLm2.Singles(prompt + ".logsumexp");
        int vocabulary = SmolLm2.Model.VocabularySize;
        double worst = 0;
        for (int i = 0; i < positions.Length; i++)
            worst = Math.Max(worst, Errors.Largest(logits[positions[i]], golden.AsSpan(i * vocabulary, vocabulary)));
        for (int position = 0; position < logits.Shape[0]; position++)
        {
            ReadOnlySpan<float> row = logits[position];
            for (int i = position * 8; i < (position + 1) * 8; i++)
                worst = Math.Max(worst, Math.Abs(row[best[i]] - bestLogits[i]));
            worst = Math.Max(worst, Math.Abs(Distributions.LogSumExp(row) - sums[position]));
            if (bestLogits[position * 8] - bestLogits[(position * 8) + 1] > 1e-2)
                Assert.That(TensorPrimitives.IndexOfMax(row), Is.EqualTo(best[position * 8]), $"the best token at position {position}");
        }
        Assert.That(worst, Is.LessThanOrEqualTo(LogitTolerance));
        return worst;
    }

    // A few dimensions are hundreds of times larger than the rest: the error counts beside the row without its largest number too.
    private static double CheckStream(string what, ReadOnlySpan<float> values, ReadOnlySpan<float> golden)
    {
        double error = Errors.RelativeNorm(values, golden);
        Assert.That(error, Is.LessThanOrEqualTo(StreamTolerance), what);
        float[] rest = golden.ToArray(), mine = values.ToArray();
        int largest = TensorPrimitives.IndexOfMaxMagnitude<float>(rest);
        rest[largest] = mine[largest] = 0;
        double errorOfRest = Errors.RelativeNorm(mine, rest);
        Assert.That(errorOfRest, Is.LessThanOrEqualTo(10 * StreamTolerance), $"{what}, without dimension {largest}");
        return Math.Max(error, errorOfRest);
    }
}
