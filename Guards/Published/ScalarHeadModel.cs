using System.Numerics.Tensors;
using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed.Guards.Published;

/// <summary>
/// A reward or cost model of the Safe-RLHF kind: a language model whose head is a single row, s = w·u + b at the text's last token.
/// It keeps the texts it has scored, so that texts that go on from them cost their new tokens alone.
/// </summary>
public sealed class ScalarHeadModel : IDisposable
{
    private readonly LanguageModel model;
    private readonly float[] weight; // [width]
    private readonly float bias;
    private readonly HookTable hooks;
    private readonly List<float[]> states = [];
    private List<Sequence> known = [];

    /// <param name="model">The backbone; it stays the caller's.</param>
    /// <param name="weight">w, [width].</param>
    /// <param name="bias">b.</param>
    /// <exception cref="GuardException">The weight has another width, or numbers that are not finite.</exception>
    public ScalarHeadModel(LanguageModel model, float[] weight, float bias = 0)
    {
        if (weight.Length != model.Width || !Array.TrueForAll(weight, float.IsFinite) || !float.IsFinite(bias))
            throw new GuardException($"scalar head: found {weight.Length} weights; expected {model.Width} finite ones, the width of {model.Path}, and a finite bias.");
        (this.model, this.weight, this.bias) = (model, weight, bias);
        hooks = new HookTable(model.LayerCount);
        hooks.AddAll(model.Hooks);
        hooks.Add(new HookAddress(HookPoint.UnembedIn, -1), (values, at) => values.Row(^1).CopyTo(states[at.Sequence]));
    }

    /// <summary>Tokens that went through the model so far.</summary>
    public long ComputedTokens { get; private set; }

    /// <summary>Reads a head from a safetensors file: "score_head.weight", "score.weight" or "weight" [1, width], and its bias where there is one.</summary>
    /// <param name="model">The backbone.</param>
    /// <param name="path">The file; a checkpoint's own may serve.</param>
    /// <exception cref="GuardException">The file is damaged, or holds no such head.</exception>
    public static ScalarHeadModel Load(LanguageModel model, string path)
    {
        using var file = new LearnedTensors(path);
        string name = file.First("score_head.weight", "score.weight", "weight") ?? throw file.Bad("tensors", "no scalar head", "score_head.weight, score.weight or weight");
        GuardTensor weight = file.Read(name, 2);
        if (weight.Shape[0] != 1)
            throw file.Bad($"tensor {name}", $"shape [{string.Join(", ", weight.Shape)}]", $"[1, {model.Width}]");
        string bias = name[..^"weight".Length] + "bias";
        return new ScalarHeadModel(model, weight.Values, file.Has(bias) ? file.Read(bias, 1).Values[0] : 0);
    }

    /// <summary>The scores of some texts at their last tokens, all in one step.</summary>
    /// <param name="texts">Token ids; none of them empty.</param>
    public double[] Score(IReadOnlyList<int[]> texts)
    {
        var sequences = new List<Sequence>(texts.Count);
        try
        {
            foreach (int[] text in texts)
                sequences.Add(Begin(text));
            states.Clear();
            states.AddRange(texts.Select(_ => new float[weight.Length]));
            Compute(texts, sequences);
        }
        catch
        {
            sequences.ForEach(sequence => sequence.Dispose());
            throw;
        }
        Dispose();
        known = sequences;
        return [.. states.Select(state => (double)TensorPrimitives.Dot<float>(weight, state) + bias)];
    }

    /// <summary>Frees the texts that are kept; the model stays.</summary>
    public void Dispose()
    {
        known.ForEach(sequence => sequence.Dispose());
        known = [];
    }

    // A fork of the known text that shares most with this one; its last token is computed in any case.
    private Sequence Begin(int[] text)
    {
        Sequence? nearest = known.MaxBy(sequence => sequence.Tokens.CommonPrefixLength(text));
        if (nearest is null)
            return model.Transformer.Cache.Create();
        Sequence fork = nearest.Fork();
        fork.Truncate(Math.Min(fork.Tokens.CommonPrefixLength(text), text.Length - 1));
        return fork;
    }

    private void Compute(IReadOnlyList<int[]> texts, List<Sequence> sequences)
    {
        Precision before = model.Transformer.Precision;
        model.Transformer.Precision = Precision.Exact;
        try
        {
            StepInput[] inputs = [.. texts.Select((text, i) => new StepInput(sequences[i], text.AsMemory(sequences[i].Length)))];
            ComputedTokens += inputs.Sum(input => (long)input.Tokens.Length);
            model.Transformer.Forward(inputs, LogitsWanted.None, hooks);
        }
        finally
        {
            model.Transformer.Precision = before;
        }
    }
}
