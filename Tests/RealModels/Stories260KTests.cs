using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text.Json;
using Managed.Kernels;

namespace Managed.Tests.RealModels;

/// <summary>
/// stories260K in every GGUF type: a forward pass in float64 by numpy for the float32 file, the plain device on the dequantised
/// weights for the others, and llama.cpp's logits beside them.
/// </summary>
public sealed class Stories260KTests
{
    private const double LogitTolerance = 2e-3;

    private static readonly string[] s_types = ["f32", "F16", "BF16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0"];
    private static readonly string[] s_quantised = ["Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0"];

    private static string File(string type) => SharedFolder.Require($"models/stories260K/stories260K-{type}.gguf");

    private static JsonElement Reference => JsonDocument.Parse(System.IO.File.ReadAllText(SharedFolder.Require("models/stories260K/reference_numpy.json"))).RootElement;

    private static int[] Ids(string key) => [.. Reference.GetProperty(key).EnumerateArray().Select(id => id.GetInt32())];

    private static float[] Numbers(string key) => [.. Reference.GetProperty(key).EnumerateArray().Select(number => (float)number.GetDouble())];

    private static float[] LlamaCpp(string type) =>
        MemoryMarshal.Cast<byte, float>(System.IO.File.ReadAllBytes(SharedFolder.Require($"models/stories260K/llamacpp-logits-{type}.f32le"))).ToArray();

    private static float[] LastLogits(LanguageModel model, int[] ids, Precision precision) =>
        model.Run(ids, new RunOptions { Precision = precision }).Output[^1].ToArray();

    [Test]
    public void The_float32_file_gives_numpy_s_logits_and_llama_cpp_s()
    {
        using LanguageModel model = LanguageModel.Load(File("f32"));
        float[] logits = LastLogits(model, Ids("prompt_ids"), Precision.Exact);
        double numpy = Errors.Largest(logits, Numbers("prompt_last_logits")), first = Errors.Largest(LastLogits(model, [1], Precision.Exact), Numbers("bos_only_first_logits"));
        double llamaCpp = Errors.Largest(logits, LlamaCpp("f32"));
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"largest error: from numpy {numpy:0.0e+00} (first token {first:0.0e+00}), from llama.cpp {llamaCpp:0.0e+00}"));
        Assert.That(numpy, Is.LessThanOrEqualTo(2e-5));
        Assert.That(first, Is.LessThanOrEqualTo(2e-5));
        Assert.That(llamaCpp, Is.LessThanOrEqualTo(2e-5));
    }

    [Test]
    public void The_float32_file_tells_numpy_s_story()
    {
        using LanguageModel model = LanguageModel.Load(File("f32"));
        int[] golden = Ids("greedy_ids_from_bos"); // the first token included
        Assert.That(model.Encode("Once upon a time"), Is.EqualTo(Ids("prompt_ids")));
        int[] ids = model.Generate(golden.AsSpan(0, 1), new GenerationOptions { MaxTokens = golden.Length - 1, IgnoreEndTokens = true, Precision = Precision.Exact }).Ids;
        Assert.That(ids, Is.EqualTo(golden[1..]));
    }

    [Test]
    public void The_plain_device_gives_numpy_s_logits()
    {
        using var plain = new PlainModel(File("f32"));
        float[] golden = Numbers("prompt_last_logits");
        Assert.That(Errors.Largest(plain.Logits(Ids("prompt_ids")).AsSpan(^golden.Length..), golden), Is.LessThanOrEqualTo(1e-5));
    }

    [TestCaseSource(nameof(s_types))]
    public void Every_type_gives_the_logits_and_the_greedy_text_of_its_dequantised_weights(string type)
    {
        using LanguageModel model = LanguageModel.Load(File(type));
        int[] ids = [1, .. model.Generate([1], new GenerationOptions { MaxTokens = 120, IgnoreEndTokens = true, Precision = Precision.Exact }).Ids];
        Activation logits = model.Run(ids, new RunOptions { Precision = Precision.Exact }).Output;
        using var plain = new PlainModel(File(type));
        float[] golden = plain.Logits(ids);
        double error = Errors.Largest(logits.Values, golden);
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{type}: largest error of a logit {error:0.0e+00}"));
        Assert.That(error, Is.LessThanOrEqualTo(LogitTolerance));

        int[] chosen = new int[ids.Length - 1];
        float[] margins = new float[chosen.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            Span<float> row = golden.AsSpan(i * model.VocabularySize, model.VocabularySize);
            chosen[i] = TensorPrimitives.IndexOfMax<float>(row);
            margins[i] = row[chosen[i]];
            row[chosen[i]] = float.NegativeInfinity;
            margins[i] -= TensorPrimitives.Max<float>(row);
        }
        Errors.CheckGreedy(ids.AsSpan(1), chosen, margins, leastMargin: 1e-2);
    }

    // llama.cpp rounds activations to 8 bits for these types; how far that leads away is the yardstick for ours. One
    // position is one draw of the rounding noise, so the five types are taken together.
    [Test]
    public void Fast_precision_strays_about_as_far_as_llama_cpp()
    {
        int[] ids = Ids("prompt_ids");
        double ours = 0, theirs = 0;
        foreach (string type in s_quantised)
        {
            using LanguageModel model = LanguageModel.Load(File(type));
            float[] exact = LastLogits(model, ids, Precision.Exact), fast = LastLogits(model, ids, Precision.Fast), other = LlamaCpp(type);
            (double distance, double otherDistance) = (Errors.RelativeNorm(fast, exact), Errors.RelativeNorm(other, exact));
            TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{type}: relative distance of logits from exact {distance:0.0e+00}, of llama.cpp's {otherDistance:0.0e+00}; KL {Distributions.Divergence(exact, fast):0.0e+00}, {Distributions.Divergence(exact, other):0.0e+00}"));
            Assert.That(distance, Is.GreaterThan(0), type);
            ours += distance;
            theirs += otherDistance;
        }
        Assert.That(ours, Is.LessThanOrEqualTo(1.5 * theirs));
    }
}
