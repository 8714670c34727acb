using System.Text.Json;
using Managed.Guards.Learning;
using Managed.Tests.Models;

namespace Managed.Tests.Guards.Learning;

/// <summary>shared/thornvale: prompts for probes and for their evaluation, as hearth reads them.</summary>
internal static class Thornvale
{
    // What the references' accuracies are over: found by evaluating the reference probes.
    private static readonly string[] s_probeSets = ["dark_framed_held", "dark_new_frames", "craft_plain_held", "craft_framed", "borderline_held"];

    public static string Folder => SharedFolder.Require("thornvale");

    /// <summary>One kind of extraction.json's prompts.</summary>
    public static int[][] Extraction(params string[] kinds) =>
        [.. kinds.SelectMany(kind => PromptFile.Read(Path.Combine(Folder, "extraction.json") + ":" + kind)).Select(prompt => prompt.Encode(TestModels.Hearth))];

    /// <summary>Training prompts of probes: the dark ones are harmful.</summary>
    public static (int[][] Ids, bool[] Labels) Training()
    {
        int[][] dark = Extraction("dark_plain", "dark_framed"), others = Extraction("craft_plain", "craft_framed", "borderline", "other");
        return ([.. dark, .. others], [.. dark.Select(_ => true), .. others.Select(_ => false)]);
    }

    /// <summary>The prompts that probes are evaluated on.</summary>
    public static (int[][] Ids, bool[] Labels) Evaluation()
    {
        var ids = new List<int[]>();
        var labels = new List<bool>();
        foreach (string line in File.ReadLines(Path.Combine(Folder, "prompts.jsonl")))
        {
            using var row = JsonDocument.Parse(line);
            if (!s_probeSets.Contains(row.RootElement.GetProperty("set").GetString()))
                continue;
            ids.Add(new Prompt(row.RootElement.GetProperty("prompt").GetString()).Encode(TestModels.Hearth));
            labels.Add(row.RootElement.GetProperty("kind").GetString() == "dark");
        }
        return ([.. ids], [.. labels]);
    }

    /// <summary>A number of references.json's probes.</summary>
    public static double ProbeReference(int layer, string name)
    {
        using var references = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "references", "references.json")));
        return references.RootElement.GetProperty("probes").GetProperty($"{layer}").GetProperty(name).GetDouble();
    }

    public static ReadOnlyMemory<float>[] Memory(States states) => [.. states.Rows.Select(row => (ReadOnlyMemory<float>)row)];
}
