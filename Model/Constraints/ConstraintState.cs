namespace Managed.Constraints;

/// <summary>Where a row stands in its constraint. A copy is a fork: states never change what they share.</summary>
internal struct ConstraintState
{
    private readonly ParseGraph graph;

    public ConstraintState(ParseGraph graph)
    {
        this.graph = graph;
        lock (graph.Gate)
            Node = graph.Start;
    }

    internal readonly ParseGraph Graph => graph;
    internal ParseNode Node { get; private set; }

    /// <summary>Whether the text so far is whole: generation may end here.</summary>
    public readonly bool IsAccepting => Node.Accepting;

    /// <summary>Whether any byte can follow. If not, generation must end here.</summary>
    public readonly bool CanContinue
    {
        get
        {
            lock (graph.Gate)
                for (int value = 0; value < 256; value++)
                    if (graph.Follow(Node, (byte)value) is not null)
                        return true;
            return false;
        }
    }

    /// <summary>Reads a token's bytes. False, and nothing changes, if the text cannot go on so.</summary>
    public bool Advance(ReadOnlySpan<byte> bytes)
    {
        var node = Node;
        lock (graph.Gate)
            foreach (byte value in bytes)
                if (graph.Follow(node, value) is { } next)
                    node = next;
                else
                    return false;
        Node = node;
        return true;
    }
}
