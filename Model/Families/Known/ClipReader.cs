namespace Managed.Families;

/// <summary>The bound to which queries, keys and values are clamped.</summary>
internal static class ClipReader
{
    public static float Read(FamilySource source, string key)
    {
        double? clip = source.NumberOrNull(key);
        source.Refuse(key, clip < 0, $"{clip}", "a number of at least 0, or null");
        return (float)(clip ?? 0);
    }
}
