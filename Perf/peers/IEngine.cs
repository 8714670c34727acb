namespace Managed.Peers;

/// <summary>An engine with one model loaded, that does the cases of a race.</summary>
internal interface IEngine : IDisposable
{
    /// <summary>The engine in words: release, instruction sets, settings.</summary>
    string Description { get; }

    int Vocabulary { get; }

    /// <summary>Does a case once and gives the time it took. What it begins with (a context to continue) is made before, and kept for the next time.</summary>
    Elapsed Run(RaceCase work);

    /// <summary>Logits behind the last of some tokens. [vocabulary]</summary>
    float[] Logits(ReadOnlySpan<int> tokens);

    /// <summary>Adds a vector behind blocks from now on; none: nothing. [layers × width], the first for block 1.</summary>
    void Steer(float[] vectors, int width);
}
