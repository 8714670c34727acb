namespace Managed.Kernels;

/// <inheritdoc cref="IDevice.RotateAndStore"/>
internal sealed unsafe class RotateWork(WorkerRooms rooms) : RowsWork(rooms)
{
    private Rows queries, keys, values;
    private NormSettings? queryNorm, keyNorm;
    private StepPlan plan = null!;
    private CacheLayout layout;
    private RopeTable[] tables = [];
    private bool turns;
    private int first;

    public RotateWork Set(
        StepPlan plan, in CacheLayout layout, in Rows queries, in Rows keys, in Rows values, NormSettings? queryNorm, NormSettings? keyNorm,
        int first, ReadOnlySpan<RopeTable> tables)
    {
        (this.plan, this.layout, this.queries, this.keys, this.values, this.first) = (plan, layout, queries, keys, values, first);
        (this.queryNorm, this.keyNorm) = (queryNorm, keyNorm);
        if (this.tables.Length < tables.Length)
            this.tables = new RopeTable[tables.Length];
        tables.CopyTo(this.tables);
        turns = !tables.IsEmpty;
        for (int token = 0; turns && token < plan.Count; token++)
            Rope.Prepare(tables[plan.SequenceOf[token]], plan.Positions[token]);
        Set(plan.Count, (long)plan.Count * (queries.Width + keys.Width));
        return this;
    }

    /// <summary>Whether each head can be turned without the others.</summary>
    public bool IsByHead => (queryNorm is null || queryNorm.Segments == queries.Width / layout.KeyDimension) && (keyNorm is null || keyNorm.Segments == layout.KeyHeads);

    /// <summary>Whether these are the queries of the step, and this is their cache.</summary>
    public bool Turns(in Rows queries, StepPlan plan, in CacheLayout layout) => this.queries == queries && this.plan == plan && this.layout == layout;

    /// <summary>Turns one head of the only token's queries.</summary>
    public void Query(float* turned, int head)
    {
        new Span<float>(queries.Row(0) + (head * layout.KeyDimension), layout.KeyDimension).CopyTo(new Span<float>(turned, layout.KeyDimension));
        Turn(turned, 0, head, queryNorm);
    }

    /// <summary>Turns a token's queries that meet a head of keys, where they are.</summary>
    public void Queries(int token, int keyHead) => Queries(token, keyHead, queryNorm);

    private void Queries(int token, int keyHead, NormSettings? norm)
    {
        int group = queries.Width / keys.Width;
        for (int head = keyHead * group; head < (keyHead + 1) * group; head++)
            Turn(queries.Row(token) + (head * layout.KeyDimension), token, head, norm);
    }

    /// <summary>Turns a token's key of a head, where it is, and writes it and the value to the cache.</summary>
    public void Store(int token, int keyHead) => Store(token, keyHead, keyNorm);

    private void Store(int token, int keyHead, NormSettings? norm)
    {
        float* key = keys.Row(token) + (keyHead * layout.KeyDimension);
        Turn(key, token, keyHead, norm);
        Store(plan, layout, token, keyHead, key, values.Row(token) + (keyHead * layout.ValueDimension));
    }

    private void Turn(float* vector, int token, int head, NormSettings? norm)
    {
        if (norm is not null)
            Norm.Apply(vector, vector, layout.KeyDimension, norm, head);
        if (turns)
            Rope.Apply(vector + first, tables[plan.SequenceOf[token]], plan.Positions[token]);
    }

    protected override void Do(int token, int worker)
    {
        // Norms over all heads come first.
        if (queryNorm is not null)
            NormWork.Do(queries.Row(token), queries.Row(token), queries.Width, queryNorm);
        if (keyNorm is not null)
            NormWork.Do(keys.Row(token), keys.Row(token), keys.Width, keyNorm);
        for (int keyHead = 0; keyHead < layout.KeyHeads; keyHead++)
        {
            Queries(token, keyHead, null);
            Store(token, keyHead, null);
        }
    }

    /// <summary>Writes a token's keys and values to its place in the cache.</summary>
    public static void Store(StepPlan plan, in CacheLayout layout, int token, float* key, float* value)
    {
        for (int head = 0; head < layout.KeyHeads; head++)
            Store(plan, layout, token, head, key + (head * layout.KeyDimension), value + (head * layout.ValueDimension));
    }

    private static void Store(StepPlan plan, in CacheLayout layout, int token, int head, float* key, float* value)
    {
        int position = plan.Positions[token], inPage = position % layout.PagePositions;
        float* page = plan.Pages[plan.SequenceOf[token]][position / layout.PagePositions].Pointer();
        new Span<float>(key, layout.KeyDimension).CopyTo(new Span<float>(page + layout.Key(head, inPage), layout.KeyDimension));
        new Span<float>(value, layout.ValueDimension).CopyTo(new Span<float>(page + layout.Value(head, inPage), layout.ValueDimension));
    }
}
