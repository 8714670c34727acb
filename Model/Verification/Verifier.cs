using Managed.Hooks;
using Managed.Kernels;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Verification;

/// <summary>Compares a model's run with golden tensors: every hook point, the logits, the greedy continuation.</summary>
internal static class Verifier
{
    private const string Inputs = "input_ids", Greedy = "greedy_ids", Margins = "greedy_margins";

    // What a golden file holds besides goldens: the inputs, and what says more about a golden.
    private static readonly string[] s_besides = [Inputs, Greedy, Margins, "logits_f64"];

    /// <summary>Runs the model on the file's input_ids and compares.</summary>
    /// <param name="model">The model.</param>
    /// <param name="expected">A safetensors file with input_ids and goldens named as hook points, "logits", "greedy_ids".</param>
    /// <param name="tolerance">Bound of |value − golden| / max(1, max |golden|).</param>
    /// <exception cref="CheckpointException">The file is damaged, or holds nothing that can be compared.</exception>
    public static VerificationReport Verify(LanguageModel model, string expected, double tolerance)
    {
        using SafetensorsFile goldens = SafetensorsFile.Open(expected);
        int[] ids = ReadIds(goldens);
        var named = new List<(HookAddress Address, StoredTensor Golden)>();
        var absent = new List<Comparison>();
        var ignored = new List<string>();
        foreach ((string name, StoredTensor tensor) in goldens.Tensors.Where(pair => !s_besides.Contains(pair.Key)))
            try
            {
                named.Add((model.HookNames.ResolveOne(name), tensor));
            }
            catch (HookPointException failure) when (IsOfHookPoint(name))
            {
                absent.Add(Comparison.Failed(name, failure.Message)); // goldens of another model must not pass
            }
            catch (HookPointException)
            {
                ignored.Add(name);
            }
        bool hasGreedy = goldens.Tensors.TryGetValue(Greedy, out StoredTensor? greedy);
        if (named.Count + absent.Count == 0 && !hasGreedy)
            throw new CheckpointException(expected, "tensors", null, $"none that names a hook point among {goldens.Tensors.Count}",
                "goldens named as hook points (blocks.0.hook_resid_post, logits) or greedy_ids");

        RunResult run = model.Run(ids, new RunOptions { Names = [.. named.Select(golden => golden.Address.ToString())] });
        ILookup<HookAddress, StoredTensor> byAddress = named.ToLookup(golden => golden.Address, golden => golden.Golden);
        var comparisons = new List<Comparison>();
        foreach (HookAddress address in model.HookNames.All())
            foreach (StoredTensor golden in byAddress[address])
                comparisons.Add(Compare(address.ToString(), run.Cache, golden, tolerance));
        comparisons.AddRange(absent);
        if (hasGreedy)
            comparisons.Add(CompareGreedy(model, ids, StoredValues.ToIntegers(greedy!), goldens, run.Precision));
        return new VerificationReport(comparisons, ignored, tolerance, run.Precision.ToString());
    }

    private static int[] ReadIds(SafetensorsFile goldens)
    {
        if (!goldens.Tensors.TryGetValue(Inputs, out StoredTensor? inputs))
            throw new CheckpointException(goldens.Path, $"tensor {Inputs}", null, "no such tensor", "the token ids that the goldens belong to");
        if (inputs.Shape.Length != 1)
            throw new CheckpointException(goldens.Path, $"tensor {Inputs}", null, $"shape [{string.Join(", ", inputs.Shape)}]", "one axis, the ids of one text");
        return StoredValues.ToIntegers(inputs);
    }

    // Tools call every hook point so; other tensors of a golden file may have any name.
    private static bool IsOfHookPoint(string name) =>
        name.StartsWith("blocks.", StringComparison.Ordinal) || name.Contains("hook_", StringComparison.Ordinal);

    private static Comparison Compare(string name, ActivationCache cache, StoredTensor golden, double tolerance)
    {
        if (!cache.TryGet(name, out Activation? activation))
            return Comparison.Failed(name, "the run never came there: no token was routed to this expert");
        long[] shape = [.. activation.Shape.Sizes.ToArray().Select(size => (long)size)];
        return shape.AsSpan().SequenceEqual(golden.Shape)
            ? Comparison.Of(name, activation.Values, StoredValues.ToSingle(golden), tolerance)
            : Comparison.Failed(name, $"shape {activation.Shape}, golden has [{string.Join(", ", golden.Shape)}]");
    }

    private static Comparison CompareGreedy(LanguageModel model, int[] prompt, int[] golden, SafetensorsFile goldens, Precision precision)
    {
        int[] ids = model.GreedyContinuation(prompt, golden.Length, precision);
        int same = ids.AsSpan().CommonPrefixLength(golden);
        if (same == golden.Length)
            return new Comparison(Greedy, 0, 0, true, $"{golden.Length} ids equal");
        string margin = goldens.Tensors.TryGetValue(Margins, out StoredTensor? margins) && same < margins.ElementCount
            ? FormattableString.Invariant($" by a margin of {StoredValues.ToSingle(margins)[same]:0.0e+00}") : "";
        return Comparison.Failed(Greedy, $"id {same} of {golden.Length} is {ids[same]}, golden has {golden[same]}{margin}");
    }
}
