using Managed.Loader;

namespace Managed.Verification;

/// <summary>Compares a model's run with golden tensors: every hook point, the logits, the greedy continuation.</summary>
internal static class Verifier
{
    /// <summary>Runs the model on the file's texts and compares.</summary>
    /// <param name="model">The model.</param>
    /// <param name="expected">
    /// A safetensors file with input_ids and goldens named as hook points, "logits", "greedy_ids"; or of several texts, each with names of
    /// its own in front (p0.input_ids, p0.logits, p1.input_ids).
    /// </param>
    /// <param name="tolerance">Bound of |value − golden| / max(1, max |golden|).</param>
    /// <exception cref="CheckpointException">The file is damaged, or holds nothing that can be compared.</exception>
    public static VerificationReport Verify(LanguageModel model, string expected, double tolerance)
    {
        using SafetensorsFile goldens = SafetensorsFile.Open(expected);
        string[] prefixes = [.. goldens.Tensors.Keys
            .Where(name => name == GoldenText.Inputs || name.EndsWith("." + GoldenText.Inputs, StringComparison.Ordinal))
            .Select(name => name[..^GoldenText.Inputs.Length]).Order(StringComparer.Ordinal)];
        if (prefixes.Length == 0)
            throw new CheckpointException(goldens.Path, $"tensor {GoldenText.Inputs}", null, "no such tensor", "the token ids that the goldens belong to, as input_ids or NAME.input_ids");
        ILookup<string?, string> owned = goldens.Tensors.Keys.ToLookup(name => prefixes.Where(name.StartsWith).MaxBy(prefix => prefix.Length));
        var comparisons = new List<Comparison>();
        List<string> ignored = [.. owned[null]];
        string precision = "";
        foreach (string prefix in prefixes)
            if (new GoldenText(goldens, prefix, [.. owned[prefix].Select(name => name[prefix.Length..])]).Compare(model, tolerance) is { } run)
            {
                comparisons.AddRange(run.Comparisons);
                ignored.AddRange(run.Ignored);
                precision = run.Precision;
            }
            else
                ignored.AddRange(owned[prefix]);
        return comparisons.Count > 0 ? new VerificationReport(comparisons, ignored, tolerance, precision)
            : throw new CheckpointException(expected, "tensors", null, $"none that names a hook point among {goldens.Tensors.Count}",
                "goldens named as hook points (blocks.0.hook_resid_post, logits) or greedy_ids");
    }
}
