using Managed.Kernels.Gpu.Experts;

namespace Managed.Kernels.Gpu;

// Mixtures of experts that are chosen on the device. Choice j of token t is row chosen·t + j of all that lies between.
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
        PlainOfExperts(gate, input, routing, routing.Chosen);
        PlainOfExperts(up, input, routing, routing.Chosen);
        Activate(gate.Output, gate.Output, up.Output, kind, limit);
        PlainOfExperts(down, gate.Output, routing, 1);
        kernels.CombineInOrder(Elements(output), View(output), View(down.Output), experts.Weights, routing.Chosen, output.Count);
    }

    private void PlainOfExperts(Projection projection, Rows input, RouterSettings routing, int share)
    {
        ExpertTiles tiles = experts.Tiles(LinearKernel.TokenTile, share);
        var weight = (GpuWeight)projection.Weight;
        kernels.Of(weight.Type).FourOfExperts(
            kernels.Groups(projection.Output.Width, ExpertTiles.Count(input.Count * share, LinearKernel.TokenTile, routing.Experts)),
            View(projection.Output), View(input), weight.View, View(projection.Bias), projection.Bias is null ? 0 : 1, tiles);
    }
}
