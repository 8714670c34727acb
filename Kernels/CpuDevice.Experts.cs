using Managed.Kernels.Experts;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <content>Mixtures of experts: the caller chooses, and all experts that were chosen are computed together, layer by layer.</content>
internal sealed unsafe partial class CpuDevice
{
    private readonly ExpertSlots slots = new();
    private readonly RoundedRows expertInputs = new(), expertHidden = new();
    private CpuBuffer? expertCopies;

    public bool ChoosesExperts(RouterSettings routing) => true;

    public Weight? TryStack(ReadOnlySpan<WeightSource> sources, Span<Weight> parts)
    {
        foreach (ref readonly WeightSource source in sources)
            if (source.OutputOrder is not null || (source.Rows, source.Columns) != (sources[0].Rows, sources[0].Columns))
                return null;
        var weights = new CpuWeight[sources.Length];
        for (int i = 0; i < weights.Length; i++)
            parts[i] = weights[i] = new CpuWeight(sources[i]);
        return new CpuStack(weights);
    }

    void IDevice.Experts(
        Rows output, Projection down, Projection gate, Projection up, Rows input, Rows logits, RouterSettings routing, ActivationKind kind, float limit, Precision precision)
    {
        slots.Begin(input.Count, routing);
        Route(slots.Indices, slots.Weights, logits, routing); // nobody computes anything any more, and so all memory here is free
        slots.Assign(routing.Experts);
        CpuStack gates = (CpuStack)gate.Weight, ups = (CpuStack)up.Weight, downs = (CpuStack)down.Weight;
        Prepare(downs);
        Prepare(gates);
        Prepare(ups);
        bool isFast = precision == Precision.Fast, inputRounded = isFast && (gates.HasFast || ups.HasFast), inputPlain = !isFast || !gates.AreFast || !ups.AreFast;
        bool hiddenRounded = isFast && downs.HasFast;
        QuantisedInput rounded = default;
        ExpertInputs inputs;
        if (input.Count == 1)
        {
            if (inputRounded)
            {
                rounded = expertInputs.For(1, input.Width);
                rounded.QuantiseRow(0, input.Row(0));
            }
            inputs = new ExpertInputs(input, rounded, IsShared: true);
        }
        else
        {
            if (inputRounded)
                rounded = expertInputs.For(slots.Total, input.Width);
            Rows? copies = inputPlain ? new Rows(CpuBuffer.AtLeast(ref expertCopies, (long)slots.Total * input.Width), slots.Total, input.Width) : null;
            Queue(gathers.Next().Set(input, slots, inputRounded ? rounded : null, copies));
            inputs = new ExpertInputs(copies, rounded, IsShared: false);
        }
        QuantisedInput hidden = hiddenRounded ? expertHidden.For(slots.Total, gate.Output.Width) : default;
        Queue(experts.Next().SetGated(gate, up, slots, inputs, kind, limit, hiddenRounded ? hidden : null, precision));
        Queue(experts.Next().Set(down, slots, new ExpertInputs(gate.Output, hidden, IsShared: false), precision));
        Queue(combinations.Next().Set(output, down.Output, slots));
    }

    // As for other layers, but only those experts' that were chosen.
    private void Prepare(CpuStack stack)
    {
        for (int expert = 0; expert < stack.Parts.Length; expert++)
            if (slots.Of(expert).Count is > 0 and <= TokensThatReadWeights)
                Prepare(stack.Parts[expert]);
    }
}
