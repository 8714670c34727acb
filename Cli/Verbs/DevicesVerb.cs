using System.CommandLine;
using System.Globalization;
using Managed.Kernels.Gpu;

namespace Managed.Cli.Verbs;

/// <summary>`managed devices`: what this machine can compute with.</summary>
internal static class DevicesVerb
{
    internal static Command Create()
    {
        var json = JsonOutput.Option();
        var command = new Command("devices", "Lists what this machine can compute with.") { json };
        command.SetAction(result =>
        {
            var processor = Processor.Describe();
            DeviceDescription[] others = DeviceCatalog.List();
            if (result.GetValue(json))
                JsonOutput.Write(result, new { Devices = new object[] { processor }.Concat(others).ToArray() });
            else
                Show(processor, others, result.InvocationConfiguration.Output);
        });
        return command;
    }

    private static void Show(Processor processor, DeviceDescription[] others, TextWriter output)
    {
        output.WriteLine($"{processor.Id}  {processor.Name}");
        output.WriteLine($"     {Cores(processor)}, {processor.Architecture}");
        output.WriteLine($"     {string.Join(' ', processor.InstructionSets)}; vectors of {processor.VectorBits} bits");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"     {processor.MemoryBytes / (double)(1L << 30):0.0} GiB of memory"));
        foreach (DeviceDescription other in others)
        {
            output.WriteLine($"{other.Id}  {other.Name}");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"     {other.Multiprocessors} multiprocessors, warps of {other.WarpSize}, {other.MemoryBytes / (double)(1L << 30):0.0} GiB of memory"));
        }
    }

    private static string Cores(Processor processor) => processor.Cores is { } cores
        ? $"{cores} cores, {processor.Threads} threads"
        : $"{processor.Threads} threads";
}
