using Managed.Kernels;

namespace Managed.Tests.Models;

/// <summary>What a capture keeps while text is generated is what a run of the whole text shows.</summary>
public class ActivationCaptureTests
{
    private const string Prompt = "<|begin|><|user|>Where is the mill?<|end|><|assistant|>";
    private static readonly GenerationOptions s_options = new() { MaxTokens = 20, IgnoreEndTokens = true, Precision = Precision.Exact };
    private static readonly string[] s_names = ["resid_post", "attn.hook_z", "blocks.2.mlp.hook_post", "ln_final.hook_normalized"];

    private static void AreThoseOfARun(LanguageModel model, ActivationCapture capture, int[] ids, int sequence)
    {
        ActivationCache whole = model.RunWithCache(ids, s_names).Cache;
        Assert.That(capture.All.Select(activation => activation.Name), Is.EquivalentTo(whole.Names));
        foreach (CapturedActivation captured in capture.All)
        {
            Activation expected = whole[captured.Name];
            Assert.That(captured.RowShape.Sizes.ToArray(), Is.EqualTo(expected.Shape.Sizes[1..].ToArray()));
            var seen = new HashSet<int>();
            for (int row = 0; row < captured.Count; row++)
            {
                CapturedToken token = captured.Tokens[row];
                if (token.Sequence != sequence)
                    continue;
                Assert.That(token.Id, Is.EqualTo(ids[token.Position]));
                Assert.That(captured[row].SequenceEqual(expected[token.Position]), $"{captured.Name}, position {token.Position}");
                Assert.That(seen.Add(token.Position), $"position {token.Position} once");
            }
            bool isInBlock = captured.Name.StartsWith("blocks.", StringComparison.Ordinal); // behind them only what is needed is computed
            Assert.That(seen, Is.SupersetOf(Enumerable.Range(isInBlock ? 0 : ids.Length - 18, isInBlock ? ids.Length - 1 : 17)));
        }
    }

    [TestCase(1)]
    [TestCase(3)]
    public void Rows_captured_while_text_is_generated_are_those_of_a_run_of_the_whole_text(int threads)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath, new CpuDevice(threads, worthSharing: 0), new LoadOptions());
        int[] prompt = model.Encode(Prompt);
        int[] plain = model.Generate(prompt, s_options).Ids;
        using ActivationCapture capture = model.Capture(s_names);
        int[] ids = [.. prompt, .. model.Generate(prompt, s_options).Ids];
        capture.Stop();
        Assert.That(ids[prompt.Length..], Is.EqualTo(plain), "nothing changes");
        int rows = capture["resid_post", 0].Count;
        model.Generate(prompt, s_options);
        Assert.That(capture["resid_post", 0].Count, Is.EqualTo(rows), "it has ended");
        Assert.That(capture["resid_post", -1].ToArray()[^model.Width..], Is.EqualTo(capture["resid_post", -1][^1].ToArray()));
        AreThoseOfARun(model, capture, ids, capture["resid_post", 0].Tokens[0].Sequence);
        using (ActivationCapture second = model.Capture("resid_post2"))
            model.Generate(prompt, s_options);
        CapturedActivation stream = capture["resid_post", 0];
        capture.Dispose();
        Assert.That(stream.Count, Is.Zero, "its memory is another's");
    }

    [Test]
    public void Rows_of_a_batch_are_told_apart_and_a_hook_s_edits_are_seen()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath, new CpuDevice(2, worthSharing: 0), new LoadOptions());
        using IDisposable hook = model.Hook("blocks.1.hook_resid_post", (stream, _) =>
        {
            for (int row = 0; row < stream.Rows; row++)
                stream.Row(row)[0] += 1;
        });
        int[][] prompts = [model.Encode(Prompt), model.Encode("<|begin|><|user|>Who keeps the bees?<|end|><|assistant|>")];
        using ActivationCapture capture = model.Capture(s_names);
        IReadOnlyList<GenerationResult> results = model.GenerateBatch([.. prompts.Select(prompt => new GenerationRequest(prompt, s_options))]);
        capture.Stop();
        for (int row = 0; row < prompts.Length; row++)
            AreThoseOfARun(model, capture, [.. prompts[row], .. results[row].Ids], row);
    }

    [Test]
    public void What_cannot_be_captured_is_refused_with_a_reason()
    {
        LanguageModel model = TestModels.Hearth;
        Assert.That(() => model.Capture("pattern"), Throws.TypeOf<HookPointException>().With.Message.Contains("RunWithCache"));
        Assert.That(() => model.Capture("resid_posts"), Throws.TypeOf<HookPointException>());
        using ActivationCapture capture = model.Capture("resid_post");
        Assert.That(() => capture["resid_pre", 1], Throws.TypeOf<HookPointException>().With.Message.Contains("is not captured"));
        Assert.That(capture["resid_post", 1].Count, Is.Zero);
        model.Generate(Prompt, s_options with { MaxTokens = 1 });
        Assert.That(() => capture["resid_post", 1][100][0], Throws.TypeOf<ArgumentOutOfRangeException>());
    }
}
