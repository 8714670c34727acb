namespace Managed.Loader.Templates;

/// <summary>Values with a length and numbered elements. The sandbox lets no template change one.</summary>
internal abstract class SequenceValue(IReadOnlyList<object?> items)
{
    public IReadOnlyList<object?> Items { get; } = items;
}

internal sealed class ListValue(IReadOnlyList<object?> items) : SequenceValue(items);

internal class TupleValue(IReadOnlyList<object?> items) : SequenceValue(items);

/// <summary>What groupby gives: a pair whose halves have names.</summary>
internal sealed class GroupValue(object? grouper, ListValue list) : TupleValue([grouper, list]);

/// <summary>Bytes, which only str.encode makes.</summary>
internal sealed record BytesValue(byte[] Bytes);

/// <summary>A range: its elements are computed, never stored.</summary>
internal sealed record RangeValue(long Start, long Stop, long Step, int Count)
{
    public long this[int index] => Start + index * Step;

    public IEnumerable<object?> Items => Enumerable.Range(0, Count).Select(i => (object?)this[i]);
}

/// <summary>Something that can be walked once: the result of map, select and their like.</summary>
internal sealed class IteratorValue(IEnumerable<object?> items, string display)
{
    private readonly IEnumerator<object?> source = items.GetEnumerator();

    public string Display { get; } = display;

    public IEnumerable<object?> Rest
    {
        get
        {
            while (Advance())
                yield return source.Current;
        }
    }

    // An iterator over an iterator over an iterator … is a recursion that a template can make as deep as it likes.
    private bool Advance()
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        Budget.Spend(1);
        return source.MoveNext();
    }
}
