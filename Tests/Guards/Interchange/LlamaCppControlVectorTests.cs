using Managed.Guards;
using Managed.Guards.Interchange;
using Managed.Kernels;
using Managed.Tests.RealModels;

namespace Managed.Tests.Interchange;

/// <summary>llama.cpp, run on stories260K, takes our control vectors and applies them where we do.</summary>
[NonParallelizable]
public sealed class LlamaCppControlVectorTests
{
    private const int Steps = 64;
    private const float Strength = 1.5f;
    private const double LogitTolerance = 5e-2; // llama.cpp keeps keys and values in 16 bits

    private static string Model => SharedFolder.Require("models/stories260K/stories260K-f32.gguf");

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(4)]
    [TestCase(1, 2, 3, 4)]
    public void It_adds_our_directions_at_the_outputs_of_the_same_blocks(params int[] layers)
    {
        using var scratch = new Loader.Scratch();
        using LanguageModel model = LanguageModel.Load(Model);
        SteeringVectors vectors = Directions(model, layers);
        VectorFile.Write(scratch.File("ours-for-llama-cpp.gguf"), vectors, VectorFormat.Gguf);
        int[] prompt = model.Encode("Once upon a time");
        (int[] plain, _) = Ours(model, prompt, null);
        (int[] ours, float[] first) = Ours(model, prompt, vectors);
        using var llamaCpp = LlamaCpp.Require(Model);
        Assert.That(llamaCpp.Apply(scratch.File("ours-for-llama-cpp.gguf"), Strength, model.LayerCount), "the file is accepted");
        (int[] theirs, float[] theirFirst) = llamaCpp.Generate(prompt, Steps);
        TestContext.Out.WriteLine($"layers {string.Join(", ", layers)}: largest difference of a first logit {Errors.Largest(first, theirFirst):0.0e+00}; "
            + $"ids {(ours.AsSpan().SequenceEqual(theirs) ? "the same" : $"part at {ours.AsSpan().CommonPrefixLength(theirs)}")} for {Steps}; unsteered they part at {ours.AsSpan().CommonPrefixLength(plain)}");
        Assert.That(ours, Is.Not.EqualTo(plain), "the directions change the text");
        Assert.That(Errors.Largest(first, theirFirst), Is.LessThanOrEqualTo(LogitTolerance));
        Assert.That(theirs, Is.EqualTo(ours));

        // One block further on or back, the first logits lie far outside the tolerance: the place is the same, not merely near.
        foreach (int shift in (int[])[-1, 1])
            if (layers.Length == 1 && layers[0] + shift < model.LayerCount)
            {
                var moved = new SteeringVectors(vectors.Width) { [layers[0] + shift] = vectors[layers[0]] };
                Assert.That(Errors.Largest(Ours(model, prompt, moved).First, theirFirst), Is.GreaterThan(4 * LogitTolerance), $"shifted by {shift}");
            }
    }

    [Test]
    public void It_refuses_what_we_say_it_refuses()
    {
        using var llamaCpp = LlamaCpp.Require(Model);
        Assert.That(llamaCpp.Apply(SharedFolder.Require("vectors/happy_diffmean.gguf"), 1, 5), Is.False, "direction.0");
    }

    private static SteeringVectors Directions(LanguageModel model, int[] layers)
    {
        var random = new Random(11);
        var vectors = new SteeringVectors(model.Width);
        foreach (int layer in layers)
            vectors[layer] = [.. Enumerable.Range(0, model.Width).Select(_ => (random.NextSingle() - 0.5f) * 2)];
        return vectors;
    }

    private static (int[] Ids, float[] First) Ours(LanguageModel model, int[] prompt, SteeringVectors? vectors)
    {
        var hooks = new List<IDisposable>();
        foreach (int layer in vectors?.Layers ?? [])
            hooks.Add(model.Hook($"blocks.{layer}.hook_resid_post", (stream, _) =>
            {
                for (int row = 0; row < stream.Rows; row++)
                    stream.Row(row).AddScaled(Strength, vectors![layer]);
            }));
        float[] first = model.Run(prompt, new RunOptions { Precision = Precision.Exact }).Output[^1].ToArray();
        int[] ids = model.Generate(prompt, new GenerationOptions { MaxTokens = Steps, IgnoreEndTokens = true, Precision = Precision.Exact }).Ids;
        hooks.ForEach(hook => hook.Dispose());
        return (ids, first);
    }
}
