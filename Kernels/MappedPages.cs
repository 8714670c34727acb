using System.Runtime.InteropServices;

namespace Managed.Kernels;

/// <summary>Pages of a memory-mapped file that are not needed for now.</summary>
internal static unsafe partial class MappedPages
{
    private const int DontNeed = 4; // MADV_DONTNEED: the next access reads the file again

    /// <summary>
    /// Takes the whole pages of a range out of this process's resident memory; they come back when they are next read, from the system's
    /// cache of files as a rule. Only for memory that is a file's: other memory would lose its contents. Does nothing on other systems than Linux.
    /// </summary>
    public static void Release(byte* start, long length)
    {
        if (!OperatingSystem.IsLinux())
            return;
        nint page = Environment.SystemPageSize, first = ((nint)start + page - 1) & -page, end = ((nint)start + (nint)length) & -page;
        if (first < end)
            _ = Advise((void*)first, (nuint)(end - first), DontNeed); // an advice; without it more memory stays resident, and nothing else
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint length, int advice);
}
