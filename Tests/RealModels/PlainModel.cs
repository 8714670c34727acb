using Managed.Families;
using Managed.Loader;
using Managed.Tests.Devices;
using Managed.Weights;

namespace Managed.Tests.RealModels;

/// <summary>
/// A checkpoint on the plain device: weights dequantised to float32, sums in double precision, formulas as they stand in
/// papers. The golden where no other program gives one.
/// </summary>
internal sealed class PlainModel : IDisposable
{
    private readonly Checkpoint checkpoint;
    private readonly WeightBinder binder;
    private readonly Transformer transformer;

    public PlainModel(string path)
    {
        checkpoint = Checkpoint.Open(path);
        (Architectures.Architecture architecture, Architectures.ModelTensors tensors) = FamilyRegistry.Describe(checkpoint);
        var device = new PlainDevice();
        binder = new WeightBinder(device, path, checkpoint.Tensors);
        transformer = new Transformer(device, architecture, binder.Bind(architecture, tensors));
    }

    /// <summary>[tokens, vocabulary].</summary>
    public float[] Logits(int[] ids)
    {
        using Cache.Sequence sequence = transformer.Cache.Create();
        return transformer.View(transformer.Forward([new StepInput(sequence, ids)], LogitsWanted.All)).ToArray();
    }

    public void Dispose()
    {
        transformer.Dispose();
        binder.Dispose();
        checkpoint.Dispose();
    }
}
