using System.IO.Compression;
using Managed.Loader;

namespace Managed.Guards.Interchange;

/// <summary>A `.npz`: a zip whose members are `.npy` files, stored or deflated. A member is read when it is asked for.</summary>
internal sealed class NpzFile : IDisposable
{
    private const string Suffix = ".npy";
    private const int MostMembers = 1 << 16;
    private const long HighestRatio = 1100; // deflate reaches 1032

    private static readonly uint[] s_crcTable = BuildCrcTable();
    private static readonly DateTimeOffset s_epoch = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero); // the same arrays give the same file

    private readonly string path;
    private readonly FileStream stream;
    private readonly ZipArchive archive;
    private readonly OrderedDictionary<string, ZipArchiveEntry> members = new(StringComparer.Ordinal);

    private NpzFile(string path, FileStream stream, ZipArchive archive)
    {
        this.path = path;
        this.stream = stream;
        this.archive = archive;
    }

    /// <summary>The arrays' names, in the file's order.</summary>
    public IReadOnlyCollection<string> Names => members.Keys;

    public static NpzFile Open(string path)
    {
        FileBytes.Open(path).Dispose(); // its words for a file that is not there
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            var file = new NpzFile(path, stream, new ZipArchive(stream, ZipArchiveMode.Read));
            file.List();
            return file;
        }
        catch (Exception failure)
        {
            stream.Dispose();
            if (IsDamage(failure))
                throw new CheckpointException(path, "zip", null, Mended(failure), "a zip of .npy files", failure);
            throw;
        }
    }

    public bool Has(string name) => members.ContainsKey(name);

    public NpyArray Array(string name)
    {
        string field = $"member {Utf8Text.Show(name)}";
        if (!members.TryGetValue(name, out ZipArchiveEntry? entry))
            throw new CheckpointException(path, field, null, "no such array", $"one of {string.Join(", ", Names.Take(8).Select(known => Utf8Text.Show(known)))}");
        return NpyArray.Parse(path, field, Extract(entry, field));
    }

    public void Dispose()
    {
        archive.Dispose();
        stream.Dispose();
    }

    public static void Write(string path, IEnumerable<(string Name, NpyArray Array)> arrays) => AtomicFile.Write(path, stream =>
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach ((string name, NpyArray array) in arrays)
        {
            ZipArchiveEntry entry = archive.CreateEntry(name + Suffix, CompressionLevel.NoCompression);
            entry.LastWriteTime = s_epoch;
            using Stream member = entry.Open();
            array.Write(member);
        }
    });

    private void List()
    {
        if (archive.Entries.Count > MostMembers)
            throw new CheckpointException(path, "zip", null, $"{archive.Entries.Count} members", $"at most {MostMembers}");
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            string field = $"member {Utf8Text.Show(entry.FullName)}";
            if (!entry.FullName.EndsWith(Suffix, StringComparison.Ordinal))
                throw new CheckpointException(path, field, null, "a name of another kind", $"names that end in {Suffix}");
            if (!members.TryAdd(entry.FullName[..^Suffix.Length], entry))
                throw new CheckpointException(path, field, null, "the name for the second time", "every name once");
        }
    }

    private byte[] Extract(ZipArchiveEntry entry, string field)
    {
        long length = entry.Length;
        if (length > System.Array.MaxLength || length / HighestRatio > entry.CompressedLength || entry.CompressedLength > stream.Length)
            throw new CheckpointException(path, field, null, $"{length} bytes packed into {entry.CompressedLength}",
                $"at most {System.Array.MaxLength} bytes, within a file of {stream.Length}");
        try
        {
            var bytes = new byte[length];
            using Stream member = entry.Open();
            int read = member.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (read < bytes.Length || member.ReadByte() >= 0)
                throw new CheckpointException(path, field, null, read < bytes.Length ? $"{read} bytes" : $"more than {length} bytes", $"the {length} that the zip's directory says");
            uint sum = Crc(bytes);
            return sum == entry.Crc32 ? bytes
                : throw new CheckpointException(path, field, null, $"bytes with the checksum {sum:X8}", $"{entry.Crc32:X8}, which the zip's directory says");
        }
        catch (Exception failure) when (IsDamage(failure))
        {
            throw new CheckpointException(path, field, null, Mended(failure), "a stored or deflated member", failure);
        }
    }

    private static bool IsDamage(Exception failure) =>
        failure is InvalidDataException or NotSupportedException or EndOfStreamException or IOException or ArgumentException or OverflowException;

    private static string Mended(Exception failure) => $"a damaged zip ({failure.Message.TrimEnd('.')})";

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint sum = ~0u;
        foreach (byte value in bytes)
            sum = s_crcTable[(byte)(sum ^ value)] ^ (sum >> 8);
        return ~sum;
    }

    private static uint[] BuildCrcTable()
    {
        const uint Polynomial = 0xEDB88320;
        var table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint sum = i;
            for (int bit = 0; bit < 8; bit++)
                sum = (sum >> 1) ^ ((sum & 1) != 0 ? Polynomial : 0);
            table[i] = sum;
        }
        return table;
    }
}
