using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Managed.Cli;

/// <summary>The processor that this runs on.</summary>
/// <param name="Id">What `--device` calls it.</param>
/// <param name="Kind">cpu.</param>
/// <param name="Name">The model, as the processor names itself.</param>
/// <param name="Architecture">x64, arm64, ...</param>
/// <param name="Cores">Physical cores; null where the system does not tell.</param>
/// <param name="Threads">Logical cores that this process may use.</param>
/// <param name="MemoryBytes">Memory that this process may use.</param>
/// <param name="VectorBits">Bits of the widest vector that the runtime uses by itself.</param>
/// <param name="InstructionSets">The vector instructions that the runtime can use.</param>
internal sealed record Processor(
    string Id, string Kind, string Name, string Architecture, int? Cores, int Threads, long MemoryBytes, int VectorBits, string[] InstructionSets)
{
    private static readonly (string Name, bool Supported)[] s_instructionSets =
    [
        ("sse4.2", Sse42.IsSupported),
        ("avx", Avx.IsSupported),
        ("avx2", Avx2.IsSupported),
        ("fma", Fma.IsSupported),
        ("bmi2", Bmi2.IsSupported),
        ("avx-vnni", AvxVnni.IsSupported),
        ("avx512f", Avx512F.IsSupported),
        ("avx512bw", Avx512BW.IsSupported),
        ("avx512vl", Avx512F.VL.IsSupported),
        ("avx512vbmi", Avx512Vbmi.IsSupported),
        ("avx10", Avx10v1.IsSupported),
        ("neon", AdvSimd.IsSupported),
        ("dotprod", Dp.IsSupported),
        ("rdm", Rdm.IsSupported),
    ];

    public static Processor Describe()
    {
        string information = File.Exists("/proc/cpuinfo") ? File.ReadAllText("/proc/cpuinfo") : "";
        return new Processor(
            "cpu", "cpu", Model(information), RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(), PhysicalCores(information),
            Environment.ProcessorCount, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, WidestVector(),
            [.. s_instructionSets.Where(s => s.Supported).Select(s => s.Name)]);
    }

    /// <summary>The processor's name in the text of /proc/cpuinfo, or what the system's environment tells.</summary>
    internal static string Model(string information) =>
        Field(information, "model name") ?? Field(information, "Model") ?? Field(information, "Hardware")
        ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
        ?? "unknown processor";

    /// <summary>Different pairs of socket and core in the text of /proc/cpuinfo.</summary>
    internal static int? PhysicalCores(string information)
    {
        var cores = new HashSet<(string?, string?)>();
        foreach (string block in information.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
            if (Field(block, "core id") is { } core)
                cores.Add((Field(block, "physical id"), core));
        return cores.Count > 0 ? cores.Count : null;
    }

    private static string? Field(string information, string name)
    {
        foreach (string line in information.Split('\n'))
            if (line.IndexOf(':', StringComparison.Ordinal) is var colon and > 0 && line[..colon].Trim() == name)
                return line[(colon + 1)..].Trim();
        return null;
    }

    private static int WidestVector() =>
        Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 64;
}
