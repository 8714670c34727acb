using Managed.Kernels;

namespace Managed.Hooks;

/// <summary>Which hook points are wanted, and what is called there. A point that nobody wants costs one bit test.</summary>
internal sealed class HookTable(int layers)
{
    private readonly ulong[] wanted = new ulong[layers + 1]; // [layer + 1]; 0: points outside the blocks
    private readonly List<Entry>?[] hooks = new List<Entry>?[layers + 1]; // likewise, in the order of registration

    // One of the two.
    private readonly record struct Entry(HookAddress Address, HookAction? Action, IHookReader? Reader);

    /// <summary>Another number after every change.</summary>
    public long Version { get; private set; }

    public bool IsEmpty => Array.TrueForAll(wanted, points => points == 0);

    public bool Wants(HookPoint point, int layer) => (wanted[layer + 1] & (1UL << (int)point)) != 0;

    /// <summary>Whether any of the points outside the blocks that follow them is wanted.</summary>
    public bool WantsFinal => (wanted[0] >> (int)HookPoint.FinalNormScale) != 0;

    /// <summary>Whether some only read: what they keep has arrived when the device was waited for.</summary>
    public bool HasReaders { get; private set; }

    public void Add(HookAddress address, HookAction action) => Add(new Entry(address, action, null));

    public void Add(HookAddress address, IHookReader reader) => Add(new Entry(address, null, reader));

    private void Add(Entry entry)
    {
        Version++;
        (hooks[entry.Address.Layer + 1] ??= []).Add(entry);
        HasReaders |= entry.Reader is not null;
        wanted[entry.Address.Layer + 1] |= 1UL << (int)entry.Address.Point;
    }

    /// <summary>Adds everything that is registered in another table.</summary>
    public void AddAll(HookTable other)
    {
        foreach (List<Entry>? ofLayer in other.hooks)
            ofLayer?.ForEach(Add);
    }

    public void Remove(HookAction action) => Remove(entry => entry.Action == action);

    public void Remove(IHookReader reader) => Remove(entry => entry.Reader == reader);

    private void Remove(Predicate<Entry> matches)
    {
        Version++;
        Array.Clear(wanted);
        HasReaders = false;
        foreach (List<Entry>? ofLayer in hooks)
        {
            ofLayer?.RemoveAll(matches);
            foreach (Entry entry in ofLayer ?? [])
            {
                wanted[entry.Address.Layer + 1] |= 1UL << (int)entry.Address.Point;
                HasReaders |= entry.Reader is not null;
            }
        }
    }

    /// <summary>Calls what is registered there, in the order of registration.</summary>
    public void Call(ForwardPass pass, Rows values, HookContext at)
    {
        foreach (Entry entry in hooks[at.Layer + 1] ?? [])
        {
            HookAddress address = entry.Address;
            if (address.Point != at.Address.Point || (address.Expert >= 0 && address.Expert != at.Expert))
                continue;
            if (entry.Action is { } action)
                action(pass.View(values), at);
            else
                entry.Reader!.Read(pass.Device, values, at);
        }
    }
}
