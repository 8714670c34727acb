using System.Diagnostics.CodeAnalysis;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed;

/// <summary>
/// Keeps what passes hook points, token after token, from <see cref="LanguageModel.Capture"/> until it is disposed: of prompts, of text that is being
/// generated, of all rows of a batch. Nobody waits for what is kept, as a hook does that is called. What was captured may be read afterwards as well.
/// </summary>
public sealed class ActivationCapture : IDisposable, IHookReader
{
    private readonly HookNames names;
    private readonly HookTable hooks;
    private readonly Dictionary<HookAddress, CapturedActivation> captured = [];
    private bool isEnded;

    internal ActivationCapture(HookNames names, HookTable hooks, IEnumerable<string> wanted)
    {
        (this.names, this.hooks) = (names, hooks);
        HookAddress[] addresses = [.. wanted.SelectMany(name => names.Resolve(name)).Distinct()];
        foreach (HookAddress address in addresses)
            if (address.Point is HookPoint.Scores or HookPoint.Pattern)
                throw new HookPointException($"'{address}' has a column for each token so far, so that its rows differ in length; RunWithCache reads it for a whole text.");
        foreach (HookAddress address in addresses)
            hooks.Add(address, this);
    }

    /// <summary>Everything that was captured, in the order of the forward pass.</summary>
    public IEnumerable<CapturedActivation> All => captured.Values;

    /// <summary>What was captured at a hook point, by its full name, alias or shorthand.</summary>
    /// <exception cref="HookPointException">There is no such hook point, or nothing has passed it.</exception>
    public CapturedActivation this[string name] => Find(names.ResolveOne(name));

    /// <summary>What was captured at a hook point of one layer; negative layers count from the last.</summary>
    /// <exception cref="HookPointException">There is no such hook point, or nothing has passed it.</exception>
    public CapturedActivation this[string name, int layer] => Find(names.ResolveOne(name, layer));

    /// <summary>What was captured at a hook point, if anything was.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out CapturedActivation? activation) => captured.TryGetValue(names.ResolveOne(name), out activation);

    /// <summary>Captures no more.</summary>
    public void Dispose()
    {
        if (!isEnded)
            hooks.Remove(this);
        isEnded = true;
    }

    void IHookReader.Read(IDevice device, Rows values, HookContext at)
    {
        if (!captured.TryGetValue(at.Address, out CapturedActivation? activation))
            captured[at.Address] = activation = new CapturedActivation(at.Name, at.Shape[1..]);
        activation.Add(device, values, at);
    }

    private CapturedActivation Find(HookAddress address) => captured.TryGetValue(address, out CapturedActivation? found) ? found
        : throw new HookPointException($"'{address}' was not captured; captured were {(captured.Count == 0 ? "no hook points" : string.Join(", ", captured.Keys.Take(6)) + (captured.Count > 6 ? ", …" : ""))}.");
}

/// <summary>Which token a captured row is of.</summary>
/// <param name="Sequence">The sequence, as hooks know it.</param>
/// <param name="Position">Its position in the conversation.</param>
/// <param name="Id">The token.</param>
public readonly record struct CapturedToken(int Sequence, int Position, int Id);

/// <summary>
/// Rows that passed a hook point, in the order in which they were computed: a token that was computed twice, or taken back, is there as often as it was computed.
/// </summary>
public sealed class CapturedActivation
{
    private const int PieceRows = 64;

    private readonly List<(int First, Memory<float> Values)> pieces = [];
    private readonly List<CapturedToken> tokens = [];
    private readonly int width;

    internal CapturedActivation(string name, ReadOnlySpan<int> rowShape)
    {
        (Name, RowShape) = (name, new TensorShape(rowShape.ToArray()));
        width = 1;
        foreach (int size in rowShape)
            width *= size;
    }

    /// <summary>The hook point's full name.</summary>
    public string Name { get; }

    /// <summary>The sizes of a row's axes: [width], or [heads, headDim].</summary>
    public TensorShape RowShape { get; }

    /// <summary>The rows' tokens.</summary>
    public IReadOnlyList<CapturedToken> Tokens => tokens;

    /// <summary>Number of rows.</summary>
    public int Count => tokens.Count;

    /// <summary>A row, packed, last axis fastest.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public ReadOnlySpan<float> this[Index index]
    {
        get
        {
            int row = index.GetOffset(Count);
            ArgumentOutOfRangeException.ThrowIfNegative(row, nameof(index));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Count, nameof(index));
            int low = 0, high = pieces.Count - 1; // the last piece that begins at the row or before
            while (low < high)
            {
                int middle = (low + high + 1) / 2;
                (low, high) = pieces[middle].First <= row ? (middle, high) : (low, middle - 1);
            }
            return pieces[low].Values.Span.Slice((row - pieces[low].First) * width, width);
        }
    }

    /// <summary>All rows, one behind the other.</summary>
    public float[] ToArray()
    {
        var all = new float[Count * width];
        for (int row = 0; row < Count; row++)
            this[row].CopyTo(all.AsSpan(row * width));
        return all;
    }

    internal void Add(IDevice device, Rows values, HookContext at)
    {
        int count = at.Positions.Length, used = pieces.Count == 0 ? 0 : Count - pieces[^1].First;
        if (pieces.Count == 0 || (used + count) * width > pieces[^1].Values.Length)
        {
            pieces.Add((Count, device.RentHost(Math.Max(count, PieceRows) * width)));
            used = 0;
        }
        device.Keep(pieces[^1].Values.Slice(used * width, count * width), values);
        for (int i = 0; i < count; i++)
            tokens.Add(new CapturedToken(at.Sequence, at.Positions[i], at.Tokens[i]));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} [{Count}]×{RowShape}";
}
