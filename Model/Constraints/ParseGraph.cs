namespace Managed.Constraints;

/// <summary>
/// The nodes of one constraint, made when a text first reaches them and shared by all texts and rows. Not for several
/// threads at once: callers hold <see cref="Gate"/>.
/// </summary>
internal sealed class ParseGraph
{
    private const int MaxNodes = 40_000;

    private readonly Rule root;
    private readonly ParseStep step = new();
    private readonly Dictionary<int, ParseNode> buckets = [];
    private int count, epoch;
    private ParseNode? start;

    public ParseGraph(Rule root) => this.root = root;

    public Lock Gate { get; } = new();

    /// <summary>The node of the empty text.</summary>
    public ParseNode Start
    {
        get
        {
            if (start is null)
            {
                step.Begin();
                step.Add(new(new EntryFrame(root), null, null));
                start = Intern();
            }
            return start;
        }
    }

    /// <summary>The node after one more byte, or null if the byte is refused.</summary>
    public ParseNode? Follow(ParseNode from, byte value)
    {
        if (from.TryFollow(value, epoch, out var node))
            return node;
        step.Begin();
        foreach (ref readonly var item in from.Readers.AsSpan())
            step.Read(item, value);
        node = step.Items.Count == 0 ? null : Intern();
        from.Remember(value, epoch, node);
        return node;
    }

    /// <summary>The node less the letters of names that are being read.</summary>
    public ParseNode Nameless(ParseNode node)
    {
        if (node.Nameless is { } known)
            return known;
        if (!Array.Exists(node.Kernel, item => !ReferenceEquals(item.Frame, item.Frame.WithoutName)))
            return node.Nameless = node;
        step.Begin();
        foreach (var item in node.Kernel)
            step.Add(item with { Frame = item.Frame.WithoutName });
        return node.Nameless = Intern();
    }

    // The node whose first items are those in `step`: an old one if there is one.
    private ParseNode Intern()
    {
        var mixed = new HashCode();
        foreach (var item in step.Items)
            mixed.Add(item);
        int hash = mixed.ToHashCode();
        buckets.TryGetValue(hash, out var bucket);
        for (var known = bucket; known is not null; known = known.NextInBucket)
            if (Same(known.Kernel))
                return known;
        if (++count > MaxNodes)
            Forget();
        buckets.TryGetValue(hash, out bucket);
        var node = new ParseNode([.. step.Items]) { Hash = hash, NextInBucket = bucket };
        buckets[hash] = node;
        step.Close(node);
        return node;
    }

    private bool Same(ParseItem[] kernel)
    {
        if (kernel.Length != step.Items.Count)
            return false;
        for (int i = 0; i < kernel.Length; i++)
            if (!kernel[i].Equals(step.Items[i]))
                return false;
        return true;
    }

    // Lets go of everything remembered, so that memory stays bounded however long texts get; what rows still hold goes on to work.
    private void Forget()
    {
        buckets.Clear();
        count = 1;
        epoch++;
        start = null;
    }

    /// <summary>Before the first byte: calls the root rule, whose end is the end of the sentence.</summary>
    private sealed class EntryFrame(Rule root) : Frame
    {
        public override void Arrive(ParseStep step) => step.Call(root, EndFrame.Instance);
    }
}
