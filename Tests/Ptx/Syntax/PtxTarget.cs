using System.Globalization;

namespace Managed.Tests.Ptx;

/// <summary>The module's .version and .target, and which later features they have.</summary>
/// <param name="Version">PTX version times ten: 7.8 is 78.</param>
/// <param name="Architecture">80 for sm_80.</param>
/// <param name="Specific">Whether the target ends in "a": code for this one architecture.</param>
internal readonly record struct PtxTarget(int Version, int Architecture, bool Specific)
{
    public const int NewestVersion = 90;

    /// <summary>Least .version of each .target.</summary>
    private static readonly Dictionary<string, int> LeastVersions = new()
    {
        ["sm_70"] = 60,
        ["sm_72"] = 61,
        ["sm_75"] = 63,
        ["sm_80"] = 70,
        ["sm_86"] = 71,
        ["sm_87"] = 74,
        ["sm_89"] = 78,
        ["sm_90"] = 78,
        ["sm_90a"] = 80,
        ["sm_100"] = 86,
        ["sm_100a"] = 86,
    };

    /// <summary>Shared memory that a block may have on a GPU of this target.</summary>
    public int SharedMemoryLimit => 1024 * Architecture switch { 70 or 72 => 96, 75 => 64, 80 or 87 => 163, 86 or 89 => 99, _ => 227 };

    public string TargetName => $"sm_{Architecture}{(Specific ? "a" : "")}";

    public string VersionName => $"{Version / 10}.{Version % 10}";

    public static PtxTarget Parse(string version, string target, int line, string text)
    {
        string[] parts = version.Split('.');
        if (parts.Length != 2 || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out int major)
            || !int.TryParse(parts[1], CultureInfo.InvariantCulture, out int minor) || minor > 9)
            throw new PtxException(line, text, $"'{version}' is not a PTX version such as 7.0.");
        int number = (major * 10) + minor;
        if (!LeastVersions.TryGetValue(target, out int least))
            throw new PtxException(line, text, $"unknown target '{target}'; known: {string.Join(", ", LeastVersions.Keys)}.");
        if (number < least)
            throw new PtxException(line, text, $"target {target} needs at least .version {least / 10}.{least % 10}, found {version}.");
        if (number > NewestVersion)
            throw new PtxException(line, text, $".version {version} is newer than 9.0, the newest known.");
        bool specific = target.EndsWith('a');
        return new PtxTarget(number, int.Parse(target.AsSpan(3).TrimEnd('a'), CultureInfo.InvariantCulture), specific);
    }

    /// <summary>Whether the module may use a feature that came with a version and a target ("sm_90a" only runs on itself).</summary>
    public bool Has(int version, int architecture, bool specific) =>
        Version >= version && (specific ? Specific && Architecture == architecture : Architecture >= architecture);
}
