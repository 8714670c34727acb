using System.Text.Json;
using Managed.Hooks;
using Managed.Loader;

namespace Managed.Guards.Learning.Harvest;

/// <summary>
/// States of many prompts, on disk: parts of consecutive prompts, each a safetensors file that is there as a whole or not at all.
/// A process that is started again checks the parts that are there and does the others; processes that share the parts
/// out between them write the same files, bit for bit, as one process does.
/// </summary>
public static class ActivationHarvest
{
    private static readonly JsonSerializerOptions s_format = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>Does a process's parts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">Token ids of all prompts, the same in every process.</param>
    /// <param name="folder">Where the parts go; made where it is not there.</param>
    /// <param name="options">What is kept, and which share of the parts is this process's.</param>
    /// <param name="progress">Takes prompts done, of this process's own.</param>
    /// <param name="cancellation">Ends the work; finished parts stay.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="GuardException">The folder holds another harvest, or a part whose content is not what it says.</exception>
    public static HarvestReport Run(
        LanguageModel model, IReadOnlyList<int[]> prompts, string folder, HarvestOptions options, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        if (options.PromptsOfPart < 1 || prompts.Count == 0)
            throw new GuardException($"harvest: found {prompts.Count} prompts in parts of {options.PromptsOfPart}; expected at least 1 of both.");
        HarvestPlan plan = HarvestPlan.Of(model, prompts, options.Hooks, options.Positions, options.PromptsOfPart);
        Directory.CreateDirectory(folder);
        Settle(folder, plan);
        (int done, int kept, int replaced) = (0, 0, 0);
        int prompted = 0;
        for (int part = options.Shard.Index; part < plan.Parts; part += options.Shard.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            (int first, int end) = plan.PromptsOf(part);
            string path = Path.Combine(folder, HarvestPlan.PartName(part));
            string? wrong = File.Exists(path) ? HarvestPart.Check(path, plan, part) : "";
            if (wrong is null)
                kept++;
            else
            {
                if (wrong.Length > 0)
                {
                    options.Warn?.Invoke($"{path}: {wrong}; it is done again");
                    replaced++;
                }
                HarvestPart.Write(path, plan, part, Collect(model, [.. prompts.Skip(first).Take(end - first)], options, cancellation), prompts);
                done++;
            }
            progress?.Report(prompted += end - first);
        }
        return new HarvestReport(plan.Parts, done, kept, replaced);
    }

    /// <summary>Checks that every part is there and whole, removes what killed processes left half-written, and writes index.json, which lists the parts.</summary>
    /// <param name="folder">The harvest's folder.</param>
    /// <returns>Rows of all parts together.</returns>
    /// <exception cref="GuardException">A part is missing or damaged; names every one.</exception>
    public static long Merge(string folder)
    {
        HarvestPlan plan = ReadPlan(folder) ?? throw new GuardException($"{folder}: found no {HarvestPlan.FileName}; expected the folder of a harvest.");
        var wrong = new List<string>();
        var parts = new List<object>();
        long rows = 0;
        for (int part = 0; part < plan.Parts; part++)
        {
            string name = HarvestPlan.PartName(part), path = Path.Combine(folder, name);
            string? why = File.Exists(path) ? HarvestPart.Check(path, plan, part) : "it is missing";
            if (why is not null)
            {
                wrong.Add($"{name}: {why}");
                continue;
            }
            (int first, int end) = plan.PromptsOf(part);
            using SafetensorsFile file = SafetensorsFile.Open(path);
            long count = file.Tensors[HarvestPart.Tokens].Shape[0];
            parts.Add(new { File = name, FirstPrompt = first, EndPrompt = end, FirstRow = rows, Rows = count, Sha256 = file.Metadata[HarvestPart.ContentKey] });
            rows += count;
        }
        if (wrong.Count > 0)
            throw new GuardException($"{folder}: {wrong.Count} of {plan.Parts} parts are not there as they should be ({string.Join("; ", wrong.Take(4))}{(wrong.Count > 4 ? "; …" : "")}); run the harvest again, which does those alone.");
        foreach (string unfinished in Directory.GetFiles(folder, "part-*.safetensors.*.part")) // of a process that was killed while it wrote
            File.Delete(unfinished);
        WriteJson(Path.Combine(folder, "index.json"), new { plan.Fingerprint, plan.Hooks, plan.Positions, plan.Prompts, Rows = rows, Parts = parts });
        return rows;
    }

    internal static HarvestPlan? ReadPlan(string folder)
    {
        string path = Path.Combine(folder, HarvestPlan.FileName);
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<HarvestPlan>(File.ReadAllBytes(path), s_format) is { Hooks: not null } plan && plan.PromptsOfPart > 0 ? plan
                : throw new GuardException($"{path}: found no plan of a harvest; expected what a harvest wrote there.");
        }
        catch (JsonException failure)
        {
            throw new GuardException($"{path}: found no JSON ({failure.Message}); expected the plan of a harvest.", failure);
        }
    }

    // The first process writes the plan; the others, and later ones, must have the same.
    private static void Settle(string folder, HarvestPlan plan)
    {
        if (ReadPlan(folder) is not { } there)
        {
            WriteJson(Path.Combine(folder, HarvestPlan.FileName), plan);
            there = ReadPlan(folder)!;
        }
        if (there.Fingerprint != plan.Fingerprint)
            throw new GuardException($"{folder}: found a harvest of other {Difference(there, plan)}; expected the same as this one, or an empty folder.");
    }

    private static string Difference(HarvestPlan a, HarvestPlan b) =>
        a.Model != b.Model || a.Weights != b.Weights ? "model weights" : !a.Hooks.SequenceEqual(b.Hooks) ? "hook points" : a.Positions != b.Positions ? "positions"
        : a.Ids != b.Ids ? "prompts" : "part sizes";

    private static void WriteJson<T>(string path, T value) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, value, s_format));

    private static HarvestRows Collect(LanguageModel model, int[][] prompts, HarvestOptions options, CancellationToken cancellation)
    {
        HookAddress[] addresses = ActivationCollector.Resolve(model, options.Hooks);
        var rows = new HarvestRows([.. addresses.Select(_ => new List<float[]>())], [.. prompts.Select(_ => 0)]);
        ActivationCollector.Run(model, prompts, addresses, options.Positions, (prompt, point, states) =>
        {
            rows.States[point].AddRange(states);
            rows.Counts[prompt] = states.Length;
        }, options.Adapter, cancellation: cancellation);
        return rows;
    }
}

/// <summary>What a harvest keeps.</summary>
public sealed record HarvestOptions
{
    /// <summary>Hook points.</summary>
    public IReadOnlyList<string> Hooks { get; init; } = ["resid_post"];

    /// <summary>Which tokens are kept.</summary>
    public StatePositions Positions { get; init; } = StatePositions.Last;

    /// <summary>Prompts of one part.</summary>
    public int PromptsOfPart { get; init; } = 256;

    /// <summary>Which parts are this process's.</summary>
    public HarvestShard Shard { get; init; } = HarvestShard.All;

    /// <summary>A low-rank adapter to run with; null: none.</summary>
    public Adapter? Adapter { get; init; }

    /// <summary>Takes a sentence where a damaged part is done again.</summary>
    public Action<string>? Warn { get; init; }
}

/// <summary>What a process did of a harvest.</summary>
/// <param name="Parts">Parts of the whole harvest.</param>
/// <param name="Done">Parts that were computed now.</param>
/// <param name="Kept">Parts that were there and whole.</param>
/// <param name="Replaced">Of those done now, the ones that were there and damaged.</param>
public sealed record HarvestReport(int Parts, int Done, int Kept, int Replaced);

/// <summary>The states of a part's prompts.</summary>
/// <param name="States">[points][rows].</param>
/// <param name="Counts">Rows of each prompt.</param>
internal sealed record HarvestRows(List<float[]>[] States, int[] Counts);
