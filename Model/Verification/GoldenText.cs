using Managed.Hooks;
using Managed.Kernels;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Verification;

/// <summary>
/// One text of a golden file: its ids, and goldens of its run. A golden is named as a hook point and has its shape, or
/// names the point of every layer and has an axis for them in front; in place of all tokens it may have the rows of those that
/// a tensor `NAME_positions` lists, or the last token's alone.
/// </summary>
/// <param name="file">The golden file.</param>
/// <param name="prefix">What stands before the names of this text's tensors; empty in a file of one text.</param>
/// <param name="names">Its tensors' names, without the prefix.</param>
internal sealed class GoldenText(SafetensorsFile file, string prefix, IReadOnlyList<string> names)
{
    public const string Inputs = "input_ids";

    private const string Greedy = "greedy_ids", Positions = "_positions";
    private static readonly string[] s_margins = ["greedy_margins", "greedy_margin"];

    // What a text has besides goldens: the inputs, and what says more about a golden.
    private static readonly string[] s_besides = [Inputs, Greedy, .. s_margins, "logits_f64"];

    /// <summary>Runs the model on the text and compares, hook points in forward order; null where the text has nothing that can be compared.</summary>
    public RunComparison? Compare(LanguageModel model, double tolerance)
    {
        int[] ids = ReadIds();
        var parts = new List<(HookAddress Address, StoredTensor Golden, int Layer, int Layers)>();
        List<Comparison> comparisons = [], absent = [];
        List<string> ignored = [];
        foreach (string name in names.Where(name => !s_besides.Contains(name)))
        {
            StoredTensor golden = Tensor(name);
            try
            {
                IReadOnlyList<HookAddress> addresses = model.HookNames.Resolve(name);
                parts.AddRange(addresses.Select((address, layer) => (address, golden, layer, addresses.Count)));
            }
            catch (HookPointException failure) when (IsOfHookPoint(name))
            {
                absent.Add(Comparison.Failed(prefix + name, failure.Message)); // goldens of another model must not pass
            }
            catch (HookPointException)
            {
                if (!name.EndsWith(Positions, StringComparison.Ordinal) || !names.Contains(name[..^Positions.Length]))
                    ignored.Add(prefix + name);
            }
        }
        bool hasGreedy = names.Contains(Greedy);
        if (parts.Count + absent.Count == 0 && !hasGreedy)
            return null;

        RunResult run = model.Run(ids, new RunOptions { Names = [.. parts.Select(part => part.Address.ToString())] });
        ILookup<HookAddress, (HookAddress Address, StoredTensor Golden, int Layer, int Layers)> byAddress = parts.ToLookup(part => part.Address);
        foreach (HookAddress address in model.HookNames.All())
            foreach ((_, StoredTensor golden, int layer, int layers) in byAddress[address])
                comparisons.Add(Compare(address, run.Cache, golden, layer, layers, tolerance));
        comparisons.AddRange(absent);
        if (hasGreedy)
            comparisons.Add(CompareGreedy(model, ids, StoredValues.ToIntegers(Tensor(Greedy)), run.Precision));
        return new RunComparison(comparisons, ignored, run.Precision.ToString());
    }

    private StoredTensor Tensor(string name) => file.Tensors[prefix + name];

    private int[] ReadIds()
    {
        StoredTensor inputs = Tensor(Inputs);
        if (inputs.Shape.Length != 1)
            throw new CheckpointException(file.Path, $"tensor {prefix}{Inputs}", null, $"shape [{string.Join(", ", inputs.Shape)}]", "one axis, the ids of one text");
        return StoredValues.ToIntegers(inputs);
    }

    // Tools call every hook point so; other tensors of a golden file may have any name.
    private static bool IsOfHookPoint(string name) =>
        name.StartsWith("blocks.", StringComparison.Ordinal) || name.Contains("hook_", StringComparison.Ordinal);

    private Comparison Compare(HookAddress address, ActivationCache cache, StoredTensor golden, int layer, int layers, double tolerance)
    {
        string name = prefix + address;
        if (!cache.TryGet(address.ToString(), out Activation? activation))
            return Comparison.Failed(name, "the run never came there: no token was routed to this expert");
        long[] shape = golden.Shape, own = [.. activation.Shape.Sizes.ToArray().Select(size => (long)size)];
        float[] values = StoredValues.ToSingle(golden);
        if (layers > 1)
        {
            if (shape.Length == 0 || shape[0] != layers)
                return Comparison.Failed(name, $"golden has [{string.Join(", ", shape)}] for {layers} layers");
            int size = values.Length / layers;
            (shape, values) = (shape[1..], values[(layer * size)..((layer + 1) * size)]);
        }
        if (shape.AsSpan().SequenceEqual(own))
            return Comparison.Of(name, activation.Values, values, tolerance);
        return Rows(address, golden.Name, shape, own) is { } rows
            ? Comparison.Of(name, [.. rows.SelectMany(row => activation[row].ToArray())], values, tolerance)
            : Comparison.Failed(name, $"shape {activation.Shape}, golden has [{string.Join(", ", shape)}]");
    }

    // The tokens whose rows a golden has; null: its shape says nothing of the kind.
    private int[]? Rows(HookAddress address, string golden, long[] shape, long[] own)
    {
        if (!HookPointTable.Of(address.Point).Axes.StartsWith("t ", StringComparison.Ordinal))
            return null;
        if (shape.AsSpan().SequenceEqual(own.AsSpan(1)))
            return [(int)own[0] - 1];
        if (shape.Length != own.Length || !shape.AsSpan(1).SequenceEqual(own.AsSpan(1)) || !file.Tensors.TryGetValue(golden + Positions, out StoredTensor? listed))
            return null;
        int[] rows = StoredValues.ToIntegers(listed);
        return rows.Length == shape[0] && rows.All(row => row >= 0 && row < own[0]) ? rows : null;
    }

    private Comparison CompareGreedy(LanguageModel model, int[] prompt, int[] golden, Precision precision)
    {
        int[] ids = model.GreedyContinuation(prompt, golden.Length, precision);
        int same = ids.AsSpan().CommonPrefixLength(golden);
        if (same == golden.Length)
            return new Comparison(prefix + Greedy, 0, 0, true, $"{golden.Length} ids equal");
        string margin = s_margins.FirstOrDefault(names.Contains) is { } margins && same < Tensor(margins).ElementCount
            ? FormattableString.Invariant($" by a margin of {StoredValues.ToSingle(Tensor(margins))[same]:0.0e+00}") : "";
        return Comparison.Failed(prefix + Greedy, $"id {same} of {golden.Length} is {ids[same]}, golden has {golden[same]}{margin}");
    }
}

/// <summary>What the comparison of one text gave.</summary>
/// <param name="Comparisons">Every compared tensor.</param>
/// <param name="Ignored">Tensors whose names are not those of hook points.</param>
/// <param name="Precision">The precision of the run.</param>
internal sealed record RunComparison(IReadOnlyList<Comparison> Comparisons, IReadOnlyList<string> Ignored, string Precision);
