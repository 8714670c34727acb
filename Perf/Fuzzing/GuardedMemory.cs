using System.Runtime.InteropServices;

namespace Managed.Fuzzing;

/// <summary>Memory whose last byte lies right before a page that nobody may touch, so that a read past the end ends the process at once.</summary>
/// <remarks>On systems without mmap it is ordinary memory, and such reads may go unseen.</remarks>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int ReadWrite = 3, NoAccess = 0, PrivateAnonymous = 0x22;

    private readonly long _room;
    private readonly byte* _start;
    private readonly bool _mapped;

    public GuardedMemory(long capacity)
    {
        int page = Environment.SystemPageSize;
        _room = (capacity + page - 1) / page * page;
        _mapped = OperatingSystem.IsLinux();
        _start = _mapped ? Map(_room, page) : (byte*)NativeMemory.Alloc((nuint)_room);
    }

    /// <summary>The last `length` bytes before the guard.</summary>
    public byte* Tail(long length) => length <= _room ? _start + _room - length : throw new ArgumentOutOfRangeException(nameof(length));

    public void Dispose()
    {
        if (_mapped)
            _ = Unmap(_start, (nuint)(_room + Environment.SystemPageSize));
        else
            NativeMemory.Free(_start);
    }

    private static byte* Map(long room, int page)
    {
        byte* start = Map(null, (nuint)(room + page), ReadWrite, PrivateAnonymous, -1, 0);
        return start != (byte*)-1 && Protect(start + room, (nuint)page, NoAccess) == 0
            ? start
            : throw new InvalidOperationException("guarded memory could not be mapped");
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* Map(void* at, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* at, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* at, nuint length);
}
