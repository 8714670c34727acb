using System.CommandLine;
using Managed.GpuPerf;
using Managed.Kernels;

namespace Managed.Peers;

/// <summary>`synthetic`: a GGUF file with random weights.</summary>
internal static class SyntheticVerb
{
    public static Command Create(TextWriter output)
    {
        var path = new Argument<string>("out") { Description = "NAME.gguf" };
        var shape = new Option<string>("--shape") { Description = string.Join(", ", ModelShape.All.Select(known => known.Name)), DefaultValueFactory = _ => "1.1b" };
        var type = new Option<WeightType>("--type") { Description = "Of all matrices: F16, BF16, Q8_0, Q4_0 or Q4_K.", DefaultValueFactory = _ => WeightType.Q8_0 };
        var command = new Command("synthetic", "Writes a llama-shaped GGUF file with random weights: for speed, where what the model says does not matter.") { path, shape, type };
        command.SetAction(parsed =>
        {
            string file = parsed.GetRequiredValue(path);
            SyntheticGguf.Write(file, ModelShape.Of(parsed.GetRequiredValue(shape)), parsed.GetValue(type));
            output.WriteLine(file);
        });
        return command;
    }
}
