using Managed.Loader;
using Managed.Weights;

namespace Managed.Guards.Learning.Harvest;

/// <summary>A merged harvest's states of one hook point at every token, from the memory-mapped parts: what a head is trained on.</summary>
internal sealed unsafe class HarvestReader : ITokenRows, IDisposable
{
    private readonly List<SafetensorsFile> files = [];
    private readonly List<(nint State, int Next)> rows = [];

    /// <param name="folder">The harvest's folder; every token must have been kept.</param>
    /// <param name="hook">The hook point.</param>
    /// <exception cref="GuardException">Parts are missing or damaged, the hook point was not kept, or not every token.</exception>
    public HarvestReader(string folder, string hook)
    {
        ActivationHarvest.Merge(folder);
        HarvestPlan plan = ActivationHarvest.ReadPlan(folder)!;
        if (plan.Positions != nameof(StatePositions.All))
            throw new GuardException($"{folder}: found states of positions {plan.Positions}; expected All, as each token's successor is learned.");
        if (!plan.Hooks.Contains(hook))
            throw new GuardException($"{folder}: found the hook points {string.Join(", ", plan.Hooks)}; expected {hook} among them.");
        for (int part = 0; part < plan.Parts; part++)
        {
            SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, HarvestPlan.PartName(part)));
            files.Add(file);
            StoredTensor states = file.Tensors[hook];
            int[] owners = StoredValues.ToIntegers(file.Tensors[HarvestPart.Prompts]), tokens = StoredValues.ToIntegers(file.Tensors[HarvestPart.Tokens]);
            Width = (int)states.Shape[1];
            for (int row = 0; row + 1 < owners.Length; row++)
                if (owners[row] == owners[row + 1])
                    rows.Add(((nint)(states.Data + ((long)row * Width * sizeof(float))), tokens[row + 1]));
        }
    }

    public int Width { get; }

    public int Count => rows.Count;

    public ReadOnlySpan<float> State(int row) => new((float*)rows[row].State, Width);

    public int Next(int row) => rows[row].Next;

    public void Dispose() => files.ForEach(file => file.Dispose());
}
