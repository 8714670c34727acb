using Managed.Hooks;

namespace Managed;

/// <summary>A hook that copies what it sees of one text into an <see cref="ActivationCache"/>, for chosen positions.</summary>
/// <param name="cache">Where to.</param>
/// <param name="positions">Which positions; of scores and patterns these are queries, of an expert's rows the tokens routed to it.</param>
/// <param name="length">Tokens of the text.</param>
internal sealed class ActivationReader(ActivationCache cache, PositionFilter positions, int length)
{
    /// <summary>Registers the reader at the points.</summary>
    public void Attach(HookTable hooks, IEnumerable<HookAddress> addresses)
    {
        foreach (HookAddress address in addresses.Distinct())
            hooks.Add(address, Read);
    }

    private void Read(Span2D values, HookContext at)
    {
        if (positions.IsAll)
        {
            Keep(at, at.Shape.ToArray(), values.ToArray());
            return;
        }
        bool pattern = at.Address.Point is HookPoint.Scores or HookPoint.Pattern; // [heads, queries, keys]
        int queryAxis = pattern ? 1 : 0;
        List<int> kept = positions.Choose(at.Positions, length);
        if (kept.Count == 0 && at.Expert >= 0)
            return; // as if no token had been routed there
        int[] shape = at.Shape.ToArray();
        int outer = pattern ? shape[0] : 1, count = shape[queryAxis], width = values.Columns;
        shape[queryAxis] = kept.Count;
        var chosen = new float[outer * kept.Count * width];
        for (int o = 0; o < outer; o++)
            for (int i = 0; i < kept.Count; i++)
                values.Row((o * count) + kept[i]).CopyTo(chosen.AsSpan(((o * kept.Count) + i) * width));
        Keep(at, shape, chosen);
    }

    private void Keep(HookContext at, int[] shape, float[] values) => cache.Add(at.Address, new Activation(at.Name, shape, values));
}
