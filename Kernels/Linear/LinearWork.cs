using System.Numerics.Tensors;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// Several linear layers of one input as one piece of parallel work. Of one or two tokens, for which weights come from memory, each worker takes a contiguous
/// share of all outputs, and a few small shares at the end go to whoever is first to be done; of more tokens, at which one core may be much faster than
/// another, it helps the others (<see cref="WorkShares"/>).
/// </summary>
internal sealed unsafe class LinearWork(WorkerRooms rooms) : IRoundingWork
{
    /// <summary>Tokens whose input every worker norms and rounds for itself, sooner than it could wait for another to do it.</summary>
    public const int FewTokens = 2;

    private const int PassingFloats = 128 << 10; // results that stay in the second-level cache until something is made of them: half of 1 MiB
    private const int FewToAskFor = 8; // tokens whose rounded inputs are asked for in one go

    private readonly WorkShares shares = new(rooms.Count);
    private readonly LinearArguments[] layers = new LinearArguments[4];
    private readonly CpuWeight[] weights = new CpuWeight[4];
    private readonly Projection[] projections = new Projection[4]; // `layers` hold addresses, which keep nothing from the collector
    private long operation;
    private int layerCount;
    private int passing; // outputs of all tokens that are computed at once where only what is made of them is kept; 0: all, into the projections' rows
    private int outputs;
    private long size; // multiplications
    private int share; // outputs of each worker's own part
    private int smallShare; // outputs of each later part
    private bool isTaken; // instead, from `shares`:
    private int unit; // outputs that are not divided
    private int leastUnits; // that are worth taking
    private bool fast;
    private Rows input;
    private NormSettings? norm; // of the input, which is made of these rows:
    private Rows source;
    private Rows? sum; // to which the one layer's outputs are added
    private VectorAdd* adds; // and what else is; null: nothing // [tokens]
    private Rows? gated; // act(first layer) · second layer
    private QuantisedInput? roundedOutput; // where `gated` is rounded to
    private bool isRounded; // the input, by the operation before
    private ActivationKind activation;
    private float limit;

    public int Parts { get; private set; }

    /// <summary>Whether the input is wanted in 8 bits.</summary>
    public bool IsFast => fast;

    /// <summary>Whether the input has to be rounded first, once for all workers.</summary>
    public bool WantsRounded => fast && !isRounded && input.Count > FewTokens;

    /// <summary>Each projection's output = its layer of the input.</summary>
    public LinearWork Set(ReadOnlySpan<Projection> projections, in Rows input, Precision precision)
    {
        sum = gated = null;
        SetAll(projections, input, precision);
        return this;
    }

    /// <summary>stream += layer(input). Each worker adds what it has computed.</summary>
    public LinearWork SetAdd(in Rows stream, Projection projection, in Rows input, Precision precision)
    {
        (sum, gated) = (stream, null);
        SetAll([projection], input, precision);
        return this;
    }

    /// <summary>output = act(gate(input)) · up(input). Each worker computes the same outputs of both layers, and the activation of them.</summary>
    public LinearWork SetGated(in Rows output, Projection gate, Projection up, in Rows input, ActivationKind kind, float bound, Precision precision)
    {
        (sum, gated, activation, limit) = (null, output, kind, bound);
        SetAll([gate, up], input, precision);
        return this;
    }

    /// <summary>Whether outputs go to a buffer.</summary>
    public bool Writes(DeviceBuffer buffer)
    {
        for (int i = 0; i < layerCount; i++)
            if (projections[i].Output.Buffer == buffer)
                return true;
        return sum?.Buffer == buffer || gated?.Buffer == buffer;
    }

    /// <summary>The input is yet to be made, as the norm of other rows: for <see cref="FewTokens"/> at most, and where the outputs leave those rows alone.</summary>
    public void Norm(in Rows source, NormSettings settings) => (this.source, norm) = (source, settings);

    /// <summary>Whether it makes its input.</summary>
    public bool Norms => norm is not null;

    /// <summary>The input as it will be when this begins.</summary>
    public void TakeRounded(in QuantisedInput rounded)
    {
        isRounded = true;
        for (int i = 0; i < layerCount; i++)
            layers[i].Quantised = rounded;
    }

    public bool TryRound(in Rows output, in QuantisedInput rounded)
    {
        if (gated != output || output.Width % QuantisedInput.Block != 0)
            return false;
        roundedOutput = rounded;
        Split();
        return true;
    }

    /// <summary>Whether the outputs are added to these rows.</summary>
    public bool AddsTo(in Rows rows) => sum == rows;

    /// <summary>Has vectors added to the same rows, one to each. Only while nobody has begun.</summary>
    public void Add(VectorAdd* vectors) => adds = vectors;

    private void SetAll(ReadOnlySpan<Projection> projections, in Rows input, Precision precision)
    {
        operation = rooms.Next();
        this.input = source = input;
        norm = null;
        roundedOutput = null;
        adds = null;
        isRounded = false;
        layerCount = projections.Length;
        outputs = 0;
        size = 0;
        bool anyFast = false;
        projections.CopyTo(this.projections);
        for (int i = 0; i < projections.Length; i++)
        {
            Projection projection = projections[i];
            var weight = (CpuWeight)projection.Weight;
            weights[i] = weight;
            layers[i] = weight.Arguments with
            {
                Output = projection.Output.Row(0),
                OutputStride = projection.Output.Stride,
                Input = input.Row(0),
                InputStride = input.Stride,
                Tokens = input.Count,
                Bias = projection.Bias.Pointer(),
            };
            outputs += weight.Rows;
            size += (long)input.Count * weight.Rows * weight.Columns;
            anyFast |= weight.HasFast;
        }
        fast = anyFast && precision == Precision.Fast;
        if (gated is not null)
            outputs = weights[0].Rows;
        passing = input.Count <= LinearArguments.TokenBlock || (sum is null && gated is null)
            ? 0 : Math.Max(PassingFloats / (input.Count * layerCount) / Lanes.Line * Lanes.Line, Lanes.Line);
        rooms.Greatest = Math.Max(rooms.Greatest, Cost);
        Split();
    }

    private long Cost => size * (fast ? 1 : 3);

    // Boundaries are whole cache lines of results, so that no two workers write to one line, or whole blocks of what is rounded. Little work of few tokens
    // goes in equal shares: a part that begins elsewhere costs about a microsecond, until memory answers.
    private void Split()
    {
        const int LeastProducts = 1 << 18, LeastShare = 1 << 21, LeastTaken = 1 << 20, LeastOfPrompt = 64;
        isTaken = false;
        if (rooms.Count == 1 || Cost <= rooms.WorthSharing)
        {
            (Parts, share) = (1, outputs);
            return;
        }
        unit = roundedOutput is null ? Lanes.Line : QuantisedInput.Block;
        int workers = rooms.Count;
        if (input.Count > FewTokens)
        {
            shares.Set((outputs + unit - 1) / unit);
            leastUnits = input.Count > LinearArguments.TokenBlock ? LeastOfPrompt / unit : (int)(LeastTaken / (size / outputs) / unit); // all tokens are read anew
            (Parts, isTaken) = (workers, true);
            return;
        }
        smallShare = (Math.Max(outputs / 32, LeastProducts / weights[0].Columns) + unit - 1) / unit * unit;
        int smallParts = size / workers < LeastShare || outputs < 2 * workers * smallShare ? 0 : outputs < 6 * workers * smallShare ? workers : 2 * workers;
        share = ((outputs - (smallParts * smallShare)) / workers + (smallParts == 0 ? unit - 1 : 0)) / unit * unit;
        Parts = workers + smallParts;
    }

    // The first weights of the worker's own part: memory takes some time to answer, and longer to get going.
    public void Ask(int worker)
    {
        int row = First(worker), layer = 0;
        if (input.Count > FewTokens || worker >= Parts)
            return;
        for (; gated is null && layer < layerCount - 1 && row >= weights[layer].Rows; layer++)
            row -= weights[layer].Rows;
        if (row >= weights[layer].Rows)
            return;
        LinearArguments.Prefetch(weights[layer].Place(row), LinearArguments.PackedDistance);
    }

    public void Run(int part, int worker)
    {
        WorkerRoom room = rooms[worker];
        int columns = layers[0].Columns, count = input.Count;
        QuantisedInput rounded = layers[0].Quantised;
        float* floats = layers[0].Input;
        if (isRounded && count <= FewToAskFor)
        {
            for (int token = 0; token < count; token++)
                rounded.PrefetchRow(token); // written by another core; asked for at once rather than line by line
        }
        else if (count <= FewTokens)
        {
            if (norm is not null)
                floats = room.Inputs(count * columns);
            if (fast)
                rounded = room.Rounded(count, columns);
            MakeInputs(room, floats, rounded);
            if (norm is not null && part == 0)
                for (int token = 0; token < count; token++)
                    new Span<float>(floats + (token * columns), columns).CopyTo(new Span<float>(input.Row(token), columns));
        }
        float* scratch = room.Floats(KernelScratch(columns) + ((long)count * layerCount * passing));
        if (!isTaken)
            DoOutputs(First(part), part == Parts - 1 ? outputs : Math.Min(outputs, First(part) + (part < rooms.Count ? share : smallShare)));
        while (isTaken && shares.TryTake(part, leastUnits, out int firstUnit, out int endUnit))
            DoOutputs(firstUnit * unit, Math.Min(endUnit * unit, outputs));

        void DoOutputs(int from, int end)
        {
            for (int token = 0; adds is not null && token < count; token++)
                adds[token].AskFor(from, end - from);
            for (int last; from < end; from = last)
            {
                last = passing == 0 ? end : Math.Min(from + passing, end);
                Compute(from, last, scratch, floats, norm is null ? layers[0].InputStride : columns, rounded);
            }
        }
    }

    // Once for all parts that a worker does.
    private void MakeInputs(WorkerRoom room, float* floats, in QuantisedInput rounded)
    {
        if (room.Operation == operation)
            return;
        room.Operation = operation;
        for (int token = 0; token < input.Count; token++)
            Lanes.Prefetch(source.Row(token), input.Width); // half of it was written by another core
        for (int token = 0; token < input.Count; token++)
        {
            float* row = source.Row(token);
            if (norm is not null)
            {
                Kernels.Norm.Apply(floats + (token * input.Width), row, input.Width, norm, 0);
                row = floats + (token * input.Width);
            }
            if (fast)
                rounded.QuantiseRow(token, row);
        }
    }

    // Outputs of all layers, and what is made of them.
    private void Compute(int first, int end, float* room, float* floats, long stride, in QuantisedInput rounded)
    {
        float* results = room + KernelScratch(weights[0].Columns);
        for (int i = 0, before = 0; i < layerCount; before += gated is null ? weights[i].Rows : 0, i++)
        {
            int from = Math.Max(first - before, 0), to = Math.Min(end - before, weights[i].Rows);
            if (from >= to)
                continue;
            LinearArguments layer = layers[i];
            layer.Input = floats;
            layer.InputStride = stride;
            layer.Quantised = rounded;
            if (passing > 0)
                layer.Output = Results(i, results, first, out layer.OutputStride) - from;
            weights[i].Compute(layer, from, to, room, fast ? Precision.Fast : Precision.Exact);
        }
        Complete(first, end - first, results);
    }

    // Where a layer's outputs from `first` on are.
    private float* Results(int layer, float* passed, int first, out long stride)
    {
        stride = passing > 0 ? passing : layers[layer].OutputStride;
        return passing > 0 ? passed + ((long)layer * layers[layer].Tokens * passing) : layers[layer].Output + first;
    }

    // First output of a part.
    private int First(int part) =>
        Math.Min(outputs, part < rooms.Count ? part * share : (rooms.Count * share) + ((part - rooms.Count) * smallShare));

    // What is made of outputs that this worker has at hand.
    private void Complete(int first, int count, float* passed)
    {
        if (sum is null && gated is null)
            return;
        float* result = Results(0, passed, first, out long stride), second = Results(layerCount - 1, passed, first, out long secondStride);
        for (int token = 0; token < layers[0].Tokens; token++, result += stride, second += secondStride)
        {
            if (sum is { } stream)
            {
                var values = new Span<float>(stream.Row(token) + first, count);
                TensorPrimitives.Add(values, new ReadOnlySpan<float>(result, count), values);
                if (adds is not null)
                    adds[token].Apply(stream.Row(token) + first, first, count);
            }
            if (gated is { } output)
            {
                Activations.Apply(output.Row(token) + first, result, second, count, activation, limit);
                roundedOutput?.Quantise(token, output.Row(token), first, first + count);
            }
        }
    }

    /// <summary>Floats of scratch that any kernel needs, in whole lines.</summary>
    public static long KernelScratch(int columns) =>
        (long)Lanes.LineCount(Math.Max(ExactLinear<SingleRows>.ScratchLength(columns), FastLinear<Q8_0>.ScratchLength(columns))) * Lanes.Line;
}
