using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>Memory that one worker has for itself. What is in it stays until the worker asks for more.</summary>
internal sealed unsafe class WorkerRoom : IDisposable
{
    private readonly RoundedRows rounded = new();
    private CpuBuffer? floats, inputs;

    /// <summary>Results on the way.</summary>
    public float* Floats(long length) => CpuBuffer.AtLeast(ref floats, length).Data;

    /// <summary>Inputs of an operation, as this worker has made them.</summary>
    public float* Inputs(long length) => CpuBuffer.AtLeast(ref inputs, length).Data;

    /// <summary>Inputs of an operation, as this worker has rounded them.</summary>
    public QuantisedInput Rounded(int tokens, int columns) => rounded.For(tokens, columns);

    /// <summary>The operation whose inputs these are, <see cref="WorkerRooms.Next"/>.</summary>
    public long Operation { get; set; }

    public void Dispose()
    {
        floats?.Dispose();
        inputs?.Dispose();
        rounded.Dispose();
    }
}

/// <summary>The rooms of all workers.</summary>
internal sealed class WorkerRooms : IDisposable
{
    private readonly WorkerRoom[] rooms;
    private readonly long worthSharing;
    private long operations;

    /// <param name="workers">How many workers there are.</param>
    /// <param name="worthSharing"><see cref="WorthSharing"/>, of operations that are queued.</param>
    public WorkerRooms(int workers, long worthSharing)
    {
        this.worthSharing = worthSharing;
        rooms = new WorkerRoom[workers];
        for (int worker = 0; worker < workers; worker++)
            rooms[worker] = new WorkerRoom();
    }

    public int Count => rooms.Length;

    /// <summary>Whether operations are queued: then the workers are there, and none has to be called.</summary>
    public bool AreQueueing { get; set; }

    /// <summary>Multiplications of 8-bit numbers, or what takes as long, of which several workers do more than so many sooner than one does.</summary>
    public long WorthSharing => AreQueueing ? worthSharing : ToBeCalled;

    /// <summary>The same where workers have to be called, as they are from step to step.</summary>
    public long ToBeCalled => 2 * worthSharing;

    /// <summary>The greatest of the linear layers that were asked for, in the same unit, since this was last set to 0.</summary>
    public long Greatest { get; set; }

    public WorkerRoom this[int worker] => rooms[worker];

    /// <summary>A number that no operation has had.</summary>
    public long Next() => ++operations;

    public void Dispose()
    {
        foreach (WorkerRoom room in rooms)
            room.Dispose();
    }
}
