using ILGPU;
using Managed.Kernels.Gpu.Experts;
using Managed.Kernels.Gpu.Matrix;
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
        if (precision != Precision.Fast || !TryGatedVectors([gate, up], input, kind, limit, routing))
        {
            OfExperts([gate, up], input, routing, precision);
            Activate(hidden, hidden, up.Output, kind, limit);
        }
        OfExperts([down], hidden, routing, precision);
        kernels.Combine(Elements(output), View(output), View(down.Output), experts.Experts, 0, experts.Weights, routing.Chosen, output.Count); // no slots: results stand in order
    }

    // Each output[choice] = its expert's rows of the stack · input[choice / share] + bias.
    private void OfExperts(ReadOnlySpan<Projection> stacks, Rows input, RouterSettings routing, Precision precision)
    {
        if (precision == Precision.Fast && (TryVectorsOfExperts(stacks, input, routing, default(PlainEpilogue)) || TryMatricesOfExperts(stacks, input, routing)))
            return;
        foreach (Projection stack in stacks)
            PlainOfExperts(stack, input, routing);
    }

    private bool TryVectorsOfExperts<TEpilogue>(ReadOnlySpan<Projection> stacks, Rows input, RouterSettings routing, TEpilogue epilogue)
        where TEpilogue : struct, IVectorEpilogue
    {
        WeightType type = stacks[0].Weight.Type;
        int choices = stacks[0].Output.Count, together = TEpilogue.IsPaired ? 2 : 1;
        if (choices > MostVectorChoices(type, routing) || !CanRun(stacks, 1))
            return false;
        ArrayView<Quad> planes = input.Count == 1 ? Prepared(input, type) : PreparedApart(input, type);
        ReadOnlySpan<VectorProjection> views = Views(stacks);
        for (int i = 0; i < stacks.Length; i += together)
            vectors!.RunOfExperts(
                views.Slice(i, together), type, input.Width, planes, experts.Experts, choices, choices / input.Count, routing.Chosen, epilogue);
        return true;
    }

    // Matrices of bfloat16 are read once for all who chose them; others are unpacked before, all of them: more bytes than two readings of each.
    private static int MostVectorChoices(WeightType type, RouterSettings routing) =>
        Math.Max(VectorKernels.MostTokens * routing.Chosen, type == WeightType.BF16 ? 0 : 2 * routing.Experts);

    private bool TryMatricesOfExperts(ReadOnlySpan<Projection> stacks, Rows input, RouterSettings routing)
    {
        if (matrices is null)
            return false;
        int choices = stacks[0].Output.Count;
        for (int i = 0; i < stacks.Length; i++)
        {
            var weight = (GpuWeight)stacks[i].Weight;
            if (!MatrixKernels.TakesExperts(weight.Type, weight.View, input.Width, input.Count))
                return false;
            matrixProducts[i] = new MatrixProduct(View(stacks[i].Output), weight.Type, weight.View, View(stacks[i].Bias), stacks[i].Bias is not null);
        }
        ExpertTiles tiles = experts.Tiles(MatrixKernels.ExpertTileRows(choices, routing.Experts), choices / input.Count);
        return matrices.TryMultiplyExperts(matrixProducts.AsSpan(0, stacks.Length), View(input), input.Count, choices, routing.Experts, tiles);
    }

    private ArrayView<Quad> PreparedApart(Rows input, WeightType type)
    {
        prepared = default;
        return vectors!.PrepareApart(Stored(input), input.Count, type);
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
