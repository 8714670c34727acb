using System.Numerics.Tensors;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Guards.Evaluation;

/// <summary>A logistic probe on a prompt's last token: σ(w · state + b), the probability that the request is harmful.</summary>
/// <param name="model">The model.</param>
/// <param name="hookPoint">The state that the probe reads, [tokens, width].</param>
/// <param name="weight">w.</param>
/// <param name="bias">b.</param>
public sealed class ProbeGate(LanguageModel model, string hookPoint, float[] weight, float bias)
{
    /// <summary>The state that the probe reads.</summary>
    public string HookPoint { get; } = hookPoint;

    /// <summary>
    /// Reads `probe.{layer}.weight` and `probe.{layer}.bias` from a safetensors file: a probe on the output of a block; the layer
    /// behind the last block is the final norm's output.
    /// </summary>
    /// <exception cref="CheckpointException">The tensors are not there, or do not fit the model.</exception>
    public static ProbeGate Read(LanguageModel model, string file, int layer)
    {
        if (layer < 0 || layer > model.LayerCount)
            throw new CheckpointException(file, $"probe.{layer}", null, $"layer {layer}", $"a layer from 0 to {model.LayerCount}, the final norm's output");
        using SafetensorsFile tensors = SafetensorsFile.Open(file);
        float[] weight = Values("weight", model.Width);
        return new ProbeGate(model, layer == model.LayerCount ? "unembed.hook_in" : $"blocks.{layer}.hook_resid_post", weight, Values("bias", 1)[0]);

        float[] Values(string part, int count)
        {
            string name = $"probe.{layer}.{part}";
            if (!tensors.Tensors.TryGetValue(name, out StoredTensor? tensor))
                throw new CheckpointException(file, name, null, "no such tensor", $"one of {string.Join(", ", tensors.Tensors.Keys.Where(key => key.StartsWith("probe", StringComparison.Ordinal)).Take(8))}");
            float[] values = StoredValues.ToSingle(tensor);
            int bad = Array.FindIndex(values, value => !float.IsFinite(value));
            return values.Length == count && bad < 0 ? values
                : throw new CheckpointException(file, name, null, bad < 0 ? $"{values.Length} numbers" : $"{values[bad]} at element {bad}", $"{count} finite numbers");
        }
    }

    /// <summary>The probe's score of a prompt, put through the chat template.</summary>
    public double Score(string prompt)
    {
        int[] ids = model.EncodeChat([new ChatMessage("user", prompt)]);
        ActivationCache cache = model.Run(ids, new RunOptions { Names = [HookPoint], Positions = PositionFilter.Last }).Cache;
        double logit = TensorPrimitives.Dot(cache[HookPoint].Values, weight) + bias;
        return 1 / (1 + Math.Exp(-logit));
    }
}
