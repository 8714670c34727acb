using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// Several linear layers of one input as one piece of parallel work: each worker takes a contiguous share of all outputs,
/// and a few small shares at the end go to whoever is first to be done.
/// </summary>
internal sealed unsafe class LinearWork(int workers) : IParallelWork, IDisposable
{
    private readonly LinearArguments[] layers = new LinearArguments[4];
    private readonly CpuWeight[] weights = new CpuWeight[4];
    private readonly CpuBuffer?[] scratch = new CpuBuffer?[3 * workers];
    private CpuBuffer? values;
    private CpuBuffer? scales;
    private CpuBuffer? sums;
    private CpuBuffer? offsets;
    private int layerCount;
    private int outputs;
    private int share; // outputs of each worker's first part
    private int smallShare; // outputs of each later part
    private int smallParts;
    private bool fast;
    private bool quantising;

    /// <summary>Multiplications of the whole piece.</summary>
    private long Size { get; set; }

    public void Run(WorkerPool pool, ReadOnlySpan<Projection> projections, in Rows input, Precision precision)
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
                Bias = projection.Bias.Pointer(),
                Order = weight.OutputOrder,
            };
            outputs += weight.Rows;
            Size += (long)input.Count * weight.Rows * weight.Columns;
            anyFast |= LinearKernels.HasFast(weight.Type);
        }
        fast = anyFast && precision == Precision.Fast;
        EnsureScratch(weights[0].Columns);
        bool parallel = Size * (fast ? 1 : 3) > WorkerPool.WorthSharing;
        if (fast)
            Quantise(pool, input);
        if (!parallel)
        {
            share = outputs;
            Run(0, 1);
            return;
        }
        Split(weights[0].Columns);
        pool.Run(this, workers + smallParts);
    }

    // Boundaries are whole cache lines of results, so that no two workers write to one line.
    private void Split(int columns)
    {
        const int Line = 16, LeastProducts = 32768;
        smallShare = (Math.Max(outputs / 32, LeastProducts / columns) + Line - 1) / Line * Line;
        smallParts = workers == 1 || outputs < 2 * workers * smallShare ? 0 : outputs < 6 * workers * smallShare ? workers : 2 * workers;
        share = (outputs - (smallParts * smallShare)) / workers / Line * Line;
    }

    public void Run(int index, int count)
    {
        if (quantising)
        {
            for (int token = index; token < layers[0].Tokens; token += count)
                layers[0].Quantised.QuantiseRow(token, layers[0].Input + (token * layers[0].InputStride));
            return;
        }
        if (fast && layers[0].Tokens == 1)
            layers[0].Quantised.PrefetchRow(0); // written by another core; asked for at once rather than line by line
        int first = index < workers ? index * share : (workers * share) + ((index - workers) * smallShare);
        int end = index == count - 1 ? outputs : first + (index < workers ? share : smallShare);
        for (int i = 0, before = 0; i < layerCount; before += weights[i].Rows, i++)
        {
            int from = Math.Max(first - before, 0), to = Math.Min(end - before, weights[i].Rows);
            if (from >= to)
                continue;
            bool eightBits = fast && LinearKernels.HasFast(weights[i].Type);
            for (int token = 0; token < layers[i].Tokens; token += LinearArguments.TokenBlock)
                LinearKernels.Run(weights[i].Type, eightBits,
                    layers[i].Slice(token, Math.Min(LinearArguments.TokenBlock, layers[i].Tokens - token)), from, to, scratch[index]!.Data);
        }
    }

    private void Quantise(WorkerPool pool, in Rows input)
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
        quantising = true;
        if (input.Count == 1)
            Lanes.Prefetch(input.Row(0), input.Width); // half of it may have been written by another core
        if (input.Count >= 16)
            pool.Run(this);
        else
            Run(0, 1);
        quantising = false;
    }

    private void EnsureScratch(int columns)
    {
        for (int i = 0; i < scratch.Length; i++)
            Room(ref scratch[i], Math.Max(ExactLinear<SingleRows>.ScratchLength(columns), FastLinear<Q8_0>.ScratchLength(columns)));
    }

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
