using System.Globalization;
using System.Numerics.Tensors;
using System.Text.Json;
using ScratchFolder = Managed.Tests.Loader.Scratch;

namespace Managed.Tests.RealModels;

/// <summary>A trained GPT-2 of 85 thousand parameters whose every intermediate was published.</summary>
public sealed class NanoSortTests
{
    private const double Tolerance = 5e-6; // of max(1, the largest golden); numpy was within 1.9e-6

    private ScratchFolder? scratch;
    private LanguageModel model = null!;
    private JsonElement goldens;
    private int[][] batch = []; // [rows, tokens]

    [OneTimeSetUp]
    public void BuildTheCheckpoint()
    {
        JsonElement weights = Read("gpt-nano-sort-model.json");
        goldens = Read("gpt-nano-sort-t0-partials.json");
        scratch = new ScratchFolder();
        NanoSortCheckpoint.Write(scratch.Folder, weights);
        model = LanguageModel.Load(scratch.Folder);
        float[] ids = Golden("idx");
        int tokens = NanoSortCheckpoint.Shape(goldens.GetProperty("idx"))[1];
        batch = [.. ids.Select(id => (int)id).Chunk(tokens)];
    }

    [OneTimeTearDown]
    public void Close()
    {
        model?.Dispose();
        scratch?.Dispose();
    }

    private static JsonElement Read(string name) =>
        JsonDocument.Parse(File.ReadAllText(SharedFolder.Require("models/nano-sort/" + name))).RootElement;

    private float[] Golden(string name) => NanoSortCheckpoint.Values(goldens.GetProperty(name));

    // The published name, and ours; all but the last five are of the first block.
    [TestCase("tok_emb", "hook_embed")]
    [TestCase("x", "blocks.0.hook_resid_pre")]
    [TestCase("ln1", "blocks.0.attn.hook_in")]
    [TestCase("att", "blocks.0.attn.hook_attn_scores")]
    [TestCase("attSm", "blocks.0.attn.hook_pattern")]
    [TestCase("y", "blocks.0.attn.hook_z")]
    [TestCase("yProj", "blocks.0.hook_attn_out")]
    [TestCase("attnResid", "blocks.0.hook_resid_mid")]
    [TestCase("ln2", "blocks.0.mlp.hook_in")]
    [TestCase("fc", "blocks.0.mlp.hook_pre")]
    [TestCase("gelu", "blocks.0.mlp.hook_post")]
    [TestCase("mlp", "blocks.0.hook_mlp_out")]
    [TestCase("mlpResid", "blocks.0.hook_resid_post")]
    [TestCase("block0", "blocks.0.hook_resid_post")]
    [TestCase("block1", "blocks.1.hook_resid_post")]
    [TestCase("block2", "blocks.2.hook_resid_post")]
    [TestCase("ln_f", "unembed.hook_in")]
    [TestCase("lm_head", "logits")]
    public void An_intermediate_is_the_published_one(string published, string hook)
    {
        float[] golden = Golden(published);
        float[] values = [.. batch.SelectMany(ids => model.RunWithCache(ids, hook).Cache[hook].Values.ToArray())];
        Check(published, values, golden);
    }

    [Test]
    public void Positions_are_embedded_as_published() =>
        Check("pos_emb", model.RunWithCache(batch[0], "hook_pos_embed").Cache["hook_pos_embed"].Values, Golden("pos_emb"));

    // Published as [rows, heads, tokens, width]; a hook shows [tokens, heads, width].
    [TestCase("q")]
    [TestCase("k")]
    [TestCase("v")]
    public void Queries_keys_and_values_are_the_published_ones(string published)
    {
        float[] golden = Golden(published);
        int[] shape = NanoSortCheckpoint.Shape(goldens.GetProperty(published));
        (int heads, int tokens, int width) = (shape[1], shape[2], shape[3]);
        var values = new float[golden.Length];
        for (int row = 0; row < batch.Length; row++)
        {
            Activation read = model.RunWithCache(batch[row], $"blocks.0.attn.hook_{published}").Cache[$"blocks.0.attn.hook_{published}"];
            for (int token = 0; token < tokens; token++)
                for (int head = 0; head < heads; head++)
                    read[token].Slice(head * width, width).CopyTo(values.AsSpan(((((row * heads) + head) * tokens) + token) * width));
        }
        Check(published, values, golden);
    }

    [Test]
    public void Probabilities_are_the_published_ones()
    {
        var values = new List<float>();
        foreach (int[] ids in batch)
            for (int token = 0; token < ids.Length; token++)
            {
                var probabilities = new float[model.VocabularySize];
                TensorPrimitives.SoftMax(model.Run(ids).Output[token], probabilities);
                values.AddRange(probabilities);
            }
        Check("probs", [.. values], Golden("probs"));
    }

    [Test]
    public void It_sorts_digits()
    {
        var random = new Random(5);
        for (int i = 0; i < 20; i++)
        {
            int[] digits = [.. Enumerable.Range(0, 6).Select(_ => random.Next(3))];
            int[] sorted = model.Generate(digits, new GenerationOptions { MaxTokens = 6 }).Ids;
            Assert.That(sorted, Is.EqualTo(digits.Order()), string.Join(" ", digits));
        }
    }

    private static void Check(string name, ReadOnlySpan<float> values, float[] golden)
    {
        double largest = Math.Max(1, golden.Where(float.IsFinite).Max(Math.Abs)), error = Errors.Largest(values, golden) / largest;
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: relative error {error:0.0e+00}"));
        Assert.That(error, Is.LessThanOrEqualTo(Tolerance));
    }
}
