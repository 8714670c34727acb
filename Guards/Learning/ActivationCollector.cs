using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed.Guards.Learning;

/// <summary>
/// Runs prompts, many in a step, and keeps what chosen hook points held at chosen tokens: float32, exact precision,
/// the bits of each prompt alone. Only the blocks up to the last hook point are computed.
/// </summary>
public static class ActivationCollector
{
    /// <summary>Tokens of one step; a longer prompt has a step of its own.</summary>
    private const int StepTokens = 1024;

    /// <summary>Collects the states of all prompts in memory.</summary>
    /// <param name="model">The model; hooks that are registered on it act here too.</param>
    /// <param name="prompts">Token ids, complete: nothing is added.</param>
    /// <param name="hooks">Hook points: names, aliases, globs. Points whose rows are not tokens (scores, patterns, experts) are refused.</param>
    /// <param name="positions">Which tokens give states.</param>
    /// <param name="adapter">A low-rank adapter to run with; null: none.</param>
    /// <param name="progress">Takes the number of prompts that are done.</param>
    /// <param name="cancellation">Ends the work between two steps.</param>
    /// <returns>The states of each hook point, in the order of the names.</returns>
    /// <exception cref="HookPointException">The model has no such hook point.</exception>
    /// <exception cref="GuardException">A prompt without tokens, or a hook point whose rows are not tokens.</exception>
    public static IReadOnlyList<States> Collect(
        LanguageModel model, IReadOnlyList<int[]> prompts, IReadOnlyList<string> hooks, StatePositions positions = StatePositions.Last,
        Adapter? adapter = null, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        HookAddress[] addresses = Resolve(model, hooks);
        var collected = new States?[addresses.Length];
        Run(model, prompts, addresses, positions, (prompt, point, rows) =>
            (collected[point] ??= new States(addresses[point].ToString(), rows[0].Length)).Add(rows), adapter, progress, cancellation);
        return [.. collected.Select((states, point) => states ?? new States(addresses[point].ToString(), 0))];
    }

    /// <summary>The hook points that names stand for, each once; refuses those whose rows are not tokens.</summary>
    internal static HookAddress[] Resolve(LanguageModel model, IEnumerable<string> hooks)
    {
        HookAddress[] addresses = [.. hooks.SelectMany(name => model.HookNames.Resolve(name)).Distinct()];
        foreach (HookAddress address in addresses)
            if (address.Point is HookPoint.Scores or HookPoint.Pattern || address.Expert >= 0
                || address.Point is HookPoint.ExpertGate or HookPoint.ExpertPre or HookPoint.ExpertPost)
                throw new GuardException($"{address}: its rows are not the prompt's tokens; expected a hook point with one row per token, such as blocks.0.hook_resid_post.");
        return addresses;
    }

    /// <summary>Runs the prompts in their order and hands on the rows of each hook point: (prompt, point, rows).</summary>
    internal static void Run(
        LanguageModel model, IReadOnlyList<int[]> prompts, HookAddress[] addresses, StatePositions positions,
        Action<int, int, float[][]> receive, Adapter? adapter = null, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        int empty = prompts.ToList().FindIndex(prompt => prompt.Length == 0);
        if (empty >= 0)
            throw new GuardException($"prompt {empty}: found no tokens; expected at least one.");
        var held = new float[addresses.Length][][][]; // [points][prompts of the step][rows][width]
        var table = new HookTable(model.LayerCount);
        table.AddAll(model.Hooks);
        for (int i = 0; i < addresses.Length; i++)
        {
            int point = i;
            table.Add(addresses[i], (values, at) => held[point][at.Sequence] = Choose(values, positions));
        }

        bool final = addresses.Any(address => address.Layer < 0 && address.Point > HookPoint.PositionEmbed);
        int last = final ? model.LayerCount : addresses.Select(address => address.Layer + 1).DefaultIfEmpty(0).Max();
        Precision before = model.Transformer.Precision;
        model.Transformer.Precision = Precision.Exact;
        try
        {
            for (int first = 0, end; first < prompts.Count; first = end)
            {
                cancellation.ThrowIfCancellationRequested();
                end = EndOfStep(prompts, first);
                for (int point = 0; point < held.Length; point++)
                    held[point] = new float[end - first][][];
                Step(model.Transformer, prompts, first, end, last, table, adapter);
                for (int prompt = first; prompt < end; prompt++)
                    for (int point = 0; point < held.Length; point++)
                        receive(prompt, point, held[point][prompt - first]);
                progress?.Report(end);
            }
        }
        finally
        {
            model.Transformer.Precision = before;
        }
    }

    private static int EndOfStep(IReadOnlyList<int[]> prompts, int first)
    {
        int end = first + 1;
        for (int tokens = prompts[first].Length; end < prompts.Count && tokens + prompts[end].Length <= StepTokens; end++)
            tokens += prompts[end].Length;
        return end;
    }

    private static void Step(Transformer transformer, IReadOnlyList<int[]> prompts, int first, int end, int last, HookTable table, Adapter? adapter)
    {
        var inputs = new StepInput[end - first];
        try
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                Sequence sequence = transformer.Cache.Create();
                sequence.Adapter = adapter;
                inputs[i] = new StepInput(sequence, prompts[first + i]);
            }
            transformer.ForwardPart(inputs, 0, [], last, LogitsWanted.None, table);
        }
        finally
        {
            foreach (StepInput input in inputs)
                input.Sequence?.Dispose();
        }
    }

    private static float[][] Choose(Span2D values, StatePositions positions)
    {
        if (positions == StatePositions.Last)
            return [values.Row(values.Rows - 1).ToArray()];
        var rows = new float[values.Rows][];
        for (int row = 0; row < rows.Length; row++)
            rows[row] = values.Row(row).ToArray();
        return positions == StatePositions.All ? rows : [Vectors.ToSingle(Vectors.Mean(rows))];
    }
}
