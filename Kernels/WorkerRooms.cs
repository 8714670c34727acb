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
    private long operations;

    /// <param name="workers">How many workers there are.</param>
    /// <param name="worthSharing"><see cref="WorthSharing"/></param>
    public WorkerRooms(int workers, long worthSharing)
    {
        WorthSharing = worthSharing;
        rooms = new WorkerRoom[workers];
        for (int worker = 0; worker < workers; worker++)
            rooms[worker] = new WorkerRoom();
    }

    public int Count => rooms.Length;

    /// <summary>Multiplications of 8-bit numbers, or what takes as long, that several workers do sooner than one does more than so many.</summary>
    public long WorthSharing { get; }

    public WorkerRoom this[int worker] => rooms[worker];

    /// <summary>A number that no operation has had.</summary>
    public long Next() => ++operations;

    public void Dispose()
    {
        foreach (WorkerRoom room in rooms)
            room.Dispose();
    }
}
