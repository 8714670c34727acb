using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>
/// Attention of a step of one token, in two operations: the scores of all heads, then their sums of values. A worker's share is a run of
/// pages of keys, and then of columns of values, whatever heads they belong to: each reads as much as the others, and nothing is read twice.
/// A score, and a column's sum over positions in their order, is one worker's, so the bits are those of <see cref="AttentionWork"/>.
/// </summary>
internal sealed unsafe class TokenAttention
{
    private const int Columns = QuantisedInput.Block; // of values, where shares begin
    private const int PagesAhead = 2; // of keys, that memory is asked for
    private const int PagesFound = 32; // of keys, whose addresses are looked up before they are wanted

    private readonly WorkerRooms rooms;
    private Rows output, queries;
    private StepPlan plan = null!;
    private CacheLayout layout;
    private AttentionSettings settings = null!;
    private RotateWork? rotation; // null: it is done
    private float* scores; // [heads, stride]
    private int stride;
    private int parts;
    private QuantisedInput? rounded; // where the output is rounded to

    public TokenAttention(WorkerRooms rooms)
    {
        this.rooms = rooms;
        Scores = new ScoresWork(this);
        Sums = new SumsWork(this);
    }

    /// <summary>The first operation.</summary>
    public IQueuedWork Scores { get; }

    /// <summary>The second one.</summary>
    public IQueuedWork Sums { get; }

    /// <summary>Room for scores that <see cref="Set"/> is given, in floats.</summary>
    public static long ScoresLength(StepPlan plan, AttentionSettings settings) => (long)Stride(plan) * settings.Heads;

    // Of a head's scores; each begins at a multiple of 8.
    private static int Stride(StepPlan plan) => (plan.Positions[0] + 16) & ~7;

    /// <param name="output">Of the token. // [1, heads · valueDimension]</param>
    /// <param name="queries">Of the token. // [1, heads · keyDimension]</param>
    /// <param name="plan">The step, of one token.</param>
    /// <param name="layout">Where keys and values are.</param>
    /// <param name="settings">Heads and masks.</param>
    /// <param name="rotation">What has to be done to queries, keys and values first; null: nothing.</param>
    /// <param name="scores">Memory for scores.</param>
    public TokenAttention Set(
        in Rows output, in Rows queries, StepPlan plan, in CacheLayout layout, AttentionSettings settings, RotateWork? rotation, float* scores)
    {
        (this.output, this.queries, this.plan, this.layout, this.settings, this.rotation) = (output, queries, plan, layout, settings, rotation);
        this.scores = scores;
        rounded = null;
        stride = Stride(plan);
        parts = AttentionWork.IsWorthSharing(rooms, 1, plan.Positions[0] + 1, settings) ? rooms.Count : 1;
        return this;
    }

    private int Position => plan.Positions[0];

    // First position that is seen, and where its lane of eight begins.
    private int First => settings.FirstSeen(Position);

    private int Aligned => First & ~7;

    private int Group => settings.Heads / settings.KeyHeads;

    private int FirstPage => First / layout.PagePositions;

    private int Pages => (Position / layout.PagePositions) - FirstPage + 1;

    private sealed class ScoresWork(TokenAttention attention) : IQueuedWork
    {
        public int Parts => attention.parts;

        public void Ask(int worker)
        {
            (int page, int end) = attention.PagesOf(worker);
            for (int found = page; found < Math.Min(end, page + PagesFound); found++)
                Lanes.PrefetchPages(attention.KeysOf(found), attention.LengthOf(found));
            for (end = Math.Min(end, page + PagesAhead); page < end; page++)
                attention.AskForKeys(page);
        }

        public void Run(int part, int worker) => attention.Score(part, attention.rooms[worker]);
    }

    private sealed class SumsWork(TokenAttention attention) : IRoundingWork
    {
        public int Parts => attention.parts;

        public void Ask(int worker)
        {
            (int first, int end) = attention.ColumnsOf(worker);
            if (first < end)
                attention.AskForValues(first, Math.Min(end, first + attention.settings.ValueDimension - (first % attention.settings.ValueDimension)));
        }

        public void Run(int part, int worker) => attention.Sum(part, attention.rooms[worker]);

        public bool TryRound(in Rows output, in QuantisedInput rounded)
        {
            if (attention.output != output || attention.settings.ValueDimension % QuantisedInput.Block != 0)
                return false;
            attention.rounded = rounded;
            return true;
        }
    }

    // A part's pages of keys, counted through all heads; a worker without a part has none.
    private (int First, int End) PagesOf(int part)
    {
        long all = part < parts ? settings.KeyHeads * Pages : 0;
        return ((int)(all * part / parts), (int)(all * (part + 1) / parts));
    }

    private (int From, int End) PositionsOf(int page)
    {
        int begin = (FirstPage + (page % Pages)) * layout.PagePositions;
        return (Math.Max(First, begin), Math.Min(Position + 1, begin + layout.PagePositions));
    }

    private float* KeysOf(int page) => AttentionKernel.Keys(plan.Pages[0], layout, page / Pages, PositionsOf(page).From);

    // Floats of a page's keys.
    private int LengthOf(int page)
    {
        (int from, int end) = PositionsOf(page);
        return (end - from) * settings.KeyDimension;
    }

    private void AskForKeys(int page) => Lanes.Prefetch(KeysOf(page), LengthOf(page));

    private void Score(int part, WorkerRoom room)
    {
        (int page, int last) = PagesOf(part);
        int group = Group, width = settings.KeyDimension, share = width / group;
        float* turned = rotation is null ? null : room.Inputs((long)group * width);
        for (int begin = page; page < last; page++)
        {
            int keyHead = page / Pages, head = keyHead * group;
            bool beginsHead = page == begin || page % Pages == 0, endsHead = page % Pages == Pages - 1;
            if (beginsHead)
                begin = page;
            if (beginsHead && rotation is not null)
                for (int g = 0; g < group; g++)
                    rotation.Query(turned + (g * width), head + g);
            if (endsHead)
                rotation?.Store(0, keyHead); // whoever has a head's last page needs its new key
            (int from, int end) = PositionsOf(page);
            float* keys = KeysOf(page), ahead = page + PagesAhead < last ? KeysOf(page + PagesAhead) : null;
            for (int g = 0; g < group; g++, ahead = ahead == null ? null : ahead + (layout.PagePositions * share))
            {
                float* row = Row(head + g), query = rotation is null ? queries.Row(0) + ((head + g) * width) : turned + (g * width);
                AttentionKernel.Products(row + from, query, keys, width, end - from, ahead, share);
                if (ahead != null)
                    Lanes.Prefetch(ahead + ((end - from) * share), (layout.PagePositions - (end - from)) * share);
                if (!endsHead && page < last - 1)
                    continue;
                int first = PositionsOf(begin).From;
                AttentionKernel.Shape(row + first, settings, head + g, first, end, Position);
                if (first == First)
                    new Span<float>(row + Aligned, First - Aligned).Fill(float.NegativeInfinity);
            }
        }
    }

    // A head's scores, counted by position.
    private float* Row(int head) => scores + ((long)head * stride) - Aligned;

    // A part's columns of values, counted through all heads.
    private (int First, int End) ColumnsOf(int part)
    {
        int unit = settings.ValueDimension % Columns == 0 ? Columns : settings.ValueDimension;
        int units = part < parts ? settings.KeyHeads * settings.ValueDimension / unit : 0;
        return (units * part / parts * unit, units * (part + 1) / parts * unit);
    }

    private void Sum(int part, WorkerRoom room)
    {
        int width = settings.ValueDimension, group = Group;
        float* patterns = room.Floats((long)group * stride);
        (int from, int last) = ColumnsOf(part);
        for (int end; from < last; from = end)
        {
            end = Math.Min(last, from + width - (from % width));
            int head = from / width * group, column = from % width, columns = end - from;
            for (int g = 0; g < group; g++)
            {
                AttentionKernel.Softmax(patterns + (g * stride), Row(head + g) + Aligned, Position + 1 - Aligned,
                    settings.Sinks is { } sinks ? sinks[head + g] : float.NegativeInfinity);
                new Span<float>(Output(head + g, column), columns).Clear();
            }
            for (int k = First, stop; k <= Position; k = stop)
            {
                stop = layout.PageEnd(k);
                float* values = ValuesOf(from, k), ahead = null;
                if (stop <= Position)
                    ahead = ValuesOf(from, stop);
                else if (end < last)
                    AskForValues(end, Math.Min(last, end + width));
                stop = Math.Min(stop, Position + 1);
                for (int g = 0; g < group; g++, ahead = ahead == null ? null : ahead + width)
                    AttentionKernel.Mix(Output(head + g, column), patterns + (g * stride) + (k - Aligned), values, width, columns, stop - k, ahead, group);
            }
            for (int g = 0; rounded is { } place && g < group; g++)
                place.Quantise(0, output.Row(0), ((head + g) * width) + column, ((head + g) * width) + column + columns);
        }
    }

    private float* Output(int head, int column) => output.Row(0) + (head * settings.ValueDimension) + column;

    // Values of a position, from one of all heads' columns on.
    private float* ValuesOf(int column, int position) =>
        AttentionKernel.Values(plan.Pages[0], layout, column / settings.ValueDimension, position) + (column % settings.ValueDimension);

    // Columns of one head in the first page.
    private void AskForValues(int from, int end)
    {
        float* values = ValuesOf(from, First);
        for (int k = First, last = Math.Min(layout.PageEnd(First), Position + 1); k < last; k++, values += settings.ValueDimension)
            Lanes.Prefetch(values, end - from);
    }
}
