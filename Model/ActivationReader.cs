using System.Runtime.InteropServices;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed;

/// <summary>Copies what passes the hook points of one text into an <see cref="ActivationCache"/>, for chosen positions.</summary>
/// <param name="cache">Where to.</param>
/// <param name="positions">Which positions; of scores and patterns these are queries, of an expert's rows the tokens routed to it.</param>
/// <param name="length">Tokens of the text.</param>
internal sealed class ActivationReader(ActivationCache cache, PositionFilter positions, int length) : IHookReader
{
    private readonly List<int> rows = []; // of one call

    /// <summary>Registers the reader at the points.</summary>
    public void Attach(HookTable hooks, IEnumerable<HookAddress> addresses)
    {
        foreach (HookAddress address in addresses.Distinct())
            hooks.Add(address, this);
    }

    public void Read(IDevice device, Rows values, HookContext at)
    {
        if (positions.IsAll)
        {
            device.Keep(Keep(device, at, at.Shape.ToArray(), checked(values.Count * values.Width)), values);
            return;
        }
        bool pattern = at.Address.Point is HookPoint.Scores or HookPoint.Pattern; // [heads, queries, keys]
        int queryAxis = pattern ? 1 : 0;
        List<int> kept = positions.Choose(at.Positions, length);
        if (kept.Count == 0 && at.Expert >= 0)
            return; // as if no token had been routed there
        int[] shape = at.Shape.ToArray();
        int outer = pattern ? shape[0] : 1, count = shape[queryAxis];
        shape[queryAxis] = kept.Count;
        rows.Clear();
        for (int o = 0; o < outer; o++)
            foreach (int row in kept)
                rows.Add((o * count) + row);
        device.Keep(Keep(device, at, shape, checked(rows.Count * values.Width)), values, CollectionsMarshal.AsSpan(rows));
    }

    private Memory<float> Keep(IDevice device, HookContext at, int[] shape, int count)
    {
        Memory<float> memory = device.RentHost(count);
        cache.Add(at.Address, new Activation(at.Name, shape, memory), device);
        return memory;
    }
}
