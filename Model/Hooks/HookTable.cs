namespace Managed.Hooks;

/// <summary>Which hook points are wanted, and what is called there. A point that nobody wants costs one bit test.</summary>
internal sealed class HookTable(int layers)
{
    private readonly ulong[] wanted = new ulong[layers + 1]; // [layer + 1]; 0: points outside the blocks
    private readonly List<(HookAddress Address, HookAction Action)> hooks = [];

    /// <summary>Another number after every change.</summary>
    public long Version { get; private set; }

    public bool IsEmpty => hooks.Count == 0;

    public bool Wants(HookPoint point, int layer) => (wanted[layer + 1] & (1UL << (int)point)) != 0;

    /// <summary>Whether any of the points outside the blocks that follow them is wanted.</summary>
    public bool WantsFinal => (wanted[0] >> (int)HookPoint.FinalNormScale) != 0;

    public void Add(HookAddress address, HookAction action)
    {
        Version++;
        hooks.Add((address, action));
        wanted[address.Layer + 1] |= 1UL << (int)address.Point;
    }

    /// <summary>Adds everything that is registered in another table.</summary>
    public void AddAll(HookTable other)
    {
        foreach ((HookAddress address, HookAction action) in other.hooks)
            Add(address, action);
    }

    public void Remove(HookAction action)
    {
        Version++;
        hooks.RemoveAll(hook => hook.Action == action);
        Array.Clear(wanted);
        foreach ((HookAddress address, _) in hooks)
            wanted[address.Layer + 1] |= 1UL << (int)address.Point;
    }

    /// <summary>Calls what is registered there, in the order of registration.</summary>
    public void Call(Span2D values, HookContext at)
    {
        foreach ((HookAddress address, HookAction action) in hooks)
            if (address.Point == at.Address.Point && address.Layer == at.Layer && (address.Expert < 0 || address.Expert == at.Expert))
                action(values, at);
    }
}
