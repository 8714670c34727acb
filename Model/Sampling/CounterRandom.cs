namespace Managed.Sampling;

/// <summary>What a random number is for: each purpose has numbers of its own.</summary>
internal enum RandomPurpose : uint
{
    Token,
    ExcludeTopChoices,
    DraftToken,
    DraftAcceptance,
}

/// <summary>
/// Uniform numbers that depend on nothing but (seed, row, position, purpose): a row draws the same tokens whatever else
/// is in its batch, after a fork and after tokens are taken back.
/// </summary>
/// <remarks>
/// Philox4x32 with ten rounds (Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3", 2011).
/// Key: the seed, low word first. Counter: position (low, high), row, purpose. A number is the top 53 bits of the
/// first two output words, the first being the high one.
/// </remarks>
internal readonly struct CounterRandom(ulong seed, uint row)
{
    /// <summary>A number in [0, 1).</summary>
    public double Uniform(long position, RandomPurpose purpose)
    {
        (uint high, uint low, _, _) = Block((uint)seed, (uint)(seed >> 32), (uint)position, (uint)(position >> 32), row, (uint)purpose);
        return ((((ulong)high << 32) | low) >> 11) * (1.0 / (1L << 53));
    }

    /// <summary>One block of Philox4x32-10.</summary>
    public static (uint, uint, uint, uint) Block(uint key0, uint key1, uint c0, uint c1, uint c2, uint c3)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong first = (ulong)c0 * 0xD2511F53, second = (ulong)c2 * 0xCD9E8D57;
            (c0, c1, c2, c3) = ((uint)(second >> 32) ^ c1 ^ key0, (uint)second, (uint)(first >> 32) ^ c3 ^ key1, (uint)first);
            key0 += 0x9E3779B9;
            key1 += 0xBB67AE85;
        }
        return (c0, c1, c2, c3);
    }
}
