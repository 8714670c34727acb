using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Cache;

/// <summary>
/// Keys and values of every sequence, in pages of <see cref="PagePositions"/> positions. A page holds all layers;
/// forked sequences share pages until one of them writes.
/// </summary>
internal sealed class KeyValueCache : IDisposable
{
    /// <summary>Positions a page holds; a multiple of the kernels' lane count, so that lanes never depend on paging.</summary>
    public const int PagePositions = 32;

    private readonly IDevice device;
    private readonly Stack<CachePage> free = new();
    private readonly long pageLength;
    private bool disposed;

    public KeyValueCache(IDevice device, Architecture architecture)
    {
        this.device = device;
        Layouts = new CacheLayout[architecture.Layers.Length];
        for (int layer = 0; layer < Layouts.Length; layer++)
        {
            AttentionSpec attention = architecture.Layers[layer].Attention;
            long keys = pageLength, values = keys + ((long)PagePositions * attention.KeyHeads * attention.KeyDimension);
            Layouts[layer] = new CacheLayout(PagePositions, keys, values, attention.KeyHeads, attention.KeyDimension, attention.ValueDimension);
            pageLength = values + ((long)PagePositions * attention.KeyHeads * attention.ValueDimension);
        }
    }

    /// <summary>Where each layer lies in a page.</summary>
    public CacheLayout[] Layouts { get; }

    /// <summary>Bytes that one position of one sequence takes.</summary>
    public long BytesPerPosition => pageLength / PagePositions * sizeof(float);

    /// <summary>Pages in use or kept for reuse.</summary>
    public int PageCount { get; private set; }

    /// <summary>Pages that sequences hold, each counted once however many share it.</summary>
    public int PagesInUse => PageCount - free.Count;

    /// <summary>An empty sequence.</summary>
    public Sequence Create() => new(this);

    internal CachePage Rent()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (!free.TryPop(out CachePage? page))
        {
            page = new CachePage(device.Allocate(pageLength));
            PageCount++;
        }
        page.References = 1;
        return page;
    }

    internal void Release(CachePage page)
    {
        if (--page.References > 0)
            return;
        if (disposed)
            page.Buffer.Dispose();
        else
            free.Push(page);
    }

    /// <summary>A private copy of a shared page.</summary>
    internal CachePage Copy(CachePage page)
    {
        CachePage copy = Rent();
        int width = (int)(pageLength / PagePositions);
        device.Scale(new Rows(copy.Buffer, PagePositions, width), new Rows(page.Buffer, PagePositions, width), 1f);
        Release(page);
        return copy;
    }

    /// <summary>Gives back the memory of pages that no sequence holds.</summary>
    public void Trim()
    {
        while (free.TryPop(out CachePage? page))
        {
            page.Buffer.Dispose();
            PageCount--;
        }
    }

    public void Dispose()
    {
        disposed = true;
        Trim();
    }
}

/// <summary>One page and how many sequences refer to it.</summary>
internal sealed class CachePage(DeviceBuffer buffer)
{
    public DeviceBuffer Buffer { get; } = buffer;

    public int References { get; set; }
}
