namespace Managed.Sampling;

/// <summary>
/// Passes a text on as it is written, piece by piece, up to the first stop string, of which not one character gets out:
/// the longest end of the text that may begin a stop string is held back until it is clear.
/// </summary>
/// <remarks>
/// The stop string that is complete first ends the text; of several complete at the same character, the longest.
/// The machine is Aho and Corasick's (1975): its state is the longest end of the text that begins a stop string,
/// and its depth is how much must be held back.
/// </remarks>
public sealed class StopStringFilter
{
    private readonly string[] stops;
    private readonly List<Dictionary<char, int>> children = [[]];
    private readonly List<int> fallbacks = [0], depths = [0], stopOf = [-1];
    private char[] held = new char[64];
    private int begin, end, state;

    /// <summary>Takes the stop strings, none of which may be empty.</summary>
    public StopStringFilter(IEnumerable<string> stopStrings)
    {
        stops = [.. stopStrings.Distinct(StringComparer.Ordinal)];
        if (stops.Contains(""))
            throw new ArgumentException("Stop strings: found an empty one; expected at least one character in each.");
        for (int stop = 0; stop < stops.Length; stop++)
            Add(stop);
        LinkFallbacks();
    }

    /// <summary>The stop string that has ended the text; null while none has.</summary>
    public string? Stopped { get; private set; }

    /// <summary>Takes the next piece of the text and gives what may be passed on, valid until the next call.</summary>
    public ReadOnlySpan<char> Push(ReadOnlySpan<char> piece)
    {
        if (Stopped is not null || stops.Length == 0)
            return stops.Length == 0 ? piece : [];
        // What the last call gave lies before `begin`; what it held back lies from there to `end`.
        held.AsSpan(begin, end - begin).CopyTo(held);
        (begin, end) = (0, end - begin);
        if (held.Length < end + piece.Length)
            Array.Resize(ref held, Math.Max(end + piece.Length, held.Length * 2));
        foreach (char character in piece)
        {
            held[end++] = character;
            state = Next(state, character);
            if (stopOf[state] < 0)
                continue;
            Stopped = stops[stopOf[state]];
            int passed = end - Stopped.Length;
            (begin, end) = (0, 0);
            return held.AsSpan(0, passed);
        }
        begin = end - depths[state];
        return held.AsSpan(0, begin);
    }

    /// <summary>At the end of the text: what was held back, since nothing can complete a stop string any more.</summary>
    public ReadOnlySpan<char> Flush()
    {
        ReadOnlySpan<char> rest = held.AsSpan(begin, end - begin);
        (begin, end, state) = (0, 0, 0);
        return rest;
    }

    private void Add(int stop)
    {
        int node = 0;
        foreach (char character in stops[stop])
        {
            if (!children[node].TryGetValue(character, out int child))
            {
                children[node][character] = child = children.Count;
                children.Add([]);
                fallbacks.Add(0);
                depths.Add(depths[node] + 1);
                stopOf.Add(-1);
            }
            node = child;
        }
        stopOf[node] = stop;
    }

    // Breadth first: a node falls back to the longest shorter end of its text that also begins a stop string.
    private void LinkFallbacks()
    {
        var waiting = new Queue<int>(children[0].Values);
        while (waiting.TryDequeue(out int node))
            foreach ((char character, int child) in children[node])
            {
                fallbacks[child] = Next(fallbacks[node], character);
                if (stopOf[child] < 0)
                    stopOf[child] = stopOf[fallbacks[child]];
                waiting.Enqueue(child);
            }
    }

    private int Next(int node, char character)
    {
        for (; ; node = fallbacks[node])
        {
            if (children[node].TryGetValue(character, out int child))
                return child;
            if (node == 0)
                return 0;
        }
    }
}
