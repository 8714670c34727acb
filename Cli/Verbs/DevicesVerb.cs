using System.CommandLine;
using System.Globalization;

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
            if (result.GetValue(json))
                JsonOutput.Write(result, new { Devices = new[] { processor } });
            else
                Show(processor, result.InvocationConfiguration.Output);
        });
        return command;
    }

    private static void Show(Processor processor, TextWriter output)
    {
        output.WriteLine($"{processor.Id}  {processor.Name}");
        output.WriteLine($"     {Cores(processor)}, {processor.Architecture}");
        output.WriteLine($"     {string.Join(' ', processor.InstructionSets)}; vectors of {processor.VectorBits} bits");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"     {processor.MemoryBytes / (double)(1L << 30):0.0} GiB of memory"));
    }

    private static string Cores(Processor processor) => processor.Cores is { } cores
        ? $"{cores} cores, {processor.Threads} threads"
        : $"{processor.Threads} threads";
}
