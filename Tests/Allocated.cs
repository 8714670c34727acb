namespace Managed.Tests;

/// <summary>What a thread gives the garbage collector to do.</summary>
internal static class Allocated
{
    /// <summary>
    /// Of several measurements: buffers grow with the text, and on a loaded machine a worker does for the first time what another has always done,
    /// each once. What is always allocated shows in all.
    /// </summary>
    public static long Least(Func<long> measure)
    {
        const int Most = 10;
        var all = new List<long> { measure() };
        while (all[^1] > 0 && all.Count < Most)
            all.Add(measure());
        if (all.Count > 2)
            TestContext.Out.WriteLine($"bytes in one measurement after the other: {string.Join(", ", all)}");
        return all.Min();
    }

    /// <summary>Bytes that this thread allocates while something is done so many times.</summary>
    public static long During(int times, Action action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < times; i++)
            action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
