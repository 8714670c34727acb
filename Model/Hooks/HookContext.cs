using Managed.Hooks;

namespace Managed;

/// <summary>Where a hook was called.</summary>
public readonly ref struct HookContext
{
    internal HookContext(HookAddress address, ReadOnlySpan<int> shape, ReadOnlySpan<int> positions, ReadOnlySpan<int> tokens, int sequence)
    {
        Address = address;
        Shape = shape;
        Positions = positions;
        Tokens = tokens;
        Sequence = sequence;
    }

    /// <summary>Full name of the hook point: "blocks.3.hook_resid_post".</summary>
    public string Name => Address.ToString();

    /// <summary>The block, or −1 for points outside the blocks.</summary>
    public int Layer => Address.Layer;

    /// <summary>The expert, or −1 for points outside experts.</summary>
    public int Expert => Address.Expert;

    /// <summary>
    /// The values' axes: [tokens, width], [tokens, heads, headDim] or [heads, queries, keys]. A row of the span is a token, all
    /// heads side by side; of scores and patterns it is a query of a head.
    /// </summary>
    public ReadOnlySpan<int> Shape { get; }

    /// <summary>Position in the conversation of each token of this call, counted from its beginning, never from the call's.</summary>
    public ReadOnlySpan<int> Positions { get; }

    /// <summary>The tokens' ids.</summary>
    public ReadOnlySpan<int> Tokens { get; }

    /// <summary>Which sequence of the batch this is.</summary>
    public int Sequence { get; }

    internal HookAddress Address { get; }
}

/// <summary>Reads or edits the values at a hook point, in place.</summary>
/// <param name="stream">The values of one sequence; rows are tokens unless the point's shape says otherwise.</param>
/// <param name="at">Where this is.</param>
public delegate void HookAction(Span2D stream, HookContext at);
