using System.Globalization;
using System.Text.RegularExpressions;

namespace Managed.Guards.Interchange;

/// <summary>From the name of a tensor to the block at whose output its direction stands.</summary>
internal static partial class LayerName
{
    /// <summary>The name under which this project writes the direction of a block.</summary>
    public static string Of(int layer) => string.Create(CultureInfo.InvariantCulture, $"blocks.{layer}.hook_resid_post");

    /// <summary>
    /// Understands `blocks.3.hook_resid_post`, `blocks.4.hook_resid_pre` (the same place), `3`, and `PREFIX.3` for one prefix:
    /// the given one, or `layer`, `layers`, `direction`.
    /// </summary>
    /// <returns>The block, −1 for the stream before the first one; null where the name names no layer.</returns>
    public static long? Parse(string name, string? prefix)
    {
        if (prefix is not null)
            return name.StartsWith(prefix + ".", StringComparison.Ordinal) ? Number(name.AsSpan(prefix.Length + 1)) : null;
        if (HookPointName().Match(name) is { Success: true } hook)
            return Number(hook.Groups["layer"].ValueSpan) - (hook.Groups["point"].Value == "pre" ? 1 : 0);
        return Plain().Match(name) is { Success: true } plain ? Number(plain.Groups["layer"].ValueSpan) : null;
    }

    /// <summary>A number without sign or leading zeros; null for anything else.</summary>
    public static long? Number(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= 9 && (text.Length == 1 || text[0] != '0')
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    [GeneratedRegex(@"^blocks\.(?<layer>\d+)\.hook_resid_(?<point>pre|post)$")]
    private static partial Regex HookPointName();

    [GeneratedRegex(@"^((layers?|direction)\.)?(?<layer>\d+)$")]
    private static partial Regex Plain();
}
