using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Managed.Loader;

/// <summary>The bytes of a file as one region of memory: a memory map, or memory that a caller lends.</summary>
/// <remarks>
/// What is read here is checked once and then trusted. A file that another process rewrites or shortens while it is
/// mapped is out of scope: the operating system then hands out other bytes, or ends the process.
/// </remarks>
internal sealed unsafe class FileBytes : IDisposable
{
    private MemoryMappedFile? _map;
    private MemoryMappedViewAccessor? _view;

    private FileBytes(string path, byte* pointer, long length)
    {
        Path = path;
        Pointer = pointer;
        Length = length;
    }

    public string Path { get; }

    /// <summary>First byte; null where the file is empty.</summary>
    public byte* Pointer { get; private set; }

    public long Length { get; }

    /// <summary>Whether the bytes are a memory map: the file has them too.</summary>
    public bool IsMapped => _map is not null;

    public bool IsDisposed { get; private set; }

    /// <summary>Maps a file for reading.</summary>
    public static FileBytes Open(string path)
    {
        try
        {
            using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
            long length = RandomAccess.GetLength(handle);
            if (length == 0)
                return new FileBytes(path, null, 0); // an empty file cannot be mapped
            var map = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            MemoryMappedViewAccessor view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            byte* pointer = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
            return new FileBytes(path, pointer + view.PointerOffset, length) { _map = map, _view = view };
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(path, "file", null, "no such file", "a readable file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string found = Directory.Exists(path) ? "a directory" : e.Message;
            throw new CheckpointException(path, "file", null, found, "a readable file", e);
        }
    }

    /// <summary>Reads memory that stays the caller's; `path` only names it in errors.</summary>
    public static FileBytes Borrow(string path, byte* pointer, long length) => new(path, pointer, length);

    /// <summary>A checked window on the bytes.</summary>
    public ReadOnlySpan<byte> Slice(long offset, int count)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - count);
        return new ReadOnlySpan<byte>(Pointer + offset, count);
    }

    public void Dispose()
    {
        if (IsDisposed)
            return;
        IsDisposed = true;
        Pointer = null;
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _map?.Dispose();
    }
}
