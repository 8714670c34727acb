using System.CommandLine;
using System.Text.Json;
using Managed.Kernels;
using Managed.Loader;

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

    /// <summary>Runs a command line: 0 for success, 1 for a figure or test that failed, 2 for bad input, which takes one line.</summary>
    public static int Run(string[] arguments, TextWriter output, TextWriter error)
    {
        try
        {
            return Create(output).Parse(arguments).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = error });
        }
        catch (Exception refusal) when (refusal is ArgumentException or DeviceException or CheckpointException or FileNotFoundException or JsonException)
        {
            error.WriteLine(refusal.Message);
            return 2;
        }
    }

    /// <summary>The device that all verbs but `tests` take.</summary>
    public static Option<string> DeviceOption() =>
        new("--device") { Description = "cuda[:n], opencl[:n], cpu or debug.", DefaultValueFactory = _ => "cuda" };

    /// <summary>How weights meet activations.</summary>
    public static Option<Precision> PrecisionOption() =>
        new("--precision") { Description = "fast (as generation has it by default) or exact.", DefaultValueFactory = _ => Precision.Fast };
}
