using Managed.Hooks;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Verification;

/// <summary>What verification found.</summary>
/// <param name="Comparisons">Every compared tensor, in forward order; logits and greedy ids last.</param>
/// <param name="Ignored">Tensors of the golden file that name nothing of this model.</param>
/// <param name="Precision">The precision it was computed in.</param>
public sealed record VerificationReport(IReadOnlyList<Comparison> Comparisons, IReadOnlyList<string> Ignored, string Precision)
{
    /// <summary>Whether everything is within tolerance.</summary>
    public bool Passed => Comparisons.All(comparison => comparison.Passed);

    /// <summary>The first hook point in forward order that is not; null where all are.</summary>
    public string? FirstDivergence => Comparisons.FirstOrDefault(comparison => !comparison.Passed)?.Name;

    /// <summary>The worst of all compared tensors.</summary>
    public Comparison? Worst => Comparisons.MaxBy(comparison => comparison.Relative);
}

/// <summary>Compares a model's run with golden tensors: every hook point, the logits, the greedy continuation.</summary>
internal static class Verifier
{
    private static readonly string[] NotCompared = ["input_ids", "logits_f64", "greedy_margins"];

    /// <summary>Runs the model on the file's input_ids and compares.</summary>
    /// <param name="model">The model.</param>
    /// <param name="expected">A safetensors file with input_ids and goldens named as hook points, "logits", "greedy_ids".</param>
    /// <param name="tolerance">Bound of |value − golden| / max(1, max |golden|).</param>
    public static VerificationReport Verify(LanguageModel model, string expected, double tolerance)
    {
        using SafetensorsFile goldens = SafetensorsFile.Open(expected);
        if (!goldens.Tensors.TryGetValue("input_ids", out StoredTensor? inputs))
            throw new CheckpointException(expected, "tensor input_ids", null, "no such tensor", "the token ids that the goldens belong to");
        int[] ids = StoredValues.ToIntegers(inputs);
        var named = new Dictionary<HookAddress, StoredTensor>();
        var ignored = new List<string>();
        foreach ((string name, StoredTensor tensor) in goldens.Tensors)
            if (TryResolve(model, name) is { } address)
                named[address] = tensor;
            else if (name is not "greedy_ids" && !NotCompared.Contains(name))
                ignored.Add(name);

        RunResult run = model.Run(ids, new RunOptions { Names = [.. named.Keys.Select(address => address.ToString())] });
        var comparisons = new List<Comparison>();
        foreach (HookAddress address in model.HookNames.All().Where(named.ContainsKey))
            comparisons.Add(Compare(address.ToString(), run.Cache[address.ToString()], named[address], tolerance));
        if (goldens.Tensors.TryGetValue("greedy_ids", out StoredTensor? greedy))
            comparisons.Add(CompareGreedy(model, ids, StoredValues.ToIntegers(greedy)));
        return new VerificationReport(comparisons, ignored, run.Precision.ToString());
    }

    private static HookAddress? TryResolve(LanguageModel model, string name)
    {
        try
        {
            return name is "input_ids" or "greedy_ids" || NotCompared.Contains(name) ? null : model.HookNames.ResolveOne(name);
        }
        catch (HookPointException)
        {
            return null; // reported as ignored, by name
        }
    }

    private static Comparison Compare(string name, Activation activation, StoredTensor golden, double tolerance)
    {
        long[] shape = [.. activation.Shape.Sizes.ToArray().Select(size => (long)size)];
        if (!shape.AsSpan().SequenceEqual(golden.Shape))
            return new Comparison(name, double.PositiveInfinity, double.PositiveInfinity, false,
                $"shape {activation.Shape}, golden has [{string.Join(", ", golden.Shape)}]");
        return Comparison.Of(name, activation.Values, StoredValues.ToSingle(golden), tolerance);
    }

    private static Comparison CompareGreedy(LanguageModel model, int[] prompt, int[] golden)
    {
        int[] ids = model.GreedyContinuation(prompt, golden.Length);
        int differs = ids.AsSpan().CommonPrefixLength(golden);
        return differs == golden.Length
            ? new Comparison("greedy_ids", 0, 0, true, $"{golden.Length} ids equal")
            : new Comparison("greedy_ids", double.PositiveInfinity, double.PositiveInfinity, false,
                $"id {differs} of {golden.Length} is {ids[differs]}, golden has {golden[differs]}");
    }
}
