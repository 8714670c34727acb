using ILGPU;
using Managed.Kernels.Gpu.Edits;
using Managed.Kernels.Gpu.Matrix;
using Managed.Kernels.Gpu.Vector;

namespace Managed.Kernels.Gpu;

// Linear layers: with few rows the vector products, with more the tensor cores' tiles; where neither fits, the plain kernels.
internal sealed partial class GpuDevice
{
    private const int MostProducts = 3; // of one input

    private readonly MatrixKernels? matrices;
    private readonly VectorKernels? vectors;
    private readonly VectorProjection[] vectorProjections = new VectorProjection[MostProducts];
    private readonly MatrixProduct[] matrixProducts = new MatrixProduct[MostProducts];
    private readonly Dictionary<NormSettings, bool> bytesAfter = new(ReferenceEqualityComparer.Instance); // what the layers behind a norm take
    private (DeviceBuffer? Buffer, long Start, int Count, bool AsBytes) prepared; // what the vectors' planes hold
    private NormSettings? lastNorm; // that wrote what stands in lastNormed
    private Rows lastNormed;

    public bool MixesTypes => false;

    public void Linear(ReadOnlySpan<Projection> projections, Rows input, Precision precision)
    {
        if (input.Count > 0 && !(precision == Precision.Fast && (TryVectors(projections, input) || TryMatrices(projections, input, default))))
            Plain(projections, input);
    }

    public void LinearAdd(Rows stream, Projection projection, Rows input, Precision precision)
    {
        if (input.Count == 0 || (precision == Precision.Fast && (TryAddVectors(stream, projection, input) || TryMatrices([projection], input, stream))))
            return;
        ComposedOperations.LinearAdd(this, stream, projection, input, precision);
    }

    private bool TryAddVectors(Rows stream, Projection projection, Rows input)
    {
        if (!CanRun([projection], input.Count))
            return false;
        return TryVectors([projection with { Output = stream }], input, new ResidualEpilogue(TakeMoved(stream), 1));
    }

    public void LinearGated(Rows output, Projection gate, Projection up, Rows input, ActivationKind kind, float limit, Precision precision)
    {
        ReadOnlySpan<Projection> both = [gate with { Output = output }, up];
        if (!(precision == Precision.Fast && TryGatedVectors(both, input, kind, limit, routing: null)) && !(precision == Precision.Fast && TryGatedMatrices(output, gate, up, input, kind)))
            ComposedOperations.LinearGated(this, output, gate, up, input, kind, limit, precision);
    }

    public bool TryGatedMlpAdd(Rows stream, Projection down, Projection gate, Projection up, Rows input, ActivationKind kind, Precision precision)
    {
        if (matrices is null || precision != Precision.Fast || input.Count <= VectorKernels.MostTokens || gate.Bias is not null || up.Bias is not null || CanRun([gate, up], input.Count))
            return false;
        GpuWeight last = (GpuWeight)down.Weight, first = (GpuWeight)gate.Weight, second = (GpuWeight)up.Weight;
        return matrices.TryGatedMlp(new MatrixProduct(View(stream), last.Type, last.View, View(down.Bias), down.Bias is not null, Adds: true),
            (first.Type, first.View), (second.Type, second.View), kind, View(input), input.Count);
    }

    // The first projection's output = act(first layer) · second layer, of one input or, with routing, of the choices of experts.
    private bool TryGatedVectors(ReadOnlySpan<Projection> both, Rows input, ActivationKind kind, float limit, RouterSettings? routing) => kind switch
    {
        ActivationKind.Silu => TryVectors(both, input, default(GatedEpilogue<ActivationKernels.Silu>), routing),
        ActivationKind.GeluTanh => TryVectors(both, input, default(GatedEpilogue<ActivationKernels.GeluTanh>), routing),
        ActivationKind.Gelu => TryVectors(both, input, default(GatedEpilogue<ActivationKernels.Gelu>), routing),
        ActivationKind.ClampedSwiglu => TryVectors(both, input, new ClampedSwigluEpilogue(limit), routing),
        _ => false,
    };

    private bool TryVectors<TEpilogue>(ReadOnlySpan<Projection> projections, Rows input, TEpilogue epilogue, RouterSettings? routing)
        where TEpilogue : struct, IVectorEpilogue =>
        routing is null ? TryVectors(projections, input, epilogue) : TryVectorsOfExperts(projections, input, routing, epilogue);

    private bool TryVectors(ReadOnlySpan<Projection> projections, Rows input)
    {
        if (TryVectors(projections, input, default(PlainEpilogue)))
            return true;
        // Of several types: each by itself, with the same activations where they are sorted alike.
        foreach (Projection projection in projections)
            if (!CanRun([projection], input.Count))
                return false;
        foreach (Projection projection in projections)
            TryVectors([projection], input, default(PlainEpilogue));
        return true;
    }

    private bool TryVectors<TEpilogue>(ReadOnlySpan<Projection> projections, Rows input, TEpilogue epilogue)
        where TEpilogue : struct, IVectorEpilogue
    {
        if (!CanRun(projections, input.Count))
            return false;
        WeightType type = projections[0].Weight.Type;
        if (!TryUnsorted(projections, input, type, epilogue))
        {
            ArrayView<Quad> planes = Prepared(input, type);
            vectors!.Run(Views(projections), type, input.Width, planes, input.Count, epilogue);
        }
        return true;
    }

    // Where few groups of threads work, each of them norms or sorts the rows for itself.
    private bool TryUnsorted<TEpilogue>(ReadOnlySpan<Projection> projections, Rows input, WeightType type, TEpilogue epilogue)
        where TEpilogue : struct, IVectorEpilogue
    {
        if (!Joins)
            return false;
        ReadOnlySpan<VectorProjection> views = Views(projections); // before the norm is taken: they may be what it reads
        if (!vectors!.Sorts<TEpilogue>(views, input.Count))
            return false;
        if (TakeNorm(input) is { } norm)
        {
            if (TakeAdds(norm.Input) is { } adds)
            {
                vectors.RunSorting(views, type, input.Width, Normed(norm, adds), input.Count, epilogue);
                moved = norm.Input;
            }
            else
            {
                vectors.RunSorting(views, type, input.Width, Normed(norm, default(NoEdit)), input.Count, epilogue);
            }
        }
        else if (IsPrepared(input, VectorFormat.For(type)!.TakesBytes))
            return false;
        else
            vectors.RunSorting(views, type, input.Width, Stored(input), input.Count, epilogue);
        return true;
    }

    private ReadOnlySpan<VectorProjection> Views(ReadOnlySpan<Projection> projections)
    {
        for (int i = 0; i < projections.Length; i++)
            vectorProjections[i] = new VectorProjection(
                View(projections[i].Output), ((GpuWeight)projections[i].Weight).View, View(projections[i].Bias), projections[i].Bias is null ? 0 : 1);
        return vectorProjections.AsSpan(0, projections.Length);
    }

    private bool CanRun(ReadOnlySpan<Projection> projections, int tokens)
    {
        if (vectors is null || KeepsBits || projections.Length > MostProducts)
            return false;
        WeightType type = projections[0].Weight.Type;
        foreach (Projection projection in projections)
            if (projection.Weight.Type != type || !vectors.CanRun((GpuWeight)projection.Weight, tokens))
                return false;
        return true;
    }

    private ArrayView<Quad> Prepared(Rows input, WeightType type)
    {
        LaunchNorm();
        bool asBytes = VectorFormat.For(type)!.TakesBytes;
        if (lastNorm is not null && lastNormed == input)
            bytesAfter[lastNorm] = asBytes;
        if (IsPrepared(input, asBytes))
            return vectors!.Planes(input.Width, input.Count);
        StoredRows from = Stored(input);
        prepared = (input.Buffer, input.Start, input.Count, asBytes);
        return vectors!.Prepare(from, input.Count, type);
    }

    private bool IsPrepared(Rows rows, bool asBytes) => prepared == (rows.Buffer, rows.Start, rows.Count, asBytes);

    private StoredRows Stored(Rows rows) => new(View(rows), IsAligned(rows));

    // A norm of few rows, before layers that take what it writes as planes.
    private bool TryNormPrepared(Rows output, Rows input, NormSettings settings)
    {
        if (vectors is null || settings.Segments != 1 || !bytesAfter.TryGetValue(settings, out bool asBytes)
            || input.Count > (asBytes ? VectorKernels.MostTokensOfBytes : VectorKernels.MostTokens))
            return false;
        NormShape shape = Shape(settings, output, input);
        if (TakeEdit(input) is { } edit)
            vectors.PrepareNormed(View(output), View(input), View(settings.Gain), View(settings.Bias), shape, input.Count, asBytes, edit);
        else
            vectors.PrepareNormed(View(output), View(input), View(settings.Gain), View(settings.Bias), shape, input.Count, asBytes, default(NoPrologue));
        prepared = (output.Buffer, output.Start, output.Count, asBytes);
        return true;
    }

    private bool TryGatedMatrices(Rows output, Projection gate, Projection up, Rows input, ActivationKind kind)
    {
        if (matrices is null || gate.Bias is not null || up.Bias is not null)
            return false;
        GpuWeight gates = (GpuWeight)gate.Weight, ups = (GpuWeight)up.Weight;
        return matrices.TryGate(View(output), (gates.Type, gates.View), (ups.Type, ups.View), kind, View(input), input.Count);
    }

    private bool TryMatrices(ReadOnlySpan<Projection> projections, Rows input, Rows? stream)
    {
        if (matrices is null || projections.Length > MostProducts || (input.Count == 1 && !KeepsBits))
            return false;
        for (int i = 0; i < projections.Length; i++)
        {
            Projection projection = projections[i];
            var weight = (GpuWeight)projection.Weight;
            matrixProducts[i] = new MatrixProduct(View(stream ?? projection.Output), weight.Type, weight.View, View(projection.Bias), projection.Bias is not null, stream is not null);
        }
        return matrices.TryMultiply(matrixProducts.AsSpan(0, projections.Length), View(input), input.Count);
    }

    private void Plain(ReadOnlySpan<Projection> projections, Rows input)
    {
        RowsView from = View(input);
        foreach (Projection projection in projections)
        {
            var weight = (GpuWeight)projection.Weight;
            RowsView to = View(projection.Output);
            ArrayView<float> bias = View(projection.Bias);
            int hasBias = projection.Bias is null ? 0 : 1;
            if (input.Count == 1)
                kernels.Of(weight.Type).OneToken(kernels.Groups(weight.Rows, 1), to, from, weight.View, bias, hasBias);
            else
                kernels.Of(weight.Type).FourTokens(
                    kernels.Groups(weight.Rows, (input.Count + LinearKernel.TokenTile - 1) / LinearKernel.TokenTile), to, from, weight.View, bias, hasBias, input.Count);
        }
    }
}
