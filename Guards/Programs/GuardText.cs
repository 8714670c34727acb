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
            $"fits {model.Path}: {program?.Sites.Length ?? 0} hook points, {program?.Instructions.Length ?? 0} instructions, {guard.Registers.Count} registers, {vectors * sizeof(float)} bytes of vectors;"));
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
        for (int i = 0; i < guard.Steps.Count; i++)
        {
            GuardStep step = guard.Steps[i];
            string when = step.When is null ? "" : $", when {step.When}{(step.Sticky ? " (once is enough)" : "")}";
            string idle = GuardOperations.IsIdentity(step) ? "; changes nothing and is left out" : "";
            yield return $"{i}. at {step.At}, on {step.On}{when}: {step.Describe()}{idle}";
        }
        if (guard.Steps.Count == 0 && guard.Adapter is null && guard.Head is null)
            yield return "does nothing";
    }

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
