namespace Managed.Tests.Ptx;

/// <summary>Which bits of a generic address say that it points to shared, local or parameter memory; anything else is global.</summary>
internal static class AddressWindows
{
    public const ulong Mask = 0xFF00_0000_0000_0000;
    public const ulong Shared = 0x0100_0000_0000_0000;
    public const ulong Local = 0x0200_0000_0000_0000;
    public const ulong Parameter = 0x0300_0000_0000_0000;
}

/// <summary>One allocation of global or constant memory.</summary>
internal sealed class MemoryRegion(ulong start, byte[] data, bool isConstant, string name)
{
    private const byte ReadOnlyPath = 1, Written = 2;

    public ulong Start { get; } = start;

    public byte[] Data { get; } = data;

    public bool IsConstant { get; } = isConstant;

    public string Name { get; } = name;

    /// <summary>Who touched which byte last; made when a launch looks for races in global memory.</summary>
    public AccessHistory? History { get; set; }

    /// <summary>Per byte of this launch: read through .nc, written. Made with the first .nc load or write of a launch that has any.</summary>
    private byte[]? _flags;

    public bool Contains(ulong address, int bytes) => address - Start <= (ulong)Data.Length - (ulong)bytes && address >= Start && bytes <= Data.Length;

    public void ForgetLaunch()
    {
        if (_flags is not null)
            Array.Clear(_flags);
        History = null;
    }

    /// <summary>Notes an access; false if a byte is both written and read through the read-only path.</summary>
    public bool NoteReadOnlyPath(ulong address, int bytes, bool writes)
    {
        _flags ??= new byte[Data.Length];
        (byte mark, byte conflict) = writes ? (Written, ReadOnlyPath) : (ReadOnlyPath, Written);
        foreach (ref byte flag in _flags.AsSpan((int)(address - Start), bytes))
        {
            if ((flag & conflict) != 0)
                return false;
            flag |= mark;
        }
        return true;
    }
}
