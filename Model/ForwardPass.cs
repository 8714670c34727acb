using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Weights;

namespace Managed;

/// <summary>What one step of the forward computation carries from operation to operation.</summary>
internal sealed class ForwardPass
{
    private readonly Workspace workspace;

    public ForwardPass(IDevice device, Workspace workspace, int layers)
    {
        (Device, this.workspace, EditSites) = (device, workspace, new EditSites(layers));
        Adapters = new AdapterPass(device, workspace, Plan);
    }

    public IDevice Device { get; }

    public StepPlan Plan { get; } = new();

    public HookTable? Hooks { get; set; }

    /// <summary>The hook points where guards of this step's sequences act.</summary>
    public EditSites EditSites { get; }

    public Precision Precision { get; set; }

    /// <summary>The step's sequences.</summary>
    public Sequence[] Sequences { get; set; } = [];

    /// <summary>Whether any of the sequences uses an adapter.</summary>
    public bool HasAdapters => !Adapters.IsEmpty;

    /// <summary>The adapters of the step's sequences.</summary>
    public AdapterPass Adapters { get; }

    /// <summary>Tokens in this step.</summary>
    public int Count => Plan.Count;

    public Rows Rows(Scratch name, int width) => workspace.Rows(name, Count, width);

    public Rows Rows(Scratch name, int count, int width) => workspace.Rows(name, count, width);

    public bool Wants(HookPoint point, int layer) => Hooks is { } hooks && hooks.Wants(point, layer);

    /// <summary>Whether neither hooks nor guards are at a point: then its values need never exist.</summary>
    public bool IsUnseen(HookPoint point, int layer) => !Wants(point, layer) && !EditSites.Contains(point, layer);

    /// <summary>Lets guards and hooks see [tokens, width], sequence by sequence.</summary>
    public void Visit(HookPoint point, int layer, Rows values) => Visit(point, layer, values, heads: 0);

    /// <summary>Lets guards and then hooks see [tokens, heads, width / heads], sequence by sequence; 0 heads: [tokens, width].</summary>
    public void Visit(HookPoint point, int layer, Rows values, int heads)
    {
        if (EditSites.Contains(point, layer))
            Device.Edit(values, Plan, EditSites.Number(point, layer));
        if (!Wants(point, layer))
            return;
        for (int sequence = 0; sequence < Plan.SequenceCount; sequence++)
        {
            int first = Plan.SequenceStart[sequence], count = Plan.SequenceStart[sequence + 1] - first;
            ReadOnlySpan<int> shape = heads == 0 ? [count, values.Width] : [count, heads, values.Width / heads];
            Call(new HookAddress(point, layer), values.Slice(first, count), shape, sequence, first, count);
        }
    }

    /// <summary>Lets hooks see attention scores or patterns [heads, queries, keys] of one sequence.</summary>
    public void VisitPattern(HookPoint point, int layer, Rows values, int sequence, int heads)
    {
        if (!Wants(point, layer))
            return;
        int first = Plan.SequenceStart[sequence], count = Plan.SequenceStart[sequence + 1] - first;
        Call(new HookAddress(point, layer), values, [heads, count, values.Width], sequence, first, count);
    }

    /// <summary>Lets hooks see the rows that were routed to one expert, all of one sequence.</summary>
    public void VisitExpert(HookPoint point, int layer, int expert, Rows values, ReadOnlySpan<int> tokens)
    {
        if (!Wants(point, layer))
            return;
        for (int begin = 0, end; begin < values.Count; begin = end)
        {
            int sequence = Plan.SequenceOf[tokens[begin]];
            for (end = begin; end < values.Count && Plan.SequenceOf[tokens[end]] == sequence; end++)
            {
            }
            var positions = new int[end - begin];
            var ids = new int[end - begin];
            for (int i = begin; i < end; i++)
                (positions[i - begin], ids[i - begin]) = (Plan.Positions[tokens[i]], Plan.Tokens[tokens[i]]);
            var at = new HookContext(new HookAddress(point, layer, expert), [end - begin, values.Width], positions, ids, RowOf(sequence));
            Hooks!.Call(this, values.Slice(begin, end - begin), at);
        }
    }

    /// <summary>The values in host memory.</summary>
    public Span2D View(Rows rows)
    {
        Device.Synchronize();
        return new Span2D(Device.Span(rows.Buffer, rows.Start, rows.Extent), rows.Count, rows.Width, rows.Stride);
    }

    /// <summary>The values in host memory, for whoever has no need to change them.</summary>
    public Span2D Read(Rows rows)
    {
        Device.Synchronize();
        return new Span2D(Device.Read(rows.Buffer, rows.Start, rows.Extent), rows.Count, rows.Width, rows.Stride);
    }

    private void Call(HookAddress address, Rows values, ReadOnlySpan<int> shape, int sequence, int first, int count)
    {
        var at = new HookContext(address, shape, Plan.Positions.AsSpan(first, count), Plan.Tokens.AsSpan(first, count), RowOf(sequence));
        Hooks!.Call(this, values, at);
    }

    /// <summary>Waits, at a step's end, for what hooks have kept.</summary>
    public void Settle()
    {
        if (Hooks is { HasReaders: true })
            Device.Synchronize();
    }

    private int RowOf(int sequence) => Sequences[sequence].Row is >= 0 and int row ? row : sequence;

    /// <summary>A copy, bit for bit.</summary>
    public Rows Copy(Scratch name, Rows source)
    {
        Rows copy = Rows(name, source.Count, source.Width);
        Device.Scale(copy, source, 1f);
        return copy;
    }

    /// <summary>output = layer(input), with each sequence's adapter.</summary>
    public void Linear(Rows output, Rows input, LinearLayer layer)
    {
        if (IsAdapted(layer))
            Adapters.Linear([output], [layer], input, Precision);
        else
            Device.Linear([new Projection(output, layer.Matrix, layer.Bias)], input, Precision);
    }

    /// <summary>stream += layer(input); false, and nothing done, where an adapter changes what is added.</summary>
    public bool TryLinearAdd(Rows stream, Rows scratch, Rows input, LinearLayer layer)
    {
        if (IsAdapted(layer))
            return false; // the change is added to the layer's output first, as where somebody looks at that
        Device.LinearAdd(stream, new Projection(scratch, layer.Matrix, layer.Bias), input, Precision);
        return true;
    }

    /// <summary>Two layers of one input, in one go.</summary>
    public void Linear(Rows output, LinearLayer layer, Rows output2, LinearLayer layer2, Rows input)
    {
        if (IsAdapted(layer))
            Adapters.Linear([output, output2], [layer, layer2], input, Precision);
        else
            Device.Linear([new Projection(output, layer.Matrix, layer.Bias), new Projection(output2, layer2.Matrix, layer2.Bias)], input, Precision);
    }

    /// <summary>Three layers of one input, in one go.</summary>
    public void Linear(Rows output, LinearLayer layer, Rows output2, LinearLayer layer2, Rows output3, LinearLayer layer3, Rows input)
    {
        if (IsAdapted(layer))
            Adapters.Linear([output, output2, output3], [layer, layer2, layer3], input, Precision);
        else
            Device.Linear(
                [new Projection(output, layer.Matrix, layer.Bias), new Projection(output2, layer2.Matrix, layer2.Bias), new Projection(output3, layer3.Matrix, layer3.Bias)],
                input, Precision);
    }

    /// <summary>Whether an adapter of any of the step's sequences changes a layer, or one that is computed with it.</summary>
    public bool IsAdapted(LinearLayer layer) => HasAdapters && Adapters.Changes(layer);

    /// <summary>A norm; in three parts where its inside is wanted. The bits are the same either way.</summary>
    public void Norm(Rows output, Rows input, NormSettings settings, int layer, HookPoint scalePoint, HookPoint normalizedPoint)
    {
        if (!Wants(scalePoint, layer) && !Wants(normalizedPoint, layer))
        {
            Device.Norm(output, input, settings);
            return;
        }
        int segments = settings.Segments;
        Rows scale = Rows(Scratch.NormScale, input.Count, segments);
        Rows normalized = Rows(Scratch.Normalized, input.Count, input.Width);
        Device.NormScale(scale, input, settings);
        Visit(scalePoint, layer, scale, segments > 1 ? segments : 0);
        Device.NormDivide(normalized, input, scale, settings);
        Visit(normalizedPoint, layer, normalized, segments > 1 ? segments : 0);
        Device.NormGain(output, normalized, settings);
    }
}
