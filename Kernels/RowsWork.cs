using Managed.Kernels.Edits;

namespace Managed.Kernels;

/// <summary>
/// What is done with each row of a step by itself, on all workers where the rows are many: a row's bits do not depend on who computes it.
/// </summary>
internal sealed unsafe class RowsWork(int workers) : IParallelWork, IDisposable
{
    private enum Operation
    {
        Norm,
        Rotate,
        Edit,
    }

    private const int WorthSharing = 8192; // elements, whose norm takes one worker about 5 µs

    private readonly CpuBuffer?[] scratch = new CpuBuffer?[workers];
    private Operation operation;
    private Rows output, input, values;
    private NormSettings? settings, keySettings;
    private StepPlan plan = null!;
    private CacheLayout layout;
    private RopeTable[] tables = [];
    private bool turns;
    private int first, site;

    /// <inheritdoc cref="IDevice.Norm"/>
    public void Norm(WorkerPool pool, in Rows output, in Rows input, NormSettings settings)
    {
        (operation, this.output, this.input, this.settings) = (Operation.Norm, output, input, settings);
        Start(pool, (long)input.Count * input.Width);
    }

    /// <inheritdoc cref="IDevice.RotateAndStore"/>
    public void RotateAndStore(
        WorkerPool pool, StepPlan plan, in CacheLayout layout, in Rows queries, in Rows keys, in Rows values, NormSettings? queryNorm, NormSettings? keyNorm,
        int first, ReadOnlySpan<RopeTable> tables)
    {
        (operation, output, input, this.values, this.plan, this.layout, this.first) = (Operation.Rotate, queries, keys, values, plan, layout, first);
        (settings, keySettings) = (queryNorm, keyNorm);
        if (this.tables.Length < tables.Length)
            this.tables = new RopeTable[tables.Length];
        tables.CopyTo(this.tables);
        turns = !tables.IsEmpty;
        for (int token = 0; turns && token < plan.Count; token++)
            Rope.Prepare(tables[plan.SequenceOf[token]], plan.Positions[token]);
        Start(pool, (long)plan.Count * (queries.Width + keys.Width));
    }

    /// <inheritdoc cref="IDevice.Edit"/>
    public void Edit(WorkerPool pool, in Rows values, StepPlan plan, int site)
    {
        (operation, this.values, this.plan, this.site) = (Operation.Edit, values, plan, site);
        bool hasCustoms = false;
        for (int s = 0; s < plan.SequenceCount; s++)
            hasCustoms |= plan.Edits[s] is { Program.Customs.Length: > 0 }; // a user's own code is for one thread
        Start(pool, plan.SequenceCount > 1 && !hasCustoms ? (long)values.Count * values.Width : 0);
    }

    private void Start(WorkerPool pool, long elements)
    {
        if (elements < WorthSharing)
            Run(0, 1);
        else
            pool.Run(this);
    }

    public void Run(int index, int count)
    {
        int rows = operation switch
        {
            Operation.Norm => input.Count,
            Operation.Rotate => plan.Count,
            _ => plan.SequenceCount,
        };
        for (int row = rows * index / count, end = rows * (index + 1) / count; row < end; row++)
            switch (operation)
            {
                case Operation.Norm:
                    Norm(output.Row(row), input.Row(row), input.Width, settings!);
                    break;
                case Operation.Rotate:
                    RotateAndStore(row);
                    break;
                default:
                    EditSequence(row, index);
                    break;
            }
    }

    private static void Norm(float* output, float* input, int all, NormSettings settings)
    {
        int width = all / settings.Segments;
        for (int s = 0; s < settings.Segments; s++)
            Kernels.Norm.Apply(output + (s * width), input + (s * width), width, settings, s);
    }

    private void RotateAndStore(int token)
    {
        float* query = output.Row(token), key = input.Row(token), value = values.Row(token);
        if (settings is not null)
            Norm(query, query, output.Width, settings);
        if (keySettings is not null)
            Norm(key, key, input.Width, keySettings);
        int position = plan.Positions[token], sequence = plan.SequenceOf[token];
        if (turns)
        {
            for (int head = 0; head < output.Width / layout.KeyDimension; head++)
                Rope.Apply(query + (head * layout.KeyDimension) + first, tables[sequence], position);
            for (int head = 0; head < layout.KeyHeads; head++)
                Rope.Apply(key + (head * layout.KeyDimension) + first, tables[sequence], position);
        }
        Store(plan, layout, token, key, value);
    }

    /// <summary>Writes a token's keys and values to its place in the cache.</summary>
    public static void Store(StepPlan plan, in CacheLayout layout, int token, float* key, float* value)
    {
        int position = plan.Positions[token], inPage = position % layout.PagePositions;
        float* page = plan.Pages[plan.SequenceOf[token]][position / layout.PagePositions].Pointer();
        for (int head = 0; head < layout.KeyHeads; head++)
        {
            new Span<float>(key + (head * layout.KeyDimension), layout.KeyDimension).CopyTo(new Span<float>(page + layout.Key(head, inPage), layout.KeyDimension));
            new Span<float>(value + (head * layout.ValueDimension), layout.ValueDimension).CopyTo(new Span<float>(page + layout.Value(head, inPage), layout.ValueDimension));
        }
    }

    // A sequence's tokens in their order: each may read what the one before it wrote.
    private void EditSequence(int sequence, int worker)
    {
        if (plan.Edits[sequence] is not { } state || state.Program.At(site) is not { Count: > 0 } part)
            return;
        if (scratch[worker] is not { } room || room.Length < values.Width)
        {
            scratch[worker]?.Dispose();
            scratch[worker] = room = new CpuBuffer(values.Width);
        }
        for (int token = plan.SequenceStart[sequence]; token < plan.SequenceStart[sequence + 1]; token++)
            EditKernel.Run(values.Row(token), values.Width, plan.Positions[token], state, part, room.Data);
    }

    public void Dispose()
    {
        foreach (CpuBuffer? buffer in scratch)
            buffer?.Dispose();
    }
}
