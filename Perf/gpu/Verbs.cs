using System.CommandLine;

namespace Managed.GpuPerf;

/// <summary>The program's verbs.</summary>
internal static class Verbs
{
    /// <param name="output">Takes what the verbs print.</param>
    public static RootCommand Create(TextWriter output)
    {
        var root = new RootCommand("Tests and benchmarks of Managed on a GPU.");
        foreach (Command verb in new[] { TestsVerb.Create(output), BenchVerb.Create(output), ExactVerb.Create(output) })
            root.Subcommands.Add(verb);
        return root;
    }

    /// <summary>The device that all verbs but `tests` take.</summary>
    public static Option<string> DeviceOption() =>
        new("--device") { Description = "cuda[:n], opencl[:n], cpu or debug.", DefaultValueFactory = _ => "cuda" };
}
