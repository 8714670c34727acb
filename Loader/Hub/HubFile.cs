namespace Managed.Loader.Hub;

/// <summary>A file of one commit, as the hub announces it.</summary>
/// <param name="Name">Path inside the repository, with '/'.</param>
/// <param name="Blob">Name of its content in the cache.</param>
/// <param name="Size">Bytes; null where the server does not say.</param>
/// <param name="Address">Where to get it.</param>
internal sealed record HubFile(string Name, string Blob, long? Size, Uri Address)
{
    /// <summary>What the content must hash to; null where the server's etag is no hash and only the length can be checked.</summary>
    public string? Hash => BlobHash.IsHash(Blob) ? Blob : null;
}
