namespace Managed.Tests.Ptx;

/// <summary>Release and acquire through memory: what one block has published and another has seen.</summary>
internal sealed class MemoryOrder(Launch launch)
{
    /// <summary>What a strong write published: for the writer's block, times of its warps; and what that block knew of others.</summary>
    private sealed record Publication(int Block, uint[] Warps, Dictionary<int, uint[]> Others)
    {
        /// <summary>Warps that have seen it, so that spinning costs little.</summary>
        public HashSet<(int Block, int Warp)> TakenBy { get; } = [];
    }

    private readonly Dictionary<ulong, List<Publication>> _published = [];
    private readonly Dictionary<int, Dictionary<int, uint[]>> _known = [];

    public bool IsKnown(int block, int other, int warp, uint time) =>
        _known.TryGetValue(block, out Dictionary<int, uint[]>? others) && others.TryGetValue(other, out uint[]? warps) && warps[warp] >= time;

    /// <summary>
    /// Notes a strong access: a release, or any strong write after a fence, publishes; a strong read takes what was published at the address.
    /// A read-modify-write passes on what earlier ones published.
    /// </summary>
    public void NoteStrong(Warp warp, ulong address, Access access)
    {
        if ((access & Access.Strong) == 0)
            return;
        if ((access & Access.Read) != 0 && _published.TryGetValue(address, out List<Publication>? found))
            foreach (Publication publication in found)
                Take(warp, publication);
        if ((access & Access.Write) == 0)
            return;
        if ((access & Access.Read) == 0)
            _published.Remove(address);
        if ((access & Access.Release) == 0 && !warp.Fenced)
            return;
        if (!_published.TryGetValue(address, out List<Publication>? list))
            _published[address] = list = [];
        int block = warp.Block.LinearIndex;
        Dictionary<int, uint[]> others = _known.TryGetValue(block, out Dictionary<int, uint[]>? known) ? new(known) : [];
        list.RemoveAll(publication => publication.Block == block && publication.Warps.Zip(warp.Knowledge(launch.Time)).All(pair => pair.First <= pair.Second));
        list.Add(new Publication(block, warp.Knowledge(launch.Tick()), others));
    }

    private void Take(Warp warp, Publication publication)
    {
        int block = warp.Block.LinearIndex;
        if (!publication.TakenBy.Add((block, warp.Index)))
            return;
        if (publication.Block == block)
            warp.Learn(publication.Warps);
        else
            Merge(block, publication.Block, publication.Warps);
        foreach ((int other, uint[] warps) in publication.Others)
            if (other != block)
                Merge(block, other, warps);
    }

    private void Merge(int block, int other, uint[] warps)
    {
        if (!_known.TryGetValue(block, out Dictionary<int, uint[]>? others))
            _known[block] = others = [];
        others[other] = others.TryGetValue(other, out uint[]? old) ? [.. old.Zip(warps, Math.Max)] : warps;
    }
}
