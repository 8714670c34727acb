using Managed.Kernels;
using Managed.Kernels.Edits;

namespace Managed.Cache;

/// <summary>One conversation: its tokens so far, and the pages that hold their keys and values.</summary>
internal sealed class Sequence : IDisposable
{
    private readonly KeyValueCache cache;
    private CachePage[] pages = new CachePage[4];
    private int pageCount;
    private int[] tokens = new int[KeyValueCache.PagePositions * 4];

    internal Sequence(KeyValueCache cache) => this.cache = cache;

    /// <summary>Tokens whose keys and values are in the cache.</summary>
    public int Length { get; private set; }

    public ReadOnlySpan<int> Tokens => tokens.AsSpan(0, Length);

    /// <summary>The adapter that this sequence's linear layers use; null: none.</summary>
    public Adapter? Adapter { get; set; }

    /// <summary>What computed the keys and values: a text is only continued on pages of the same origin.</summary>
    public CacheOrigin Origin { get; set; }

    /// <summary>What a guard reads and edits in this row; null: nothing.</summary>
    public EditState? Edits { get; set; }

    /// <summary>The guard that shaped keys and values from <see cref="GuardOrigin.First"/> on.</summary>
    public GuardOrigin Guard { get; set; } = GuardOrigin.None;

    /// <summary>The matrix that makes this row's logits; null: the model's own.</summary>
    public HeadSwap? Head { get; set; }

    /// <summary>The number that hooks are told; below 0: the sequence's place in the step.</summary>
    public int Row { get; set; } = -1;

    /// <summary>By which of the model's rotary tables the cached keys were turned (longrope has two).</summary>
    internal int Rotation { get; set; }

    /// <summary>The last step that this sequence took part in.</summary>
    internal long Step { get; set; }

    /// <summary>The cache that this sequence's pages come from.</summary>
    internal KeyValueCache Cache => cache;

    /// <summary>Pages that this sequence holds, shared ones too.</summary>
    internal ReadOnlySpan<CachePage> Pages => pages.AsSpan(0, pageCount);

    /// <summary>The pages as the kernels take them; valid up to the page of the last position.</summary>
    internal DeviceBuffer[] Buffers { get; private set; } = new DeviceBuffer[4];

    /// <summary>A second sequence with the same past; pages are shared until one of the two writes to them.</summary>
    public Sequence Fork()
    {
        var fork = new Sequence(cache)
        {
            pageCount = PagesFor(Length),
            Length = Length,
            Adapter = Adapter,
            Origin = Origin,
            Rotation = Rotation,
            Edits = Edits?.Fork(Length),
            Guard = Guard,
            Head = Head,
        };
        fork.Grow(Length);
        Array.Copy(pages, fork.pages, fork.pageCount);
        Array.Copy(Buffers, fork.Buffers, fork.pageCount);
        Tokens.CopyTo(fork.tokens);
        for (int i = 0; i < fork.pageCount; i++)
            pages[i].References++;
        return fork;
    }

    /// <summary>Forgets everything from position `length` on.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        int keep = PagesFor(length);
        while (pageCount > keep)
            cache.Release(pages[--pageCount]);
        Length = length;
        Edits?.Truncate(length);
    }

    /// <summary>Makes room for texts of up to `length` tokens, so that growing to it allocates nothing.</summary>
    public void Reserve(int length)
    {
        Grow(length);
        for (int needed = PagesFor(length); pageCount < needed; pageCount++)
            Buffers[pageCount] = (pages[pageCount] = cache.Rent()).Buffer;
    }

    /// <summary>Notes further tokens and makes room for them; pages that others share and this step writes to are copied first.</summary>
    internal void Append(ReadOnlySpan<int> added)
    {
        int length = Length + added.Length;
        Reserve(length);
        MakePrivate(Length / KeyValueCache.PagePositions, PagesFor(length));
        added.CopyTo(tokens.AsSpan(Length));
        Edits?.Reserve(length);
        Length = length;
    }

    /// <summary>Copies every page that others share, because all of them are about to be written.</summary>
    internal void MakePrivate() => MakePrivate(0, PagesFor(Length));

    public void Dispose()
    {
        Truncate(0);
        Edits?.Dispose();
        Edits = null;
    }

    /// <summary>How many of the next tokens may be computed in one step: fewer where a guard must see a token's end before the next begins.</summary>
    public int LongestStep(int wanted) => Edits is null ? wanted : Edits.LongestStep(Length, wanted);

    private void MakePrivate(int firstPage, int endPage)
    {
        for (int i = firstPage; i < endPage; i++)
            if (pages[i].References > 1)
                Buffers[i] = (pages[i] = cache.Copy(pages[i])).Buffer;
    }

    private void Grow(int length)
    {
        if (length > tokens.Length)
            Array.Resize(ref tokens, Math.Max(length, tokens.Length * 2));
        int needed = PagesFor(length);
        if (needed <= pages.Length)
            return;
        int size = Math.Max(needed, pages.Length * 2);
        Array.Resize(ref pages, size);
        DeviceBuffer[] buffers = Buffers;
        Array.Resize(ref buffers, size);
        Buffers = buffers;
    }

    private static int PagesFor(int length) => (length + KeyValueCache.PagePositions - 1) / KeyValueCache.PagePositions;
}
