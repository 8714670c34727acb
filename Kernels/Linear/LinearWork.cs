using System.Numerics.Tensors;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// Several linear layers of one input as one piece of parallel work: each worker takes a contiguous share of all outputs,
/// and a few small shares at the end go to whoever is first to be done.
/// </summary>
internal sealed unsafe class LinearWork(int workers) : IParallelWork, IDisposable
{
    private const int FewTokens = 4; // for which rows are packed
    private const int PassingFloats = 64 << 10; // results that stay in the second-level cache until something is made of them
    private const int Line = 16; // floats of a cache line
    private const int FewToRound = 8; // tokens that one worker rounds to 8 bits sooner than several do

    private readonly WeightPacking packing = new();
    private readonly LinearArguments[] layers = new LinearArguments[4];
    private readonly CpuWeight[] weights = new CpuWeight[4];
    private readonly CpuBuffer?[] scratch = new CpuBuffer?[3 * workers];
    private CpuBuffer? values;
    private CpuBuffer? scales;
    private CpuBuffer? sums;
    private CpuBuffer? offsets;
    private int layerCount;
    private int passing; // outputs of all tokens that are computed at once where only what is made of them is kept; 0: all, into the projections' rows
    private int outputs;
    private int share; // outputs of each worker's first part
    private int smallShare; // outputs of each later part
    private int smallParts;
    private bool fast;
    private bool quantising;
    private bool isRounded = true; // what parts of a single token wait for
    private Rows? sum; // to which the one layer's outputs are added
    private Rows? gated; // act(first layer) · second layer
    private ActivationKind activation;
    private float limit;

    /// <summary>Multiplications of the whole piece.</summary>
    private long Size { get; set; }

    /// <summary>Each projection's output = its layer of the input.</summary>
    public void Run(WorkerPool pool, ReadOnlySpan<Projection> projections, in Rows input, Precision precision)
    {
        sum = gated = null;
        Start(pool, projections, input, precision);
    }

    /// <summary>stream += layer(input). Each worker adds what it has computed.</summary>
    public void RunAndAdd(WorkerPool pool, in Rows stream, Projection projection, in Rows input, Precision precision)
    {
        (sum, gated) = (stream, null);
        Start(pool, [projection], input, precision);
    }

    /// <summary>output = act(gate(input)) · up(input). Each worker computes the same outputs of both layers, and the activation of them.</summary>
    public void RunGated(
        WorkerPool pool, in Rows output, Projection gate, Projection up, in Rows input, ActivationKind kind, float bound, Precision precision)
    {
        (sum, gated, activation, limit) = (null, output, kind, bound);
        Start(pool, [gate, up], input, precision);
    }

    private void Start(WorkerPool pool, ReadOnlySpan<Projection> projections, in Rows input, Precision precision)
    {
        layerCount = projections.Length;
        outputs = 0;
        Size = 0;
        bool anyFast = false;
        for (int i = 0; i < projections.Length; i++)
        {
            Projection projection = projections[i];
            var weight = (CpuWeight)projection.Weight;
            weights[i] = weight;
            if (input.Count <= FewTokens)
                weight.CountStep(pool, packing);
            layers[i] = new LinearArguments
            {
                Output = projection.Output.Row(0),
                OutputStride = projection.Output.Stride,
                Input = input.Row(0),
                InputStride = input.Stride,
                Tokens = input.Count,
                Weight = weight.Data,
                RowBytes = weight.RowBytes,
                Columns = weight.Columns,
                Packed = weight.Packed,
                Bias = projection.Bias.Pointer(),
                Order = weight.OutputOrder,
                IsInterleaved = weight.IsInterleaved,
            };
            outputs += weight.Rows;
            Size += (long)input.Count * weight.Rows * weight.Columns;
            anyFast |= weight.HasFast;
        }
        fast = anyFast && precision == Precision.Fast;
        if (gated is not null)
            outputs = weights[0].Rows;
        passing = input.Count <= LinearArguments.TokenBlock || (sum is null && gated is null)
            ? 0 : Math.Max(PassingFloats / (input.Count * layerCount) / Line * Line, Line);
        EnsureScratch(weights[0].Columns, (long)input.Count * layerCount * passing);
        bool parallel = Size * (fast ? 1 : 3) > WorkerPool.WorthSharing;
        if (parallel)
            Split(weights[0].Columns);
        if (parallel && fast && input.Count == 1 && workers > 1)
        {
            BeginAndQuantise(pool, input);
            return;
        }
        if (fast)
            Quantise(pool, input);
        if (!parallel)
        {
            share = outputs;
            Run(0, 1);
            return;
        }
        pool.Run(this, workers + smallParts);
    }

    // One token: while its input is rounded, the others are called and ask for their weights.
    private void BeginAndQuantise(WorkerPool pool, in Rows input)
    {
        PlaceQuantised(input);
        isRounded = false;
        pool.Begin(this, workers + smallParts);
        AskFor(0);
        AskForWeights(workers - 1); // what is left when the others have taken theirs
        layers[0].Quantised.QuantiseRow(0, layers[0].Input);
        Volatile.Write(ref isRounded, true);
        pool.Finish();
    }

    // Boundaries are whole cache lines of results, so that no two workers write to one line. Little work goes in equal shares:
    // each part costs about a microsecond.
    private void Split(int columns)
    {
        const int LeastProducts = 1 << 18, LeastShare = 1 << 21;
        int least = layers[0].Tokens > LinearArguments.TokenBlock ? Line : LeastProducts / columns;
        smallShare = (Math.Max(outputs / 32, least) + Line - 1) / Line * Line;
        smallParts = workers == 1 || Size / workers < LeastShare || outputs < 2 * workers * smallShare ? 0 : outputs < 6 * workers * smallShare ? workers : 2 * workers;
        share = ((outputs - (smallParts * smallShare)) / workers + (smallParts == 0 ? Line - 1 : 0)) / Line * Line;
    }

    public void Run(int index, int count)
    {
        if (quantising)
        {
            AskFor(index);
            for (int token = index; token < layers[0].Tokens; token += count)
            {
                AskFor(token + count);
                layers[0].Quantised.QuantiseRow(token, layers[0].Input + (token * layers[0].InputStride));
            }
            return;
        }
        if (!Volatile.Read(ref isRounded))
        {
            AskForWeights(index);
            var spin = new SpinWait(); // that lets others run at last: where threads are more than cores, the caller among them
            while (!Volatile.Read(ref isRounded))
                spin.SpinOnce(sleep1Threshold: -1);
        }
        if (fast && layers[0].Tokens <= FewToRound)
            for (int token = 0; token < layers[0].Tokens; token++)
                layers[0].Quantised.PrefetchRow(token); // written by another core; asked for at once rather than line by line
        int first = First(index);
        int end = index == count - 1 ? outputs : Math.Min(outputs, first + (index < workers ? share : smallShare));
        for (int last; first < end; first = last)
        {
            last = passing == 0 ? end : Math.Min(first + passing, end);
            Compute(first, last, scratch[index]!.Data);
        }
    }

    // Outputs of all layers, and what is made of them.
    private void Compute(int first, int end, float* room)
    {
        float* results = room + KernelScratch(weights[0].Columns);
        for (int i = 0, before = 0; i < layerCount; before += gated is null ? weights[i].Rows : 0, i++)
        {
            int from = Math.Max(first - before, 0), to = Math.Min(end - before, weights[i].Rows);
            if (from >= to)
                continue;
            LinearArguments layer = layers[i];
            if (passing > 0)
                layer.Output = Results(i, results, first, out layer.OutputStride) - from;
            int block = fast && weights[i].HasFast ? LinearArguments.TokenBlock : layer.Tokens;
            for (int token = 0; token < layer.Tokens; token += block)
                weights[i].Compute(layer.Slice(token, Math.Min(block, layer.Tokens - token)), from, to, room, fast ? Precision.Fast : Precision.Exact);
        }
        Finish(first, end - first, results);
    }

    // Where a layer's outputs from `first` on are.
    private float* Results(int layer, float* passed, int first, out long stride)
    {
        stride = passing > 0 ? passing : layers[layer].OutputStride;
        return passing > 0 ? passed + ((long)layer * layers[layer].Tokens * passing) : layers[layer].Output + first;
    }

    // First output of a part.
    private int First(int index) => Math.Min(outputs, index < workers ? index * share : (workers * share) + ((index - workers) * smallShare));

    // The first weights of a part: memory takes some time to answer, and longer to get going.
    private void AskForWeights(int index)
    {
        int row = First(index), layer = 0;
        for (; gated is null && layer < layerCount - 1 && row >= weights[layer].Rows; layer++)
            row -= weights[layer].Rows;
        if (row >= weights[layer].Rows)
            return;
        byte* ahead = weights[layer].Place(row), end = ahead + LinearArguments.PackedDistance;
        while (ahead < end)
            LinearArguments.Prefetch(ref ahead, 64);
    }

    // A row of the input: half of it may have been written by another core.
    private void AskFor(int token)
    {
        if (token < layers[0].Tokens)
            Lanes.Prefetch(layers[0].Input + (token * layers[0].InputStride), layers[0].Columns);
    }

    // What is made of outputs that this worker has at hand.
    private void Finish(int first, int count, float* passed)
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
            }
            if (gated is { } output)
                Activations.Apply(output.Row(token) + first, result, second, count, activation, limit);
        }
    }

    private void Quantise(WorkerPool pool, in Rows input)
    {
        PlaceQuantised(input);
        quantising = true;
        if (input.Count > FewToRound)
            pool.Run(this);
        else
            Run(0, 1);
        quantising = false;
    }

    private void PlaceQuantised(in Rows input)
    {
        int columns = weights[0].Columns, blocks = QuantisedInput.PaddedBlocks(columns);
        var quantised = new QuantisedInput
        {
            Values = (sbyte*)Room(ref values, ((long)input.Count * columns / sizeof(float)) + 8).Data,
            Scales = Room(ref scales, (long)input.Count * blocks).Data,
            Sums = Room(ref sums, (long)input.Count * blocks).Data,
            Offsets = (int*)Room(ref offsets, (long)input.Count * 2 * blocks).Data,
            Columns = columns,
        };
        for (int i = 0; i < layerCount; i++)
            layers[i].Quantised = quantised;
    }

    private void EnsureScratch(int columns, long passingResults)
    {
        for (int i = 0; i < scratch.Length; i++)
            Room(ref scratch[i], KernelScratch(columns) + passingResults);
    }

    // Floats, in whole lines.
    private static long KernelScratch(int columns) =>
        (Math.Max(ExactLinear<SingleRows>.ScratchLength(columns), FastLinear<Q8_0>.ScratchLength(columns)) + Line - 1) / Line * Line;

    private static CpuBuffer Room(ref CpuBuffer? buffer, long length)
    {
        if (buffer is null || buffer.Length < length)
        {
            buffer?.Dispose();
            buffer = new CpuBuffer(length);
        }
        return buffer;
    }

    public void Dispose()
    {
        foreach (CpuBuffer? buffer in scratch)
            buffer?.Dispose();
        values?.Dispose();
        scales?.Dispose();
        sums?.Dispose();
        offsets?.Dispose();
    }
}
