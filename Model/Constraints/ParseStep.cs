namespace Managed.Constraints;

/// <summary>
/// The work of making one node: frames call back here with what can happen. Items are closed under calls and ends as in
/// Earley's algorithm; ends of a rule in the node that called it are remembered for callers that come later.
/// </summary>
internal sealed class ParseStep
{
    private const int MaxItems = 50_000, LinearItems = 12;

    private readonly List<ParseItem> items = [];
    private readonly HashSet<ParseItem> itemSet = [];
    private readonly List<Waiter> waiters = [];
    private readonly HashSet<Rule> called = [];
    private readonly HashSet<Rule> endedHere = [];
    private readonly HashSet<(Rule, ParseNode)> ended = [];
    private readonly List<ParseItem> readers = [];
    private ParseItem current;
    private ParseNode node = null!;

    /// <summary>The parses gathered since <see cref="Begin"/>.</summary>
    public IReadOnlyList<ParseItem> Items => items;

    /// <summary>Goes on in the current rule with another frame.</summary>
    public void Go(Frame frame) => Add(new(frame, current.Rule, current.Origin));

    /// <summary>Calls a rule, and goes on with `resume` wherever it ends.</summary>
    public void Call(Rule rule, Frame resume)
    {
        var caller = current;
        waiters.Add(new(rule, resume, caller.Rule, caller.Origin));
        if (called.Add(rule))
        {
            current = new(resume, rule, node);
            rule.Enter(this);
            current = caller;
        }
        if (endedHere.Contains(rule))
            Add(new(resume, caller.Rule, caller.Origin));
    }

    /// <summary>The current rule may end here.</summary>
    public void Complete()
    {
        if (current.Origin is null)
        {
            node.Accepting = true;
            return;
        }
        var rule = current.Rule!;
        if (!ended.Add((rule, current.Origin)))
            return;
        if (ReferenceEquals(current.Origin, node))
        {
            endedHere.Add(rule);
            for (int i = 0; i < waiters.Count; i++)
                if (ReferenceEquals(waiters[i].Awaited, rule))
                    Add(new(waiters[i].Resume, waiters[i].Rule, waiters[i].Origin));
            return;
        }
        foreach (var waiter in current.Origin.Waiters)
            if (ReferenceEquals(waiter.Awaited, rule))
                Add(new(waiter.Resume, waiter.Rule, waiter.Origin));
    }

    /// <summary>What follows depends on a member name that this node does not know.</summary>
    public void Undetermined() => node.Undetermined = true;

    public void Begin()
    {
        items.Clear();
        if (itemSet.Count > 0)
            itemSet.Clear();
    }

    /// <summary>Lets an item read a byte; what it goes to are the next node's first items.</summary>
    public void Read(in ParseItem item, byte value)
    {
        current = item;
        item.Frame.Read(value, this);
    }

    public void Add(in ParseItem item)
    {
        if (items.Count < LinearItems)
        {
            if (items.Contains(item))
                return;
        }
        else
        {
            if (itemSet.Count == 0)
                itemSet.UnionWith(items);
            if (!itemSet.Add(item))
                return;
        }
        items.Add(item);
        if (items.Count > MaxItems)
            throw new ConstraintException($"the grammar is too ambiguous: more than {MaxItems} parses are alive at once; "
                + "remove rules that derive the same text in many ways.");
    }

    /// <summary>Completes a node whose first items are those gathered.</summary>
    public void Close(ParseNode into)
    {
        node = into;
        waiters.Clear();
        called.Clear();
        ended.Clear();
        endedHere.Clear();
        readers.Clear();
        for (int i = 0; i < items.Count; i++)
        {
            current = items[i];
            current.Frame.Arrive(this);
        }
        node.Readers = [.. items];
        node.Waiters = [.. waiters];
    }
}
