using System.Globalization;
using System.Numerics.Tensors;

namespace Managed.Cli.Demo;

/// <summary>The logit lens (nostalgebraist 2020): what the model would say if its blocks ended earlier.</summary>
internal sealed class LensAct : IDemoAct
{
    public string Name => "lens";

    public string Title => "When it makes up its mind";

    public void Play(DemoStage stage)
    {
        const string Begun = "To make honey bread: First wash the";
        LanguageModel model = stage.Model;
        int[] ids = [.. stage.Prompt("How do I make honey bread?"), .. model.Encode(Begun, addSpecialTokens: false)];
        ActivationCache cache = model.RunWithCache(ids, "resid_post").Cache;
        stage.Say($"  \"{Begun} ...\": the residual stream after each block, read by the final norm and the unembedding at once.");
        for (int layer = 0; layer < model.LayerCount; layer++)
            stage.Say($"    blocks.{layer}.hook_resid_post  {string.Join("  ", Best(stage, ids, cache["resid_post", layer]))}");
    }

    // The three most probable next tokens if the pass went from here straight to the logits.
    private static IEnumerable<string> Best(DemoStage stage, int[] ids, Activation stream)
    {
        var skipRest = new RunOptions { StartAtLayer = stage.Model.LayerCount, StartStream = stream.Values.ToArray() };
        float[] logits = stage.Model.Run(ids, skipRest).Output[^1].ToArray(), probabilities = new float[logits.Length];
        TensorPrimitives.SoftMax(logits, probabilities);
        return Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).Take(3)
            .Select(id => $"{stage.TokenText(id).Trim(),-7} {probabilities[id].ToString("0.00", CultureInfo.InvariantCulture)}");
    }
}
