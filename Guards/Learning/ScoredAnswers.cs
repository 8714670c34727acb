using System.Text.Json;

namespace Managed.Guards.Learning;

/// <summary>
/// Answers that were sampled and scored elsewhere, a JSON object a line: {"prompt", "answer", "costs": one for each block of
/// tokens, "task_cost"} (or "prompt_ids", "answer_ids"); read as block ends for a critic.
/// </summary>
public static class ScoredAnswers
{
    /// <summary>Reads the file and computes the states at the ends of its blocks.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model that wrote the answers.</param>
    /// <param name="blockTokens">Tokens of a block; an answer's last may be shorter.</param>
    /// <param name="budget">Safety budget at the beginning, d.</param>
    /// <param name="discount">γ.</param>
    /// <param name="progress">Takes answers done.</param>
    /// <param name="cancellation">Ends the work between two steps.</param>
    /// <exception cref="GuardException">A line is no scored answer, or has another number of costs than of blocks; says which.</exception>
    public static IReadOnlyList<CriticExample> Read(
        string path, LanguageModel model, int blockTokens, double budget = 10, double discount = 0.999, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockTokens, 1);
        if (!File.Exists(path))
            throw new FileNotFoundException(null, path);
        var rows = new List<(int[] Ids, int Prompt, double[] Costs, double TaskCost)>();
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (line.Length > 0)
                rows.Add(ReadLine(line, $"{path}, line {number}", model, blockTokens));
        }
        var examples = new List<CriticExample>();
        ActivationCollector.Run(model, [.. rows.Select(row => row.Ids)], ActivationCollector.Resolve(model, ["ln_final.hook_out"]), StatePositions.All, (index, _, states) =>
        {
            var (ids, prompt, costs, taskCost) = rows[index];
            int[] lengths = [.. costs.Select((_, block) => Math.Min(blockTokens, ids.Length - prompt - (block * blockTokens)))];
            int end = prompt;
            float[][] ends = [.. lengths.Select(length => states[(end += length) - 1])];
            examples.AddRange(CriticTraining.Examples(ends, costs, lengths, taskCost, budget, discount));
        }, progress: progress, cancellation: cancellation);
        return examples;
    }

    private static (int[], int, double[], double) ReadLine(string line, string where, LanguageModel model, int blockTokens)
    {
        try
        {
            using var row = JsonDocument.Parse(line);
            JsonElement root = row.RootElement;
            int[] Ids(string name) => root.TryGetProperty(name + "_ids", out JsonElement ids) ? [.. ids.EnumerateArray().Select(id => id.GetInt32())]
                : name == "prompt" ? new Prompt(root.GetProperty(name).GetString()).Encode(model)
                : model.Encode(root.GetProperty(name).GetString()!, addSpecialTokens: false);
            int[] prompt = Ids("prompt"), answer = Ids("answer");
            double[] costs = [.. root.GetProperty("costs").EnumerateArray().Select(cost => cost.GetDouble())];
            int blocks = (answer.Length + blockTokens - 1) / blockTokens;
            if (costs.Length != blocks)
                throw new GuardException($"{where}: found {costs.Length} costs; expected {blocks}, one for each block of {blockTokens} of the answer's {answer.Length} tokens.");
            return ([.. prompt, .. answer], prompt.Length, costs, root.TryGetProperty("task_cost", out JsonElement task) ? task.GetDouble() : double.NaN);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new GuardException($"{where}: found no scored answer ({failure.Message}); expected {{\"prompt\", \"answer\", \"costs\", \"task_cost\"}}.", failure);
        }
    }
}
