namespace Managed.Loader.Hub;

/// <summary>How far a pull has come.</summary>
/// <param name="File">The file that is being fetched.</param>
/// <param name="FileBytes">Bytes of it on disk.</param>
/// <param name="FileTotal">Its size; null where the server does not say.</param>
/// <param name="Bytes">Bytes of all files on disk, those of earlier pulls included.</param>
/// <param name="Total">Size of all files; null where the server left one out.</param>
/// <param name="BytesPerSecond">Over this pull, counting only what came over the network.</param>
internal readonly record struct HubProgress(string File, long FileBytes, long? FileTotal, long Bytes, long? Total, double BytesPerSecond);
