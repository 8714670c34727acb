namespace Managed.Constraints;

/// <summary>One of the parses that are alive after some text: a frame, the rule it belongs to, and the node in which that rule was called.</summary>
internal readonly record struct ParseItem(Frame Frame, Rule? Rule, ParseNode? Origin);

/// <summary>Who waits in a node for a rule to end: the frame to go on with, its rule, and where that was called.</summary>
internal readonly record struct Waiter(Rule Awaited, Frame Resume, Rule? Rule, ParseNode? Origin);

/// <summary>
/// All parses that are alive after some text: an Earley set. Nodes are immutable but for what they remember (the nodes that
/// follow each byte, the mask of a vocabulary), so that texts which lead to the same parses share one node and its mask.
/// </summary>
internal sealed class ParseNode
{
    private const int SmallCount = 6;
    private static readonly ParseNode None = new([]);

    // The nodes that follow, by byte: a few pairs first, then a table of all 256. None: the byte is refused.
    private byte[]? bytes;
    private ParseNode[]? following;
    private int followingCount, followingEpoch;

    public ParseNode(ParseItem[] kernel) => Kernel = kernel;

    /// <summary>The parses just after the last byte, before anything was called: they determine the rest of the node.</summary>
    public ParseItem[] Kernel { get; }

    /// <summary>The parses that can read a byte.</summary>
    public ParseItem[] Readers { get; set; } = [];

    public Waiter[] Waiters { get; set; } = [];

    /// <summary>Whether the text is a whole sentence.</summary>
    public bool Accepting { get; set; }

    /// <summary>Whether what follows depends on something this node does not know: the caller must follow the text exactly.</summary>
    public bool Undetermined { get; set; }

    /// <summary>
    /// The node without the letters of member names that are being read. Names matter once the object's next member begins
    /// (no name may come twice); until then, nodes that differ in them alone have the same mask.
    /// </summary>
    public ParseNode? Nameless { get; set; }

    /// <summary>The vocabulary's mask in this node, once computed.</summary>
    public TokenMask? Mask { get; set; }

    /// <summary>The next node with the same hash, and that hash: the graph's table of nodes is threaded through them.</summary>
    public ParseNode? NextInBucket { get; set; }
    public int Hash { get; set; }

    /// <summary>The remembered node after a byte; false if it must be computed. A refused byte is remembered as null.</summary>
    public bool TryFollow(byte value, int epoch, out ParseNode? node)
    {
        node = null;
        if (following is null || followingEpoch != epoch)
            return false;
        if (bytes is null)
            node = following[value];
        else
        {
            int at = bytes.AsSpan(0, followingCount).IndexOf(value);
            node = at < 0 ? null : following[at];
        }
        if (node is null)
            return false;
        if (ReferenceEquals(node, None))
            node = null;
        return true;
    }

    public void Remember(byte value, int epoch, ParseNode? node)
    {
        node ??= None;
        if (following is null || followingEpoch != epoch)
        {
            (bytes, following) = (new byte[SmallCount], new ParseNode[SmallCount]);
            (followingCount, followingEpoch) = (0, epoch);
        }
        if (bytes is not null && followingCount < SmallCount)
        {
            bytes[followingCount] = value;
            following[followingCount++] = node;
            return;
        }
        if (bytes is not null)
        {
            var table = new ParseNode[256];
            for (int i = 0; i < followingCount; i++)
                table[bytes[i]] = following[i];
            (bytes, following) = (null, table);
        }
        following[value] = node;
    }
}
