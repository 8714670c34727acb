using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>
/// Attention of all queries and heads of a step of several tokens as one piece of parallel work. Keys are met in the order of their
/// positions and belong to lane position mod 8, so that a query's bits do not depend on what else is in the step.
/// </summary>
internal sealed unsafe partial class AttentionWork(WorkerRooms rooms) : IRoundingWork
{
    private const int PagesFound = 16; // of a row's keys and values, whose addresses are looked up before they are wanted

    private readonly RowGroups groups = new(); // where each sequence has one token
    private readonly WorkShares shares = new(rooms.Count); // of pairs of a head of keys and a group
    private int units; // otherwise: pieces of work, each a part where several workers share them
    private long needed; // floats of a worker's room
    private Rows output;
    private Rows queries;
    private StepPlan plan = null!;
    private CacheLayout layout;
    private AttentionSettings settings = null!;
    private int stride; // scores of a head
    private RotateWork? rotation; // what has to be done first to queries, keys and values; null: nothing
    private QuantisedInput? rounded; // where the output is rounded to

    public int Parts { get; private set; }

    public AttentionWork Set(in Rows output, in Rows queries, StepPlan plan, in CacheLayout layout, AttentionSettings settings, RotateWork? rotation)
    {
        this.rotation = rotation;
        rounded = null;
        this.output = output;
        this.queries = queries;
        this.plan = plan;
        this.layout = layout;
        this.settings = settings;
        int longest = 0;
        for (int s = 0; s < plan.SequenceCount; s++)
            longest = Math.Max(longest, plan.Positions[plan.SequenceStart[s + 1] - 1] + 1);
        stride = (longest + 15) & ~7;
        needed = (long)stride * (settings.Heads / settings.KeyHeads); // scores of a token's heads
        if (IsByHead(rooms, plan, settings))
            FindGroups();
        else
            FindUnits();
        Parts = !IsWorthSharing(rooms, plan.Count, longest, settings) ? 1 : IsByHead(rooms, plan, settings) ? rooms.Count : units;
        return this;
    }

    private void FindUnits()
    {
        units = 0;
        for (int s = 0; s < plan.SequenceCount; s++)
        {
            units += Units(s);
            if (IsTiled(s))
                needed = Math.Max(needed, TilesRoom);
        }
    }

    private void FindGroups()
    {
        const int LeastQueries = AttentionTile.Queries * 3 / 4, GroupsOfWorker = 2; // with a head of keys each
        int queriesOfRow = settings.Heads / settings.KeyHeads;
        groups.Set(plan, layout, settings, wanted: ((GroupsOfWorker * rooms.Count) + settings.KeyHeads - 1) / settings.KeyHeads,
            least: AttentionTile.Suits(settings) ? (LeastQueries + queriesOfRow - 1) / queriesOfRow : 0);
        shares.Set(groups.Count * settings.KeyHeads);
        if (groups.AnyShared)
            needed = Math.Max(needed, TilesRoom);
    }

    public bool TryRound(in Rows output, in QuantisedInput rounded)
    {
        if (this.output != output || !IsByHead(rooms, plan, settings) || settings.ValueDimension % QuantisedInput.Block != 0)
            return false;
        this.rounded = rounded;
        return true;
    }

    /// <summary>Whether each head of keys of each token is met by one worker alone, which can then turn what meets there as well.</summary>
    public static bool IsByHead(WorkerRooms rooms, StepPlan plan, AttentionSettings settings) =>
        plan.Count == plan.SequenceCount && plan.Count * settings.KeyHeads >= rooms.Count;

    /// <summary>Whether several workers are sooner done than one.</summary>
    public static bool IsWorthSharing(WorkerRooms rooms, int tokens, int keys, AttentionSettings settings)
    {
        const int ByteProducts = 8; // a product of float32 with its loads takes as long as so many of bytes
        return (long)tokens * settings.Heads * keys * settings.KeyDimension * 2 * ByteProducts > rooms.WorthSharing;
    }

    // Whether a sequence's queries fill tiles.
    private bool IsTiled(int sequence)
    {
        int tokens = plan.SequenceStart[sequence + 1] - plan.SequenceStart[sequence];
        return AttentionTile.Suits(settings) && tokens * (settings.Heads / settings.KeyHeads) >= AttentionTile.Queries;
    }

    public void Ask(int worker)
    {
        if (worker >= Parts || !IsByHead(rooms, plan, settings))
            return;
        (int first, int end) = shares.Own(worker);
        for (int unit = first; unit < end; unit++)
        {
            int group = Group(unit);
            for (int token = groups.Start(group); token < groups.Start(group + 1); token++)
                FindPages(token, KeyHead(unit), token == groups.Start(group) ? First(token) : Math.Max(First(token), groups.Shared(group)));
        }
    }

    public void Run(int part, int worker)
    {
        float* room = rooms[worker].Floats(needed);
        if (IsByHead(rooms, plan, settings))
        {
            OneTokenEach(part, room);
            return;
        }
        for (int unit = Parts == 1 ? 0 : part, end = Parts == 1 ? units : part + 1; unit < end; unit++)
            OneUnit(room, unit);
    }

    // Pieces of a sequence's queries that meet one head of keys: some tiles, or a token.
    private int Pieces(int sequence)
    {
        int tokens = plan.SequenceStart[sequence + 1] - plan.SequenceStart[sequence];
        return IsTiled(sequence) ? ((tokens * (settings.Heads / settings.KeyHeads)) + QueriesAtOnce - 1) / QueriesAtOnce : tokens;
    }

    private int Units(int sequence) => settings.KeyHeads * Pieces(sequence);

    // A piece and its head of keys, counted through all sequences: later tokens see more keys and take longer, so that a unit each goes to whoever is free.
    private void OneUnit(float* room, int unit)
    {
        int sequence = 0;
        for (int some; unit >= (some = Units(sequence)); sequence++)
            unit -= some;
        int group = settings.Heads / settings.KeyHeads, start = plan.SequenceStart[sequence], all = (plan.SequenceStart[sequence + 1] - start) * group;
        (int keyHead, int piece) = Math.DivRem(unit, Pieces(sequence));
        if (IsTiled(sequence))
            Tiles(room, start, keyHead, piece * QueriesAtOnce, Math.Min((piece + 1) * QueriesAtOnce, all), int.MaxValue, null);
        else
            Heads(room, start + piece, keyHead * group, (keyHead + 1) * group, null);
    }

    // Where each sequence has one token: of each head of keys all groups.
    private void OneTokenEach(int part, float* room)
    {
        while (shares.TryTakeOne(part, out int unit))
        {
            (int next, int end) = shares.Own(part);
            OneHead(room, Group(unit), KeyHead(unit), next < end ? FirstKeys(groups.Start(Group(next)), KeyHead(next)) : null);
        }
    }

    private int Group(int unit) => unit % groups.Count;

    private int KeyHead(int unit) => unit / groups.Count;

    private void OneHead(float* room, int group, int keyHead, float* next)
    {
        int start = groups.Start(group), end = groups.Start(group + 1), heads = settings.Heads / settings.KeyHeads, all = (end - start) * heads;
        for (int token = start; token < end; token++)
        {
            rotation?.Queries(token, keyHead);
            rotation?.Store(token, keyHead);
        }
        if (groups.Shared(group) == 0)
            Heads(room, start, keyHead * heads, (keyHead + 1) * heads, next);
        else
            for (int first = 0, last; first < all; first = last)
            {
                last = Math.Min(first + QueriesAtOnce, all);
                Tiles(room, start, keyHead, first, last, groups.Shared(group), last == all ? next : null);
            }
        for (int token = start; token < end; token++)
            rounded?.Quantise(token, output.Row(token), keyHead * heads * settings.ValueDimension, (keyHead + 1) * heads * settings.ValueDimension);
    }

    private void FindPages(int token, int keyHead, int k)
    {
        DeviceBuffer[] pages = plan.Pages[plan.SequenceOf[token]];
        int last = Math.Min(plan.Positions[token], k + (PagesFound * layout.PagePositions));
        for (int end; k <= last; k = end)
        {
            end = PageEnd(k);
            int count = Math.Min(end, last + 1) - k;
            Lanes.PrefetchPages(Keys(pages, keyHead, k), count * settings.KeyDimension);
            Lanes.PrefetchPages(Values(pages, keyHead, k), count * settings.ValueDimension);
        }
    }

    private int First(int token) => settings.FirstSeen(plan.Positions[token]);

    private float* FirstKeys(int token, int keyHead) => Keys(plan.Pages[plan.SequenceOf[token]], keyHead, First(token));

    // Heads [head, end) of one token. Those that share keys meet each page of them together, while it is at hand; each asks for its share of the
    // page after the next.
    private void Heads(float* scores, int token, int head, int end, float* next)
    {
        int group = settings.Heads / settings.KeyHeads, position = plan.Positions[token];
        int first = First(token), aligned = first & ~7, before = first - aligned;
        var pages = new HeadPages(plan.Pages[plan.SequenceOf[token]], layout, first, position, (end - 1) / group, next);
        pages.AskForFirst(head / group);
        for (int stop; head < end; head = stop)
        {
            int keyHead = head / group, page = 0;
            stop = Math.Min(end, (keyHead + 1) * group);
            int share = settings.KeyDimension / (stop - head);
            for (int k = first; k <= position; k = PageEnd(k), page++)
            {
                float* ahead = pages.At(keyHead, page + 2);
                for (int h = head; h < stop; h++, ahead = Behind(ahead, share))
                    AttentionKernel.Products(scores + ((h - head) * stride) + (k - aligned), queries.Row(token) + (h * settings.KeyDimension),
                        pages.At(keyHead, page), settings.KeyDimension, Math.Min(PageEnd(k), position + 1) - k, ahead, share);
            }
            for (int h = head; h < stop; h++)
            {
                float* row = scores + ((h - head) * stride);
                new Span<float>(row, before).Fill(float.NegativeInfinity);
                AttentionKernel.Shape(row + before, settings, h, first, position + 1, position);
                AttentionKernel.Softmax(row, row, position + 1 - aligned, settings.Sinks is { } sinks ? sinks[h] : float.NegativeInfinity);
                new Span<float>(output.Row(token) + (h * settings.ValueDimension), settings.ValueDimension).Clear();
            }
            for (int k = first; k <= position; k = PageEnd(k), page++)
            {
                float* ahead = pages.At(keyHead, page + 2);
                for (int h = head; h < stop; h++, ahead = ahead == null ? null : ahead + settings.ValueDimension)
                    AttentionKernel.Mix(output.Row(token) + (h * settings.ValueDimension), scores + ((h - head) * stride) + (k - aligned),
                        pages.At(keyHead, page), settings.ValueDimension, settings.ValueDimension, Math.Min(PageEnd(k), position + 1) - k, ahead, stop - head);
            }
        }
    }

    // The next head's share of a page that is asked for.
    private float* Behind(float* ahead, int share) => ahead == null ? null : ahead + (layout.PagePositions * share);

    // The pages that one token's heads meet, in their order: of each head of keys all keys, then all values.
    private readonly ref struct HeadPages(DeviceBuffer[] pages, CacheLayout layout, int first, int position, int lastHead, float* next)
    {
        private readonly int firstPage = first / layout.PagePositions;
        private readonly int count = (position / layout.PagePositions) - (first / layout.PagePositions) + 1;

        // A head's page, from the first position seen on; beyond its own they go on with those of the next head, and end with `next`.
        public float* At(int keyHead, int page)
        {
            for (; page >= 2 * count; page -= 2 * count)
                if (++keyHead > lastHead)
                    return page == 2 * count ? next : null;
            int inRow = page < count ? page : page - count, position = Math.Max(first, (firstPage + inRow) * layout.PagePositions);
            return page < count ? AttentionKernel.Keys(pages, layout, keyHead, position) : AttentionKernel.Values(pages, layout, keyHead, position);
        }

        public void AskForFirst(int keyHead)
        {
            for (int page = 0; page < 2; page++)
                if (At(keyHead, page) is var from && from != null)
                    Lanes.Prefetch(from, layout.PagePositions * layout.KeyDimension);
        }
    }

    private float* Keys(DeviceBuffer[] pages, int head, int position) => AttentionKernel.Keys(pages, layout, head, position);

    private float* Values(DeviceBuffer[] pages, int head, int position) => AttentionKernel.Values(pages, layout, head, position);

    private int PageEnd(int position) => layout.PageEnd(position);
}
