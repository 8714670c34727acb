using System.Globalization;

namespace Managed.Guards.Learning.Harvest;

/// <summary>Which part of a harvest a process does: every part whose number leaves the remainder Index when divided by Count.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Count">Number of processes.</param>
public readonly record struct HarvestShard(int Index, int Count)
{
    /// <summary>Everything.</summary>
    public static HarvestShard All { get; } = new(0, 1);

    /// <summary>
    /// Reads "i/n" (i from 0), "auto" or "auto/n". With "auto" index and count are those of a Slurm job array: SLURM_ARRAY_TASK_ID
    /// less the smallest id, in steps, of SLURM_ARRAY_TASK_COUNT. With "auto/n" the index is the task's id as it stands, or the
    /// JOB_COMPLETION_INDEX of a Kubernetes indexed job: a task that is submitted again by itself has the share that it had.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="environment">Reads a variable; null where it is not set.</param>
    /// <exception cref="GuardException">The text is none of these, the index is not below n, or the variables are not there.</exception>
    public static HarvestShard Parse(string text, Func<string, string?> environment)
    {
        string[] parts = text.Split('/');
        if (parts.Length > 2)
            throw new GuardException($"shard: found '{text}'; expected i/n with i from 0, auto or auto/n.");
        int? count = parts.Length == 2 ? Number(parts[1], text) : null;
        (int index, int? known) = parts[0] == "auto" ? FromScheduler(environment, count)
            : (Number(parts[0], text), null);
        int total = count ?? known ?? throw new GuardException(parts[0] == "auto"
            ? "shard: found JOB_COMPLETION_INDEX, which does not say of how many; expected auto/n with the job's completions."
            : $"shard: found '{text}'; expected i/n with i from 0, auto or auto/n.");
        if (index >= total)
            throw new GuardException($"shard: found index {index} of {total}; expected an index from 0 to {total - 1}.");
        return new HarvestShard(index, total);
    }

    /// <summary>Whether a part is this process's.</summary>
    public bool Has(int part) => part % Count == Index;

    private static (int, int?) FromScheduler(Func<string, string?> environment, int? count)
    {
        int? Variable(string name) => environment(name) is { Length: > 0 } value ? Number(value, $"{name}={value}") : null;
        if (Variable("SLURM_ARRAY_TASK_ID") is { } task)
        {
            if (count is not null)
                return (task, count);
            int first = Variable("SLURM_ARRAY_TASK_MIN") ?? 0, step = Math.Max(1, Variable("SLURM_ARRAY_TASK_STEP") ?? 1);
            return ((task - first) / step, Variable("SLURM_ARRAY_TASK_COUNT"));
        }
        return (Variable("JOB_COMPLETION_INDEX")
            ?? throw new GuardException("shard: found neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX; expected to run in a job array, or i/n."), null);
    }

    private static int Number(string text, string whole) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
        : throw new GuardException($"shard: found '{whole}'; expected i/n with i from 0, auto or auto/n.");
}
