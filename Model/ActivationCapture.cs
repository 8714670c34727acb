using Managed.Hooks;
using Managed.Kernels;

namespace Managed;

/// <summary>
/// Keeps what passes hook points, token after token, from <see cref="LanguageModel.Capture"/> until it is stopped: of prompts, of text that is being
/// generated, of all rows of a batch. Nobody waits for what is kept, as for a hook that is called.
/// </summary>
/// <remarks>Disposing it stops it, too, and gives its memory to the next capture: new memory costs more than what is copied to it.</remarks>
public sealed class ActivationCapture : IDisposable
{
    private readonly HookNames names;
    private readonly HookTable hooks;
    private readonly Dictionary<HookAddress, CapturedActivation> captured = [];
    private bool isStopped;

    internal ActivationCapture(HookNames names, HookTable hooks, IEnumerable<string> wanted)
    {
        (this.names, this.hooks) = (names, hooks);
        foreach (HookAddress address in wanted.SelectMany(name => names.Resolve(name)).Distinct())
            captured[address] = address.Point is HookPoint.Scores or HookPoint.Pattern
                ? throw new HookPointException($"'{address}' has a column for each token so far, so that its rows differ in length; RunWithCache reads it for a whole text.")
                : new CapturedActivation(address.ToString());
        foreach ((HookAddress address, CapturedActivation activation) in captured)
            hooks.Add(address, activation);
    }

    /// <summary>What is captured, hook point by hook point.</summary>
    public IEnumerable<CapturedActivation> All => captured.Values;

    /// <summary>What is captured at a hook point, by its full name, alias or shorthand.</summary>
    /// <exception cref="HookPointException">There is no such hook point, or it is not captured.</exception>
    public CapturedActivation this[string name] => Find(names.ResolveOne(name));

    /// <summary>What is captured at a hook point of one layer; negative layers count from the last.</summary>
    /// <exception cref="HookPointException">There is no such hook point, or it is not captured.</exception>
    public CapturedActivation this[string name, int layer] => Find(names.ResolveOne(name, layer));

    /// <summary>Captures no more. What there is stays.</summary>
    public void Stop()
    {
        if (isStopped)
            return;
        isStopped = true;
        foreach (CapturedActivation activation in captured.Values)
            hooks.Remove(activation);
    }

    /// <summary>Stops it and gives its memory away: no rows can be read any more.</summary>
    public void Dispose()
    {
        Stop();
        foreach (CapturedActivation activation in captured.Values)
            activation.GiveBack();
    }

    private CapturedActivation Find(HookAddress address) => captured.TryGetValue(address, out CapturedActivation? found) ? found
        : throw new HookPointException($"'{address}' is not captured; captured are {string.Join(", ", captured.Keys.Take(6))}{(captured.Count > 6 ? ", …" : "")}.");
}

/// <summary>Which token a captured row is of.</summary>
/// <param name="Sequence">The sequence, as hooks know it.</param>
/// <param name="Position">Its position in the conversation.</param>
/// <param name="Id">The token.</param>
public readonly record struct CapturedToken(int Sequence, int Position, int Id);

/// <summary>
/// Rows that passed a hook point, in the order in which they were computed: a token that was computed twice, or taken back, is there as often as it was computed.
/// </summary>
public sealed class CapturedActivation : IHookReader
{
    private const int PieceRows = 64;

    private readonly List<(int First, Memory<float> Values)> pieces = [];
    private readonly List<CapturedToken> tokens = new(PieceRows);
    private IDevice? owner;
    private int width;

    internal CapturedActivation(string name) => Name = name;

    /// <summary>The hook point's full name.</summary>
    public string Name { get; }

    /// <summary>The sizes of a row's axes: [width], or [heads, headDim]; none before the first row.</summary>
    public TensorShape RowShape { get; private set; } = new();

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

    void IHookReader.Read(IDevice device, Rows values, HookContext at)
    {
        int count = at.Positions.Length;
        if (count == 0)
            return;
        if (Count == 0)
            (owner, width, RowShape) = (device, values.Count * values.Width / count, new TensorShape(at.Shape[1..].ToArray()));
        int used = pieces.Count == 0 ? 0 : Count - pieces[^1].First;
        if (pieces.Count == 0 || (used + count) * width > pieces[^1].Values.Length)
        {
            pieces.Add((Count, device.RentHost(Math.Max(count, PieceRows) * width)));
            used = 0;
        }
        device.Keep(pieces[^1].Values.Slice(used * width, count * width), values);
        for (int i = 0; i < count; i++)
            tokens.Add(new CapturedToken(at.Sequence, at.Positions[i], at.Tokens[i]));
    }

    internal void GiveBack()
    {
        foreach ((_, Memory<float> values) in pieces)
            owner!.ReturnHost(values);
        pieces.Clear();
        tokens.Clear();
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} [{Count}]×{RowShape}";
}
