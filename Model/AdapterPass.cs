using Managed.Cache;
using Managed.Kernels;
using Managed.Weights;

namespace Managed;

/// <summary>
/// The low-rank adapters of a step's sequences: output = layer(input) + scale · B·(A·input), for rows of neighbouring sequences with one adapter
/// together. Where all rows have the same one, A is computed with the layers themselves, as more of their outputs.
/// </summary>
internal sealed class AdapterPass(IDevice device, Workspace workspace, StepPlan plan)
{
    private const int MostLayers = 3; // of one input

    private readonly Projection[] projections = new Projection[MostLayers + 1];
    private Run[] runs = [];
    private int count;

    /// <summary>Sequences of a step that follow each other and have the same adapter.</summary>
    /// <param name="Adapter">The adapter.</param>
    /// <param name="First">The first sequence.</param>
    /// <param name="End">One past the last.</param>
    public readonly record struct Run(Adapter Adapter, int First, int End);

    /// <summary>Whether no sequence of the step has an adapter.</summary>
    public bool IsEmpty => count == 0;

    /// <summary>The sequences with adapters.</summary>
    public ReadOnlySpan<Run> Runs => runs.AsSpan(0, count);

    /// <summary>Takes note of a step's sequences.</summary>
    public void Begin(ReadOnlySpan<Sequence> sequences)
    {
        count = 0;
        for (int first = 0, end; first < sequences.Length; first = end)
        {
            Adapter? adapter = sequences[first].Adapter;
            for (end = first + 1; end < sequences.Length && sequences[end].Adapter == adapter; end++)
            {
            }
            if (adapter is null)
                continue;
            if (count == runs.Length)
                Array.Resize(ref runs, sequences.Length);
            runs[count++] = new Run(adapter, first, end);
        }
    }

    /// <summary>Whether an adapter of the step changes a layer, or one that is computed with it.</summary>
    public bool Changes(LinearLayer layer)
    {
        foreach (Run run in Runs)
            if (run.Adapter.For(layer) is not null)
                return true;
        return false;
    }

    /// <summary>Each output = its layer of the input, with each sequence's adapter.</summary>
    /// <param name="outputs">[tokens, outputs of the layer]; side by side where several layers are to be changed at once.</param>
    /// <param name="layers">The layers of one input.</param>
    /// <param name="input">[tokens, inputs]</param>
    /// <param name="precision">How the layers' quantised weights meet the input.</param>
    public void Linear(ReadOnlySpan<Rows> outputs, ReadOnlySpan<LinearLayer> layers, Rows input, Precision precision)
    {
        int products = 0;
        for (; products < layers.Length; products++)
            projections[products] = new Projection(outputs[products], layers[products].Matrix, layers[products].Bias);
        bool sideBySide = AreSideBySide(outputs);
        AdapterPart? ofAll = sideBySide && device.MixesTypes && count == 1 && runs[0].First == 0 && runs[0].End == plan.SequenceCount
            ? Whole(runs[0].Adapter, layers) : null;
        if (ofAll is not null)
            projections[products++] = new Projection(Low(ofAll, input.Count), ofAll.Down);
        device.Linear(projections.AsSpan(0, products), input, precision);
        foreach (Run run in Runs)
        {
            int first = plan.SequenceStart[run.First], tokens = plan.SequenceStart[run.End] - first;
            if (sideBySide && Whole(run.Adapter, layers) is { } part)
                Add(part, outputs[0].Slice(first, tokens), input.Slice(first, tokens), precision, hasLow: ofAll is not null);
            else
                for (int i = 0; i < layers.Length; i++)
                    Add(run.Adapter, outputs[i].Slice(first, tokens), input.Slice(first, tokens), layers[i], precision);
        }
    }

    /// <summary>output += scale · B·(A·input), of one layer.</summary>
    public void Add(Adapter adapter, Rows output, Rows input, LinearLayer layer, Precision precision)
    {
        for (AdapterPart? part = adapter.For(layer); part is not null; part = part.Next)
            if (part.Of(layer) is { } own)
                AddOne(own, output, input, precision, hasLow: false);
    }

    private static bool AreSideBySide(ReadOnlySpan<Rows> outputs)
    {
        for (int i = 1; i < outputs.Length; i++)
            if (outputs[i].Buffer != outputs[0].Buffer || outputs[i].Stride != outputs[0].Stride || outputs[i].Start != outputs[i - 1].Start + outputs[i - 1].Width)
                return false;
        return true;
    }

    // The adapter's part for these layers and no others; null: there is none.
    private static AdapterPart? Whole(Adapter adapter, ReadOnlySpan<LinearLayer> layers) =>
        adapter.For(layers[0]) is { } part && part.Layers.Length == layers.Length ? part : null;

    // To outputs of all of its layers, of which the first one's are given; and what other adapters change after it.
    private void Add(AdapterPart part, Rows first, Rows input, Precision precision, bool hasLow)
    {
        for (AdapterPart? next = part; next is not null; next = next.Next, hasLow = false)
            AddOne(next, first, input, precision, hasLow);
    }

    private void AddOne(AdapterPart part, Rows first, Rows input, Precision precision, bool hasLow)
    {
        Rows low = Low(part, input.Count), high = workspace.Rows(Scratch.AdapterUp, input.Count, part.Up.Rows);
        if (!hasLow)
            device.Linear([new Projection(low, part.Down)], input, precision);
        device.LinearAdd(first.Columns(part.FirstOutput, part.Up.Rows), new Projection(high, part.Up), low, precision);
    }

    private Rows Low(AdapterPart part, int tokens) => workspace.Rows(Scratch.AdapterDown, tokens, part.Down.Rows);
}
