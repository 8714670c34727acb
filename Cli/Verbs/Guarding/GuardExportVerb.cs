using System.CommandLine;
using Managed.Guards;
using Managed.Guards.Interchange;
using Managed.Loader;

namespace Managed.Cli.Verbs.Guarding;

/// <summary>`managed guard export`: directions into the file that another tool reads.</summary>
internal static class GuardExportVerb
{
    internal static Command Create()
    {
        var from = new Argument<string>("file") { Description = "Directions: what `managed guard import` wrote, or any file that it reads." };
        var format = new Option<string>("--format") { Description = "gguf: llama.cpp's --control-vector; svec: activation-steering; npy, npz: NumPy.", Required = true };
        format.AcceptOnlyFromAmong(VectorReport.FormatNames);
        var place = VectorReport.PlaceOption("What a number in a .svec means: the block whose output was measured, or the one at whose input its engine adds it");
        var output = new Option<string>("--out") { Description = "The file to write.", Required = true };
        var json = JsonOutput.Option();
        var command = new Command("export", "Writes directions in another tool's format, and says what it could not hold.") { from, format, place, output, json };
        command.SetAction((result, _) =>
        {
            string to = result.GetValue(output)!;
            AtomicFile.CheckTarget(to);
            SteeringVectors vectors = VectorFile.Read(result.GetValue(from)!);
            IReadOnlyList<string> lost = VectorFile.Write(to, vectors, VectorReport.Format(result.GetValue(format))!.Value, result.GetValue(place));
            VectorReport.Write(result, result.GetValue(json), to, vectors, lost);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
