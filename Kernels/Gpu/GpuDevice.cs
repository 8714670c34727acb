using ILGPU;
using ILGPU.Runtime;
using Managed.Kernels.Edits;
using Managed.Kernels.Gpu.Attention;
using Managed.Kernels.Gpu.Edits;
using Managed.Kernels.Gpu.Experts;
using Managed.Kernels.Gpu.Guidance;
using Managed.Kernels.Gpu.Matrix;
using Managed.Kernels.Gpu.Vector;
using Managed.Kernels.Guidance;

namespace Managed.Kernels.Gpu;

/// <summary>
/// A GPU, or whatever else ILGPU compiles for: launches the kernels, each of which stands in its own file. Memory of the host and of the
/// device are kept in step by <see cref="GpuBuffer"/>.
/// </summary>
internal sealed partial class GpuDevice : IDevice
{
    private readonly Context context;
    private readonly Accelerator accelerator;
    private readonly GpuMemory memory;
    private readonly GpuKernels kernels;
    private readonly Arena<float> arena;
    private readonly StepTables step;
    private readonly EditTables edits;
    private readonly GuidanceTables guidance;
    private readonly HostTable<int> indices;
    private readonly ExpertTables experts;
    private readonly HostTable<float> factors;
    private readonly ArrayView<float> nothing; // stands where an operand is absent
    private readonly MemoryBuffer1D<float, Stride1D.Dense> one;
    private long weightBytes;

    /// <param name="context">Belongs to the device from then on.</param>
    /// <param name="accelerator">The accelerator; belongs to the device, too.</param>
    public GpuDevice(Context context, Accelerator accelerator)
    {
        (this.context, this.accelerator) = (context, accelerator);
        kernels = new GpuKernels(accelerator);
        memory = new GpuMemory(accelerator);
        arena = new Arena<float>(memory);
        step = new StepTables(memory, arena);
        edits = new EditTables(memory, arena, kernels.EditWith);
        guidance = new GuidanceTables(memory);
        indices = new HostTable<int>(memory);
        experts = new ExpertTables(memory, kernels);
        factors = new HostTable<float>(memory);
        matrices = MatrixKernels.For(memory, kernels.Of);
        attentions = AttentionKernelSet.For(memory);
        vectors = new VectorKernels(memory) is { IsSupported: true } supported ? supported : null;
        one = memory.Allocate<float>(1);
        keeping = new Keeping(memory);
        keptRows = new HostTable<int>(memory);
        nothing = one.View.AsContiguous();
    }

    public string Name => $"{accelerator.AcceleratorType.ToString().ToLowerInvariant()}, {accelerator.Name}";

    /// <summary>Then few rows go the way of many.</summary>
    public bool KeepsBits { get; set; }

    /// <summary>Whether operations of a few rows are done in the launch of the one behind them; the bits are the same without. For measurements.</summary>
    public bool Joins { get; set; } = true;

    public DeviceBuffer Allocate(long length)
    {
        GpuBuffer buffer = Reserve(length);
        buffer.Clear();
        return buffer;
    }

    /// <summary>Without tensor cores all kernels take float32 activations.</summary>
    public Precision Effective(Precision wanted) => matrices is null ? Precision.Exact : wanted;

    public Weight CreateWeight(in WeightSource source) => CreateWeight(new ReadOnlySpan<WeightSource>(in source));

    private GpuWeight CreateWeight(ReadOnlySpan<WeightSource> sources)
    {
        try
        {
            var weight = new GpuWeight(memory, sources);
            weightBytes += weight.ByteCount;
            return weight;
        }
        catch (AcceleratorException failure)
        {
            throw Full($"a weight of {sources.Length * sources[0].Rows:N0} × {sources[0].Columns:N0} in {sources[0].Type}", failure);
        }
    }

    public DeviceBuffer Upload(ReadOnlySpan<float> values)
    {
        GpuBuffer buffer = Reserve(values.Length);
        buffer.Upload(values);
        return buffer;
    }

    private GpuBuffer Reserve(long length)
    {
        try
        {
            return new GpuBuffer(memory, length);
        }
        catch (AcceleratorException failure)
        {
            throw Full($"{length * sizeof(float):N0} bytes of results or cache", failure);
        }
    }

    private DeviceException Full(string wanted, AcceleratorException failure) => new(
        $"{Name}: no room for {wanted}. Weights take {weightBytes:N0} of its {accelerator.MemorySize:N0} bytes; a smaller type of weights, a shorter --context or --device cpu need less ({failure.Message})",
        failure);

    public void Synchronize()
    {
        if (memory.IsRecording)
            return;
        memory.Wait();
        keeping.Wait();
    }

    public Span<float> Span(DeviceBuffer buffer, long start, int length)
    {
        LaunchWhatWaits();
        if (buffer == prepared.Buffer)
            prepared = default;
        return ((GpuBuffer)buffer).Lend(start, length);
    }

    public Span<float> Read(DeviceBuffer buffer, long start, int length)
    {
        LaunchWhatWaits();
        return ((GpuBuffer)buffer).Read(start, length);
    }

    public void Embed(Rows output, StepPlan plan, Weight table, float scale) =>
        Embed(output, step.Tokens(plan), table, 0, scale, plan.Count);

    public void EmbedPositions(Rows output, StepPlan plan, Weight table, int offset) =>
        Embed(output, step.Positions(plan), table, offset, 1f, plan.Count);

    private void Embed(Rows output, ArrayView<int> rows, Weight table, int offset, float scale, int count) =>
        kernels.Of(table.Type).Embed(kernels.Threads(count * (long)((table.Columns + 7) / 8)), View(output), rows, ((GpuWeight)table).View, offset, scale, count);

    public void Norm(Rows output, Rows input, NormSettings settings)
    {
        LaunchNorm();
        if (MayWait(output, input, settings))
            waitingNorm = new WaitingNorm(output, input, settings);
        else
            LaunchNorm(output, input, settings);
    }

    private void LaunchNorm(Rows output, Rows input, NormSettings settings)
    {
        if (input.Count > 0 && !TryNormPrepared(output, input, settings))
        {
            NormShape shape = Shape(settings, output, input);
            if (settings.Segments == 1 && TakeEdit(input) is { } edit)
                kernels.NormEdited(Groups(input, settings), View(output), View(input), View(settings.Gain), View(settings.Bias), shape, edit);
            else
                kernels.Norm(Groups(input, settings), View(output), View(input), View(settings.Gain), View(settings.Bias), shape);
        }
        (lastNorm, lastNormed) = (settings, output);
    }

    public void NormScale(Rows scale, Rows input, NormSettings settings) =>
        kernels.NormScale(Groups(input, settings), View(scale), View(input), new NormShape(settings, input.Width));

    public void NormDivide(Rows normalized, Rows input, Rows scale, NormSettings settings) =>
        kernels.NormDivide(Groups(input, settings), View(normalized), View(input), View(scale), new NormShape(settings, input.Width));

    public void NormGain(Rows output, Rows normalized, NormSettings settings) =>
        kernels.NormGain(Groups(normalized, settings), View(output), View(normalized), View(settings.Gain), View(settings.Bias), new NormShape(settings, normalized.Width));

    private static NormShape Shape(NormSettings settings, Rows output, Rows input) =>
        new(settings, input.Width, settings.Segments == 1 && IsAligned(output) && IsAligned(input));

    // Buffers themselves begin at multiples of 256 bytes.
    private static bool IsAligned(Rows rows) => rows.Start % 4 == 0 && rows.Stride % 4 == 0 && rows.Width % 8 == 0;

    private KernelConfig Groups(Rows input, NormSettings settings) => kernels.NormGroups(input.Count * settings.Segments);

    public void Activate(Rows output, Rows gate, Rows? up, ActivationKind kind, float limit = 0)
    {
        KernelConfig config = Elements(output);
        if (kind == ActivationKind.ClampedSwiglu)
            kernels.ClampedSwiglu(config, View(output), View(gate), View(up!.Value), limit, output.Count);
        else
            kernels.Activation(kind)(config, View(output), View(gate), View(up ?? gate), up is null ? 0 : 1, output.Count);
    }

    public void Add(Rows output, Rows a, Rows b, float scale = 1)
    {
        if (scale == 1f)
            kernels.Add(Elements(output), View(output), View(a), View(b), output.Count);
        else
            kernels.AddScaled(Elements(output), View(output), View(a), View(b), scale, output.Count);
    }

    public void Scale(Rows output, Rows input, float scale) => kernels.Scale(Elements(output), View(output), View(input), scale, output.Count);

    public void Clamp(Rows values, float limit) => kernels.Clamp(Elements(values), View(values), limit, values.Count);

    public void SoftCap(Rows values, float cap) => kernels.SoftCap(Elements(values), View(values), cap, values.Count);

    public void ScaleRows(Rows values, Rows factors) => kernels.ScaleRows(Elements(values), View(values), View(factors), values.Count);

    public void Gather(Rows output, Rows input, ReadOnlySpan<int> indices) =>
        kernels.Gather(Elements(output), View(output), View(input), this.indices.View(indices), output.Count);

    public void Route(Span<int> indices, Span<float> weights, Rows logits, RouterSettings settings)
    {
        int chosen = settings.Chosen;
        for (int t = 0; t < logits.Count; t++)
            Routing.Choose(indices.Slice(t * chosen, chosen), weights.Slice(t * chosen, chosen),
                Span(logits.Buffer, logits.Start + ((long)t * logits.Stride), logits.Width), settings);
    }

    public void Combine(Rows output, Rows parts, ReadOnlySpan<int> slots, ReadOnlySpan<float> weights, int chosen) =>
        kernels.Combine(Elements(output), View(output), View(parts), indices.View(slots), 1, factors.View(weights), chosen, output.Count);

    public void Softmax(Rows output, Rows input)
    {
        if (input.Count > 0)
            kernels.Softmax(kernels.Groups(input.Count), View(output), View(input));
    }

    public void Edit(Rows values, StepPlan plan, int site)
    {
        LaunchNorm();
        LaunchTurn();
        edits.Follow(plan);
        for (int s = 0; edits.NeedHost && s < plan.SequenceCount; s++)
        {
            if (!edits.IsOnHost(s, site) || plan.Edits[s] is not { } state)
                continue;
            for (int t = plan.SequenceStart[s]; t < plan.SequenceStart[s + 1]; t++)
                EditReference.Run(this, Span(values.Buffer, values.Start + ((long)t * values.Stride), values.Width), plan.Positions[t], state, state.Program.At(site));
        }
        foreach (CustomKernel code in edits.CodesAt(site))
        {
            LaunchEdit();
            ArrayView<EditItem> own = edits.At(site, code);
            code.Launch(kernels.EditGroups((int)own.Length), View(values), own, step.Positions(plan), edits.Memory);
        }
        ArrayView<EditItem> items = edits.At(site);
        if (items.Length == 0)
            return;
        LaunchEdit();
        waiting = new WaitingEdit(values, items, step.Positions(plan), edits.AreFew(site));
        if (!isInStep || !kernels.HasWarps || !edits.AreAdds(site, values.Count))
            LaunchEdit();
    }

    public bool ListsTokens => kernels.HasDoubles;

    public bool TryBest(Span<int> tokens, Rows logits, LogitChoices choices)
    {
        if (!kernels.HasDoubles || !GuidanceTables.Knows(choices.Stages))
            return false;
        if (choices.Count == 0)
            return true;
        guidance.Run(kernels.Guidance, kernels.GuidanceList, kernels.GuidanceThreads, View(logits), choices);
        guidance.Read(tokens[..choices.Count], choices);
        return true;
    }

    private KernelConfig Elements(Rows rows) => kernels.Threads((long)rows.Count * rows.Width);

    private RowsView View(Rows rows)
    {
        if (rows.Buffer == waitingNorm?.Input.Buffer || rows.Buffer == waitingNorm?.Output.Buffer)
            LaunchNorm();
        if (waitingTurn?.Concerns(rows.Buffer) == true)
            LaunchTurn();
        if (rows.Buffer == moved?.Buffer)
            LaunchMove();
        if (rows.Buffer == waiting?.Values.Buffer)
            LaunchEdit();
        Forget(rows.Buffer);
        return InMemory(rows);
    }

    // It may be written.
    private void Forget(DeviceBuffer buffer)
    {
        if (buffer == prepared.Buffer)
            prepared = default;
        if (buffer == lastNormed.Buffer)
            lastNorm = null;
    }

    private static RowsView InMemory(Rows rows)
    {
        ArrayView<float> all = ((GpuBuffer)rows.Buffer).View;
        return new RowsView(all.SubView(rows.Start, Math.Min(all.Length - rows.Start, (long)rows.Count * rows.Stride)), rows.Width, rows.Stride);
    }

    private ArrayView<float> View(DeviceBuffer? buffer) => buffer is GpuBuffer own ? own.View : nothing;

    public void Dispose()
    {
        keeping.Dispose();
        keptRows.Dispose();
        ForgetRecordings();
        foreach (RopeAngles turns in angles)
            turns.Dispose();
        foreach (GpuBuffer vector in uploads.Values)
            vector.Dispose();
        scores?.Dispose();
        elsewhere?.Dispose();
        matrices?.Dispose();
        attentions?.Dispose();
        vectors?.Dispose();
        step.Dispose();
        edits.Dispose();
        indices.Dispose();
        experts.Dispose();
        guidance.Dispose();
        factors.Dispose();
        arena.Dispose();
        one.Dispose();
        accelerator.Dispose();
        context.Dispose();
    }
}
