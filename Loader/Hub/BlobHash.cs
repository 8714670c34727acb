using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Managed.Loader.Hub;

/// <summary>The name of a blob is its hash: SHA-256 for large files, git's SHA-1 of "blob SIZE\0" + content for small ones.</summary>
internal static partial class BlobHash
{
    /// <summary>The blob's name in an ETag header: W/"x" and "x" are both x. Null where it cannot be a file name.</summary>
    public static string? FromEtag(string? etag)
    {
        if (etag is null)
            return null;
        string name = etag.Trim();
        if (name.StartsWith("W/", StringComparison.Ordinal))
            name = name[2..];
        name = name.Trim('"');
        return SafeName().IsMatch(name) ? name : null;
    }

    /// <summary>True where the name says what the content must be; other servers' etags are only names.</summary>
    public static bool IsHash(string name) => Sha256Name().IsMatch(name) || GitName().IsMatch(name);

    /// <summary>The hash of the file in the same form as the expected name.</summary>
    public static async Task<string> ComputeAsync(string path, string expected, CancellationToken cancellation)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 17, FileOptions.Asynchronous | FileOptions.SequentialScan);
        // git names objects by SHA-1; it is an address here, not a signature
        using var hash = IncrementalHash.CreateHash(Sha256Name().IsMatch(expected) ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (hash.AlgorithmName == HashAlgorithmName.SHA1)
            hash.AppendData(Encoding.ASCII.GetBytes($"blob {file.Length}\0"));
        byte[] buffer = new byte[1 << 17];
        for (int read; (read = await file.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
            hash.AppendData(buffer, 0, read);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex SafeName();

    [GeneratedRegex(@"^[0-9a-f]{64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Sha256Name();

    [GeneratedRegex(@"^[0-9a-f]{40}\z", RegexOptions.CultureInvariant)]
    private static partial Regex GitName();
}
