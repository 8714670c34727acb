namespace Managed.Loader.Hub;

/// <summary>Headers of the hub's own.</summary>
internal static class HubHeaders
{
    /// <summary>The commit that a revision stands for.</summary>
    public const string Commit = "X-Repo-Commit";

    /// <summary>Hash of a large file that lies on another server.</summary>
    public const string LinkedEtag = "X-Linked-Etag";

    /// <summary>Its size.</summary>
    public const string LinkedSize = "X-Linked-Size";

    /// <summary>Why a request was refused: GatedRepo, RepoNotFound, RevisionNotFound, EntryNotFound.</summary>
    public const string ErrorCode = "X-Error-Code";

    public static string? Read(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
