namespace Managed.Fuzzing;

/// <summary>Random numbers that depend on the seed and the number of the case alone (SplitMix64), so that any case can be made again.</summary>
internal struct CaseRandom(ulong seed, long number)
{
    private ulong _state = Mix(seed * 0x9E3779B97F4A7C15 + (ulong)number);

    public ulong Next() => Mix(_state += 0x9E3779B97F4A7C15);

    /// <summary>A number from 0 to `count` − 1.</summary>
    public int Below(int count) => (int)(((UInt128)Next() * (uint)count) >> 64);

    /// <summary>A position below `count`, with small ones more likely: headers come first.</summary>
    public int Early(int count)
    {
        double uniform = (Next() >> 11) * (1.0 / (1L << 53));
        return Math.Min(count - 1, (int)(count * uniform * uniform * uniform));
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
