using System.Globalization;
using System.IO.Enumeration;
using System.Text.RegularExpressions;
using Managed.Architectures;

namespace Managed.Hooks;

/// <summary>
/// From a name to hook points of one model. Taken are TransformerLens' full names and shorthands, TransformerBridge's names,
/// nnterp's and pyvene's, interp-engine's addresses ("resid_post.10"), and globs ("blocks.*.hook_resid_post").
/// A name without a layer means every layer.
/// </summary>
internal sealed partial class HookNames(Architecture architecture)
{
    private readonly int layers = architecture.Layers.Length;

    /// <summary>Every hook point that the model has, in forward order; points of experts once per expert.</summary>
    public IEnumerable<HookAddress> All()
    {
        foreach (HookPointInfo info in HookPointTable.Present(architecture, -1).Where(info => info.Point <= HookPoint.PositionEmbed))
            yield return new HookAddress(info.Point, -1);
        for (int layer = 0; layer < layers; layer++)
            foreach (HookPointInfo info in HookPointTable.Present(architecture, layer))
                for (int expert = 0; expert < (IsOfExpert(info) ? architecture.Layers[layer].Mlp.Router!.Experts : 1); expert++)
                    yield return new HookAddress(info.Point, layer, IsOfExpert(info) ? expert : -1);
        foreach (HookPointInfo info in HookPointTable.Present(architecture, -1).Where(info => info.Point > HookPoint.PositionEmbed))
            yield return new HookAddress(info.Point, -1);
    }

    /// <summary>The points that a name stands for.</summary>
    /// <param name="name">A full name, alias, shorthand or glob.</param>
    /// <param name="layer">The layer, where the name does not say; negative counts from the last.</param>
    /// <param name="layerType">TransformerLens' third part ("ln1"), or null.</param>
    /// <exception cref="HookPointException">The model has no such point: why, and what was probably meant.</exception>
    public IReadOnlyList<HookAddress> Resolve(string name, int? layer = null, string? layerType = null)
    {
        if (name.AsSpan().ContainsAny('*', '?'))
        {
            HookAddress[] matches = [.. All().Where(address => FileSystemName.MatchesSimpleExpression(name, address.ToString(), ignoreCase: false))];
            return matches.Length > 0 ? matches : throw Unknown(name, "no hook point of this model matches");
        }
        if (FullName().Match(name) is { Success: true } full)
            return [InLayer(full.Groups["rest"].Value, ParseLayer(full.Groups["layer"].Value, name), name)];
        if (TryPoint(name, out HookPoint global, out _) && !HookPointTable.Of(global).PerLayer)
            return [Present(global, -1, -1, name)];
        if (Addressed().Match(name) is { Success: true } addressed)
            return Expand(addressed.Groups["point"].Value, ParseLayer(addressed.Groups["layer"].Value, name), null, name);
        if (Shorthand().Match(name) is { Success: true } shorthand)
            return Expand(shorthand.Groups["point"].Value, ParseLayer(shorthand.Groups["layer"].Value, name),
                shorthand.Groups["type"].Value is { Length: > 0 } type ? type : layerType, name);
        return Expand(name, layer is { } given ? ParseLayer(given, name) : null, layerType, name);
    }

    /// <summary>The one point that a name stands for; a name without a layer needs a model of one layer.</summary>
    public HookAddress ResolveOne(string name, int? layer = null, string? layerType = null)
    {
        IReadOnlyList<HookAddress> found = Resolve(name, layer, layerType);
        return found.Count == 1 ? found[0]
            : throw new HookPointException($"'{name}' stands for {found.Count} hook points, {found[0]} to {found[^1]}: give the layer too.");
    }

    // A short name in one layer, or in every layer that has it.
    private List<HookAddress> Expand(string shortName, int? layer, string? layerType, string asked)
    {
        HookPoint point;
        if (layerType is not null || shortName is "scale" or "normalized")
            point = NormPoint(shortName, layer, layerType, asked);
        else if (!HookAliases.Short.TryGetValue(shortName, out point) && !TryPoint(shortName, out point, out _))
            throw Unknown(asked, "there is no hook point of that name");
        if (!HookPointTable.Of(point).PerLayer)
            return [Present(point, -1, -1, asked)];
        if (layer is { } one)
            return [Present(point, one, -1, asked)];
        var found = new List<HookAddress>();
        for (int i = 0; i < layers; i++)
            if (HookPointTable.Of(point).WhyAbsent(architecture, architecture.Layers[i]) is null)
                found.Add(new HookAddress(point, i));
        return found.Count > 0 ? found : [Present(point, 0, -1, asked)];
    }

    private HookPoint NormPoint(string shortName, int? layer, string? layerType, string asked)
    {
        if (layer is null && layerType is null)
            return shortName == "scale" ? HookPoint.FinalNormScale : HookPoint.FinalNormNormalized;
        if (!HookAliases.LayerTypes.TryGetValue(layerType ?? "", out string? part))
            throw Unknown(asked, $"'{layerType}' is not a part of a block");
        string prefix = part.Length == 0 ? "" : part + ".";
        return TryPoint($"{prefix}hook_{shortName}", out HookPoint point, out _) ? point
            : HookAliases.Short.TryGetValue(shortName, out point) ? point
            : throw Unknown(asked, "there is no hook point of that name");
    }

    private HookAddress InLayer(string rest, int layer, string asked)
    {
        // Two Bridge names whose meaning depends on the block.
        MlpSpec mlp = architecture.Layers[layer].Mlp;
        if (rest == "mlp.in.hook_out")
            return Present(mlp.Gated ? HookPoint.MlpPreLinear : HookPoint.MlpPre, layer, -1, asked);
        if (rest == "ln2.hook_in" && architecture.Layers[layer].Parallel)
            return Present(HookPoint.ResidualPre, layer, -1, asked);
        return TryPoint(rest, out HookPoint point, out int expert) && HookPointTable.Of(point).PerLayer
            ? Present(point, layer, expert, asked)
            : throw Unknown(asked, "there is no hook point of that name");
    }

    // A canonical or Bridge name without "blocks.{i}.".
    private static bool TryPoint(string name, out HookPoint point, out int expert)
    {
        expert = -1;
        if (ExpertName().Match(name) is { Success: true } match)
        {
            expert = int.Parse(match.Groups["expert"].Value, CultureInfo.InvariantCulture);
            name = "mlp.experts.{e}." + match.Groups["rest"].Value;
        }
        foreach (HookPointInfo info in HookPointTable.All)
            if (info.Name == name)
            {
                point = info.Point;
                return expert >= 0 == IsOfExpert(info);
            }
        return HookAliases.Bridge.TryGetValue(name, out point);
    }

    private HookAddress Present(HookPoint point, int layer, int expert, string asked)
    {
        HookPointInfo info = HookPointTable.Of(point);
        LayerSpec spec = architecture.Layers[Math.Max(layer, 0)];
        if (info.WhyAbsent(architecture, spec) is { } reason)
            throw Unknown(asked, $"this model ({architecture.Family}) has none{(layer >= 0 ? $" in layer {layer}" : "")}: {reason}");
        if (expert >= 0 && expert >= spec.Mlp.Router!.Experts)
            throw Unknown(asked, $"layer {layer} has experts 0 to {spec.Mlp.Router.Experts - 1}");
        return new HookAddress(point, layer, expert);
    }

    private int ParseLayer(string text, string asked) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int layer)
            ? ParseLayer(layer, asked)
            : throw Unknown(asked, $"'{text}' is not a layer");

    private int ParseLayer(int layer, string asked)
    {
        int index = layer < 0 ? layer + layers : layer;
        return (uint)index < (uint)layers ? index : throw Unknown(asked, $"this model has layers 0 to {layers - 1}");
    }

    private HookPointException Unknown(string name, string why)
    {
        string[] closest = [.. All().Select(address => address.ToString()).Distinct()
            .OrderBy(known => Distance(name, known)).ThenBy(known => known.Length).Take(3)];
        return new HookPointException($"Hook point '{name}': {why}. Closest: {string.Join(", ", closest)}.");
    }

    // Levenshtein's distance, so that a suggestion is the name with the fewest typing mistakes; shorthands match their tail.
    private static int Distance(string name, string known)
    {
        string tail = known[(known.LastIndexOf("hook_", StringComparison.Ordinal) is var at and >= 0 ? at + 5 : 0)..];
        return Math.Min(Levenshtein(name, known), 1 + Levenshtein(name, tail));
    }

    private static int Levenshtein(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
            row[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.Length];
    }

    private static bool IsOfExpert(HookPointInfo info) => info.Name.Contains("{e}", StringComparison.Ordinal);

    [GeneratedRegex(@"^blocks\.(?<layer>-?\d+)\.(?<rest>.+)$")]
    private static partial Regex FullName();

    [GeneratedRegex(@"^mlp\.experts\.(?<expert>\d{1,6})\.(?<rest>.+)$")]
    private static partial Regex ExpertName();

    [GeneratedRegex(@"^(?<point>[a-z_]+)(\.(?<layer>-?\d+)|\[(?<layer>-?\d+)\])$")]
    private static partial Regex Addressed();

    [GeneratedRegex(@"^(?<point>[a-z_]+?)(?<layer>\d+)(?<type>[a-z]*[0-9]?(_post|_norm)?)$")]
    private static partial Regex Shorthand();
}
