using ILGPU;
using Managed.Kernels.Gpu.Experts;
using Managed.Kernels.Gpu.Vector;

namespace Managed.Kernels.Gpu;

// Mixtures of experts that are chosen on the device. Choice j of token t is row Chosen·t + j of all that lies between.
internal sealed partial class GpuDevice
{
    public bool ChoosesExperts(RouterSettings routing) => RouteShape.Fits(routing);

    public Weight? TryStack(ReadOnlySpan<WeightSource> sources, Span<Weight> parts)
    {
        WeightSource first = sources[0];
        foreach (WeightSource source in sources)
            if ((source.Type, source.Rows, source.Columns) != (first.Type, first.Rows, first.Columns))
                return null;
        GpuWeight whole = CreateWeight(sources);
        for (int i = 0; i < sources.Length; i++)
            parts[i] = whole.Part(i * first.Rows, first.Rows);
        return whole;
    }

    public void Experts(
        Rows output, Projection down, Projection gate, Projection up, Rows input, Rows logits, RouterSettings routing, ActivationKind kind, float limit, Precision precision)
    {
        if (input.Count == 0)
            return;
        experts.Route(View(logits), input.Count, Uploaded(routing.CorrectionBias), routing);
        Rows hidden = gate.Output;
        bool isGated = precision == Precision.Fast && kind switch
        {
            ActivationKind.Silu => TryVectorsOfExperts([gate, up], input, routing, default(GatedEpilogue<ActivationKernels.Silu>)),
            ActivationKind.GeluTanh => TryVectorsOfExperts([gate, up], input, routing, default(GatedEpilogue<ActivationKernels.GeluTanh>)),
            ActivationKind.Gelu => TryVectorsOfExperts([gate, up], input, routing, default(GatedEpilogue<ActivationKernels.Gelu>)),
            ActivationKind.ClampedSwiglu => TryVectorsOfExperts([gate, up], input, routing, new ClampedSwigluEpilogue(limit)),
            _ => false,
        };
        if (!isGated)
        {
            OfExperts(gate, input, routing, precision);
            OfExperts(up, input, routing, precision);
            Activate(hidden, hidden, up.Output, kind, limit);
        }
        OfExperts(down, hidden, routing, precision);
        kernels.CombineInOrder(Elements(output), View(output), View(down.Output), experts.Weights, routing.Chosen, output.Count);
    }

    // output[choice] = stack of its expert · input[choice / share] + bias.
    private void OfExperts(Projection projection, Rows input, RouterSettings routing, Precision precision)
    {
        if (precision != Precision.Fast || !TryVectorsOfExperts([projection], input, routing, default(PlainEpilogue)))
            PlainOfExperts(projection, input, routing);
    }

    private bool TryVectorsOfExperts<TEpilogue>(ReadOnlySpan<Projection> stacks, Rows input, RouterSettings routing, TEpilogue epilogue)
        where TEpilogue : struct, IVectorEpilogue
    {
        if (vectors is null || KeepsBits || stacks[0].Output.Count > VectorKernels.MostTokens * routing.Chosen)
            return false;
        WeightType type = stacks[0].Weight.Type;
        foreach (Projection stack in stacks)
            if (stack.Weight.Type != type || !vectors.CanRun((GpuWeight)stack.Weight, 1))
                return false;
        int choices = stacks[0].Output.Count;
        ArrayView<Quad> planes = input.Count == 1 ? Prepared(input, type) : PreparedApart(input, type);
        for (int i = 0; i < stacks.Length; i++)
            vectorProjections[i] = new VectorProjection(
                View(stacks[i].Output), ((GpuWeight)stacks[i].Weight).View, View(stacks[i].Bias), stacks[i].Bias is null ? 0 : 1);
        vectors.RunOfExperts(
            vectorProjections.AsSpan(0, stacks.Length), type, input.Width, planes, experts.Experts, choices, choices / input.Count, routing.Chosen, epilogue);
        return true;
    }

    private ArrayView<Quad> PreparedApart(Rows input, WeightType type)
    {
        prepared = default;
        return vectors!.PrepareApart(View(input), input.Count, type);
    }

    private void PlainOfExperts(Projection projection, Rows input, RouterSettings routing)
    {
        int choices = projection.Output.Count;
        ExpertTiles tiles = experts.Tiles(LinearKernel.TokenTile, choices / input.Count);
        var weight = (GpuWeight)projection.Weight;
        kernels.Of(weight.Type).FourOfExperts(
            kernels.Groups(projection.Output.Width, ExpertTiles.Count(choices, LinearKernel.TokenTile, routing.Experts)),
            View(projection.Output), View(input), weight.View, View(projection.Bias), projection.Bias is null ? 0 : 1, tiles);
    }
}
