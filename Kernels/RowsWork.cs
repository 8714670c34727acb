namespace Managed.Kernels;

/// <summary>
/// What is done with each row of a step by itself, on all workers where the rows are many: a row's bits do not depend on who computes it.
/// </summary>
internal abstract class RowsWork(WorkerRooms rooms) : IQueuedWork
{
    private const int Products = 32; // of 8-bit numbers, that take as long as the norm of an element

    private int rows;

    public int Parts { get; private set; }

    /// <summary>How many rows there are, and of how many elements in all.</summary>
    protected void Set(int rows, long elements) => (this.rows, Parts) = (rows, elements * Products < rooms.WorthSharing ? 1 : rooms.Count);

    public void Run(int part, int worker)
    {
        for (int row = rows * part / Parts, end = rows * (part + 1) / Parts; row < end; row++)
            Do(row, worker);
    }

    /// <summary>Does one row.</summary>
    protected abstract void Do(int row, int worker);
}
