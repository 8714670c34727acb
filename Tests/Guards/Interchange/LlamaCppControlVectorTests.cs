using Managed.Guards;
using Managed.Guards.Interchange;
using Managed.Kernels;
using Managed.Peers;
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
        SteeringVectors vectors = Directions(model.Width, layers);
        VectorFile.Write(scratch.File("ours-for-llama-cpp.gguf"), vectors, VectorFormat.Gguf);
        int[] prompt = model.Encode("Once upon a time");
        (int[] plain, _) = Ours(model, prompt, null);
        (int[] ours, float[] first) = Ours(model, prompt, vectors);
        using LlamaEngine llamaCpp = Require(Model);
        (float[] read, int width) = LlamaControlVector.Load(scratch.File("ours-for-llama-cpp.gguf"), Strength) ?? ([], 0);
        Assert.That(width, Is.EqualTo(model.Width), "the file is accepted");
        llamaCpp.Steer(read, width);
        (int[] theirs, float[] theirFirst) = Theirs(llamaCpp, prompt);
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
        using LlamaEngine llamaCpp = Require(Model);
        Assert.That(LlamaControlVector.Load(SharedFolder.Require("vectors/happy_diffmean.gguf"), 1), Is.Null, "direction.0");
    }

    /// <summary>A real model: logits agree with the directions as they do without, and the directions change them by much more.</summary>
    [Test]
    public void On_SmolLM2_logits_agree_as_closely_with_our_directions_as_without()
    {
        const int Tokens = 24;
        const float RealStrength = 10f;
        string file = SharedFolder.Require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
        using LlamaEngine theirs = Require(file);
        using var ours = new ManagedEngine(file, 1, Precision.Exact);
        using var scratch = new Loader.Scratch();
        VectorFile.Write(scratch.File("smollm2.gguf"), Directions(theirs.Width, [9, 14, 20]), VectorFormat.Gguf);
        (float[] vectors, int width) = LlamaControlVector.Load(scratch.File("smollm2.gguf"), RealStrength) ?? ([], 0);
        Assert.That(width, Is.EqualTo(theirs.Width), "the file is accepted");
        LogitComparison found = LogitComparison.Of(ours, theirs, Tokens, (vectors, width));
        TestContext.Out.WriteLine($"apart by {found.Plain.Relative:0.0000} of the logits' deviation, with the directions by {found.Steered!.Relative:0.0000}; they change {found.Change!.Relative:0.00}");
        Assert.That(found.Plain.Relative, Is.LessThan(0.1));
        Assert.That(found.Steered.Relative, Is.LessThan(2 * found.Plain.Relative));
        Assert.That(found.Change.Relative, Is.GreaterThan(5 * Math.Max(found.Plain.Relative, found.Steered.Relative)));
    }

    /// <summary>The measure is the root of the mean square over the logits' standard deviation; 8-bit activations cost llama.cpp a hundredth of it.</summary>
    [TestCase("f32", 1e-3)]
    [TestCase("F16", 2e-3)]
    [TestCase("BF16", 1e-2)]
    [TestCase("Q8_0", 3e-2)]
    [TestCase("Q5_1", 3e-2)]
    [TestCase("Q5_0", 3e-2)]
    [TestCase("Q4_1", 3e-2)]
    [TestCase("Q4_0", 3e-2)]
    public void Logits_of_both_engines_agree_on_every_type_of_weights(string type, double tolerance)
    {
        string file = SharedFolder.Require($"models/stories260K/stories260K-{type}.gguf");
        using LlamaEngine theirs = Require(file);
        using var ours = new ManagedEngine(file, 1, Precision.Exact);
        LogitComparison found = LogitComparison.Of(ours, theirs, 48, null);
        TestContext.Out.WriteLine($"{type}: apart by {found.Plain.Relative:0.0e+0} of the logits' deviation, at most by {found.Plain.Largest:0.0e+0}");
        Assert.That(found.Plain.Relative, Is.LessThan(tolerance));
    }

    private static LlamaEngine Require(string file)
    {
        if (LlamaCpp.Folder is null)
            Assert.Ignore($"skipped: {LlamaCpp.Variable} names no folder with llama.cpp's libraries; npm install @node-llama-cpp/linux-x64 brings them (bins/linux-x64).");
        return new LlamaEngine(file, 1); // its threads spin while they wait for each other
    }

    private static (int[] Ids, float[] First) Theirs(LlamaEngine engine, int[] prompt)
    {
        var ids = new List<int>(prompt);
        float[] first = engine.Logits(prompt), logits = first;
        for (int step = 0; step < Steps; step++)
        {
            ids.Add(System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(logits));
            logits = engine.Logits([.. ids]);
        }
        return ([.. ids.Skip(prompt.Length)], first);
    }

    private static SteeringVectors Directions(int width, int[] layers)
    {
        var random = new Random(11);
        var vectors = new SteeringVectors(width);
        foreach (int layer in layers)
            vectors[layer] = [.. Enumerable.Range(0, width).Select(_ => (random.NextSingle() - 0.5f) * 2)];
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
