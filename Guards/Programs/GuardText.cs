using System.Globalization;
using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>A guard in words.</summary>
internal static class GuardText
{
    /// <summary>What it does, a step a line.</summary>
    public static void Write(TextWriter output, GuardProgram guard)
    {
        output.WriteLine(guard.What.Length > 0 ? $"{guard.Name}: {guard.What}" : guard.Name);
        foreach (string line in Lines(guard))
            output.WriteLine("  " + line);
    }

    /// <summary>What it costs in a model.</summary>
    public static void WriteCost(TextWriter output, CompiledGuard guard, LanguageModel model)
    {
        EditProgram? program = guard.Edits;
        long vectors = program?.Vectors.Length ?? 0, work = program is null ? 0 : program.Instructions.Sum(op => Work(op, model.Width));
        long token = model.Weights.LinearLayers().Sum(layer => (long)layer.Outputs * layer.Inputs);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"fits {model.Path}: {program?.Sites.Length ?? 0} hook points, {program?.Instructions.Length ?? 0} instructions, {guard.Pass?.Registers.Count ?? 0} registers, {vectors * sizeof(float)} bytes of vectors;"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"at a token where all of it acts {work} multiplications, {100.0 * work / token:0.####} % of the {token} of the model's linear layers."));
        output.WriteLine($"fingerprint {guard.Fingerprint}");
    }

    private static IEnumerable<string> Lines(GuardProgram guard)
    {
        if (guard.Adapter is { } adapter)
            yield return $"the row runs with the adapter {adapter}";
        if (guard.Head is { } head)
            yield return head.Weight is { } weight ? $"{weight} takes the place of the model's head" : $"{head.Up}·{head.Down} is added to the model's head";
        if (guard.Decide.Count > 0)
            yield return $"first a pass over the prompt{(guard.DecideSuffix.Length > 0 ? $" and \"{guard.DecideSuffix}\"" : "")} that decides:";
        foreach (string line in Lines(guard.Decide))
            yield return "  " + line;
        foreach (string line in Lines(guard.Steps))
            yield return line;
        foreach (GuardLaneSource lane in guard.Lanes)
        {
            yield return $"beside it the lane {lane.Name}{(lane.Model is { } weights ? $" of the checkpoint {weights}" : "")}{(lane.Adapter is { } own ? $" with the adapter {own}" : "")}{(lane.Head is { } other ? $" with the head {other.Weight ?? other.Up}" : "")}{(lane.System is { } system ? $" told \"{system}\"" : "")}{(lane.Steps.Count > 0 ? ":" : ", unedited")}";
            foreach (string line in Lines(lane.Steps))
                yield return "  " + line;
        }
        foreach (GuardLogits stage in guard.Logits)
            yield return $"logits: {Describe(stage)}{(stage.Tokens is { } tokens ? $", for the first {tokens} tokens" : "")}";
        if (guard.Late is { } late)
            yield return $"the lanes are looked at after every {late.Tokens} tokens, of which stand {(late.Acceptance == SpeculativeAcceptance.Ratio ? "as many as the ratio of probabilities with and without them lets" : "those that they would have given too")}";
        foreach (GuardFlow rule in guard.Flow)
            yield return $"at the prompt's end{(rule.When is { } when ? $", when {when}" : "")}: {(rule.Pilot > 0 ? $"try {rule.Pilot} tokens{(rule.Switch is { } also ? $" and, when then {also}," : " and")} " : "")}{(rule.Refuse is { } text ? $"answer \"{text}\"" : $"begin the answer with the head {rule.Head?.Weight ?? rule.Head?.Up}")}";
        if (guard is { Steps.Count: 0, Adapter: null, Head: null, Decide.Count: 0, Logits.Count: 0, Flow.Count: 0 })
            yield return "does nothing";
    }

    private static IEnumerable<string> Lines(IReadOnlyList<GuardStep> steps)
    {
        for (int i = 0; i < steps.Count; i++)
        {
            GuardStep step = steps[i];
            string when = step.When is null ? "" : $", when {step.When}{(step.Sticky ? " (once is enough)" : "")}";
            string idle = GuardOperations.IsIdentity(step) ? "; changes nothing and is left out" : "";
            yield return $"{i}. at {step.At}, on {step.On}{when}: {step.Describe()}{idle}";
        }
    }

    private static string Describe(GuardLogits stage)
    {
        string strength = Number(stage.Strength);
        return stage.Do switch
        {
            "mix" => $"{Number(stage.Keep)} of the scores + {strength} of the lane {stage.Lane}{(stage.Cut > 0 ? $", without tokens below {Number(stage.Cut)} of the likeliest" : "")}",
            "union" => $"tokens that the lane {stage.Lane} likes better are punished, lambda {strength}{(stage.Rounded ? ", its log-probabilities rounded to bfloat16" : "")}",
            "window" => $"within the smallest window where both share {stage.Common} tokens, towards the lane {stage.Lane} by {strength}",
            "penalty" => $"{strength} off {stage.Ids.Length} tokens",
            "mask" => $"never one of {stage.Ids.Length} tokens",
            _ => $"only one of {stage.Ids.Length} tokens",
        };
    }

    private static string Number(float value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    // Multiplications, with those that measure how far an edit moved the stream.
    private static long Work(in EditInstruction op, int width) => op.Kind switch
    {
        EditKind.Gate or EditKind.Record or EditKind.Custom => 0,
        EditKind.MlpProbe => (long)op.Rank * (width + op.Classes),
        EditKind.LowRank => 2L * op.Rank * width,
        EditKind.AddSparse => op.Rank,
        EditKind.Cosine => 2L * width,
        _ => width,
    } + (op.IsRead ? 0 : 2L * width);
}
