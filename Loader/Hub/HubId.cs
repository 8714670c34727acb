using System.Text.RegularExpressions;

namespace Managed.Loader.Hub;

/// <summary>A model on the hub: `owner/name`, or `owner/name@revision` with a branch, a tag or a commit.</summary>
internal sealed partial record HubId(string Owner, string Name, string Revision)
{
    private const string DefaultRevision = "main";
    private const int LongestName = 96;

    /// <summary>`owner/name`, as in addresses.</summary>
    public string Repository => $"{Owner}/{Name}";

    /// <summary>A full commit is its own answer; a branch or a tag must be looked up.</summary>
    public bool NamesCommit => IsCommit(Revision);

    public override string ToString() => Revision == DefaultRevision ? Repository : $"{Repository}@{Revision}";

    public static bool IsCommit(string text) => Commit().IsMatch(text);

    public static HubId Parse(string text) => TryParse(text)
        ?? throw new HubException($"'{text}' is not the id of a model on the hub; expected owner/name or owner/name@revision, such as HuggingFaceTB/SmolLM2-135M-Instruct.");

    /// <summary>The id, or null where the text cannot be one.</summary>
    public static HubId? TryParse(string text)
    {
        int at = text.IndexOf('@', StringComparison.Ordinal);
        string repository = at < 0 ? text : text[..at], revision = at < 0 ? DefaultRevision : text[(at + 1)..];
        string[] parts = repository.Split('/');
        bool valid = parts.Length == 2 && parts.All(IsName) && repository.Length <= LongestName && IsRevision(revision);
        return valid ? new HubId(parts[0], parts[1], revision) : null;
    }

    // "--" separates owner from name in the cache's folder names, so neither may hold it.
    private static bool IsName(string part) => NamePart().IsMatch(part)
        && !part.Contains("--", StringComparison.Ordinal) && !part.Contains("..", StringComparison.Ordinal)
        && !part.EndsWith(".git", StringComparison.Ordinal);

    // A revision becomes a path below refs/: refs/pr/1 is one, ../../x is not.
    private static bool IsRevision(string revision) => revision.Length <= 256 && HubFileName.IsSafe(revision) && !revision.Any(char.IsWhiteSpace);

    [GeneratedRegex(@"^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePart();

    [GeneratedRegex(@"^[0-9a-f]{40}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Commit();
}
