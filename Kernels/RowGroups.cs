namespace Managed.Kernels;

/// <summary>
/// Runs of rows of a step in which each sequence has one token. Rows whose first pages are the same, forks of one text as samples and beams are, go together:
/// keys and values that they share are met by the queries of all of them at once.
/// </summary>
internal sealed class RowGroups
{
    private int[] starts = []; // [Count + 1]
    private int[] shared = []; // [Count]

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Whether some rows have something in common.</summary>
    public bool AnyShared { get; private set; }

    /// <summary>The first row of a group, and of the one that follows.</summary>
    public int Start(int group) => starts[group];

    /// <summary>The position before which a group's rows have all in common; 0: it is a row that has nothing in common with those beside it.</summary>
    public int Shared(int group) => shared[group];

    /// <param name="plan">The step.</param>
    /// <param name="layout">Its pages.</param>
    /// <param name="settings">What rows see.</param>
    /// <param name="wanted">Rows that have pages in common are divided into so many groups, so that all workers have some.</param>
    /// <param name="least">Rows of a group: where there are fewer, each is met alone. 0: all are.</param>
    public void Set(StepPlan plan, in CacheLayout layout, AttentionSettings settings, int wanted, int least)
    {
        if (shared.Length < plan.Count)
            (starts, shared) = (new int[(2 * plan.Count) + 1], new int[2 * plan.Count]);
        (Count, AnyShared) = (0, false);
        for (int row = 0, end; row < plan.Count; row = end)
        {
            DeviceBuffer? first = least == 0 ? null : FullPage(plan, layout, settings, row);
            for (end = row + 1; first is not null && end < plan.Count && FullPage(plan, layout, settings, end) == first;)
                end++;
            bool together = first is not null && end - row > 1 && end - row >= wanted * least;
            AnyShared |= together;
            int parts = together ? wanted : end - row;
            for (int part = 0; part < parts; part++)
            {
                int start = row + ((end - row) * part / parts), next = row + ((end - row) * (part + 1) / parts);
                starts[Count] = start;
                shared[Count++] = together ? SharedPages(plan, layout, settings, start, next) * layout.PagePositions : 0;
            }
        }
        starts[Count] = plan.Count;
    }

    // The first page that a row sees; null where that is the one which it writes to.
    private static DeviceBuffer? FullPage(StepPlan plan, in CacheLayout layout, AttentionSettings settings, int row)
    {
        int page = settings.FirstSeen(plan.Positions[row]) / layout.PagePositions;
        return page < plan.Positions[row] / layout.PagePositions ? plan.Pages[plan.SequenceOf[row]][page] : null;
    }

    // Forks share pages up to one from which on they do not; nobody shares the page that is written to.
    private static int SharedPages(StepPlan plan, in CacheLayout layout, AttentionSettings settings, int start, int end)
    {
        DeviceBuffer[] pages = plan.Pages[plan.SequenceOf[start]];
        int least = (settings.FirstSeen(plan.Positions[start]) / layout.PagePositions) + 1, most = plan.Positions[start] / layout.PagePositions;
        for (int row = start + 1; row < end; row++)
        {
            DeviceBuffer[] others = plan.Pages[plan.SequenceOf[row]];
            most = Math.Min(most, plan.Positions[row] / layout.PagePositions);
            for (int from = least; from < most;)
            {
                int middle = (from + most) / 2;
                if (pages[middle] == others[middle])
                    from = middle + 1;
                else
                    most = middle;
            }
        }
        return most;
    }
}
