namespace Managed.Kernels;

/// <summary>Objects that are used again in every step, in the order in which they were made: a step then allocates nothing.</summary>
internal sealed class WorkStore<T>(Func<T> create)
{
    private readonly List<T> all = [];
    private int used;

    public T Next()
    {
        if (used == all.Count)
            all.Add(create());
        return all[used++];
    }

    /// <summary>Gives all back; nobody may be using them.</summary>
    /// <param name="release">What to do with each that was used; null: nothing.</param>
    public void Reset(Action<T>? release = null)
    {
        for (int i = 0; release is not null && i < used; i++)
            release(all[i]);
        used = 0;
    }
}
