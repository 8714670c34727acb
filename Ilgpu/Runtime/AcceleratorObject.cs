using ILGPU.Util;

namespace ILGPU.Runtime;

/// <summary>Something that lives on an accelerator.</summary>
public interface IAcceleratorObject : IDisposable
{
    /// <summary>Where it lives.</summary>
    Accelerator Accelerator { get; }

    /// <summary>The kind of accelerator.</summary>
    AcceleratorType AcceleratorType { get; }
}

/// <summary>Something that lives on an accelerator and is freed with it at the latest.</summary>
public abstract class AcceleratorObject : DisposeBase, IAcceleratorObject
{
    /// <summary>On an accelerator.</summary>
    protected AcceleratorObject(Accelerator accelerator)
    {
        ArgumentNullException.ThrowIfNull(accelerator);
        Accelerator = accelerator;
    }

    /// <inheritdoc/>
    public Accelerator Accelerator { get; }

    /// <inheritdoc/>
    public AcceleratorType AcceleratorType => Accelerator.AcceleratorType;

    /// <inheritdoc/>
    protected sealed override void Dispose(bool disposing)
    {
        Accelerator.Forget(this);
        DisposeAcceleratorObject(disposing);
        base.Dispose(disposing);
    }

    /// <summary>Frees what it holds; called once, while the accelerator is still alive.</summary>
    protected abstract void DisposeAcceleratorObject(bool disposing);
}
