using System.Globalization;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>
/// The `.target` of a module: a compute capability (80 is sm_80), and whether it may use what only that very architecture has (sm_90a).
/// Text for a target runs on every later GPU; text for an "a" target on that compute capability only, so a module is one only if it must.
/// </summary>
internal readonly record struct PtxTarget(int Architecture, bool ArchitectureSpecific = false)
{
    /// <summary>Each architecture with the least PTX version (74 is 7.4) that has it. Source: PTX ISA, "Target ISA notes".</summary>
    private static readonly (int Architecture, int Version)[] s_leastVersions =
        [(70, 60), (72, 61), (75, 63), (80, 70), (86, 71), (87, 74), (89, 78), (90, 78), (100, 86), (103, 88), (120, 87), (121, 88)];

    public static readonly PtxTarget Sm70 = new(70), Sm75 = new(75), Sm80 = new(80), Sm90 = new(90), Sm90a = new(90, true);

    /// <summary>The least PTX version that knows this target, in tenths.</summary>
    public int LeastVersion
    {
        get
        {
            int architecture = Architecture;
            (int _, int version) = Array.Find(s_leastVersions, entry => entry.Architecture == architecture);
            return version == 0
                ? throw new ArgumentException($"sm_{Architecture} is not a target known here; known are {string.Join(", ", s_leastVersions.Select(entry => entry.Architecture))}.")
                : version;
        }
    }

    /// <summary>
    /// The target for a device: the newest architecture that is not above the device's and that its driver can read.
    /// </summary>
    /// <param name="computeCapability">Ten times the major number plus the minor one.</param>
    /// <param name="newestVersion">The newest PTX version that the driver accepts, in tenths.</param>
    public static PtxTarget ForDevice(int computeCapability, int newestVersion)
    {
        (int Architecture, int Version) best = Array.FindLast(s_leastVersions,
            entry => entry.Architecture <= computeCapability && entry.Version <= newestVersion);
        return best.Architecture == 0
            ? throw new NotSupportedException(
                $"A GPU of compute capability {computeCapability / 10}.{computeCapability % 10} with a driver for PTX {newestVersion / 10}.{newestVersion % 10} is too old; kernels need compute capability 7.0 and PTX 6.0.")
            : new PtxTarget(best.Architecture, best.Architecture == computeCapability && best.Architecture >= 90 && newestVersion >= 80);
    }

    /// <summary>Reads "sm_80" or "sm_90a".</summary>
    public static PtxTarget Parse(string text)
    {
        bool specific = text.EndsWith('a');
        string digits = text.StartsWith("sm_", StringComparison.Ordinal) ? text[3..(specific ? ^1 : ^0)] : "";
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int architecture)
            ? new PtxTarget(architecture, specific)
            : throw new ArgumentException($"'{text}' is not a PTX target; expected a form like sm_80 or sm_90a.");
    }

    public override string ToString() => $"sm_{Architecture}{(ArchitectureSpecific ? "a" : "")}";
}
