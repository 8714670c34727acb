namespace ILGPU.Util;

/// <summary>An object that is disposed once, from any thread.</summary>
public abstract class DisposeBase : IDisposable
{
    private int disposed;

    /// <summary>Whether it was disposed.</summary>
    public bool IsDisposed => Volatile.Read(ref disposed) != 0;

    /// <summary>Throws <see cref="ObjectDisposedException"/> if it was disposed.</summary>
    protected void VerifyNotDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, this);

    /// <summary>Frees what it holds; called once.</summary>
    /// <param name="disposing">False from a finaliser.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }
    }
}
