using System.Text.RegularExpressions;
using Managed.Guards.Interchange;

namespace Managed.Guards.Sae;

/// <summary>What the names of an autoencoder's hook points mean for the residual stream.</summary>
internal static partial class SaeHooks
{
    /// <summary>The block at whose output an addition at a hook point arrives unchanged.</summary>
    /// <exception cref="GuardException">There is none.</exception>
    public static int ResidualLayer(string hookPoint)
    {
        Match match = Name().Match(hookPoint);
        long layer = match.Success && LayerName.Number(match.Groups["layer"].ValueSpan) is { } number
            ? number - (match.Groups["point"].Value == "hook_resid_pre" ? 1 : 0) : -1;
        return layer >= 0 ? (int)layer : throw new GuardException($"{hookPoint}: found a place whose values are not added to the stream at a block's output as "
            + "they are; expected hook_resid_post or hook_mlp_out of a block, or hook_resid_pre of a later one than the first.");
    }

    [GeneratedRegex(@"^blocks\.(?<layer>\d+)\.(?<point>hook_resid_post|hook_mlp_out|hook_resid_pre)$")]
    private static partial Regex Name();
}
