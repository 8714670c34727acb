namespace Managed.Kernels;

/// <summary>
/// What is done with each row of a step by itself, on all workers where the rows are many: a row's bits do not depend on who computes it.
/// </summary>
internal abstract class RowsWork(int workers) : IQueuedWork
{
    private const int WorthSharing = 8192; // elements, whose norm takes one worker about 5 µs

    private int rows;

    public int Parts { get; private set; }

    /// <summary>How many rows there are, and of how many elements in all.</summary>
    protected void Set(int rows, long elements) => (this.rows, Parts) = (rows, elements < WorthSharing ? 1 : workers);

    public void Ask(int worker)
    {
    }

    public void Run(int part, int worker)
    {
        for (int row = rows * part / Parts, end = rows * (part + 1) / Parts; row < end; row++)
            Do(row, worker);
    }

    /// <summary>Does one row.</summary>
    protected abstract void Do(int row, int worker);
}
