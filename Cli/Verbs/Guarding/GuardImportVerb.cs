using System.CommandLine;
using Managed.Guards;
using Managed.Guards.Interchange;
using Managed.Guards.Sae;
using Managed.Loader;

namespace Managed.Cli.Verbs.Guarding;

/// <summary>`managed guard import`: directions from another tool's file, or a feature's from a sparse autoencoder.</summary>
internal static class GuardImportVerb
{
    private const string Autoencoder = "sae";

    internal static Command Create()
    {
        var from = new Argument<string>("file") { Description = "A control vector (GGUF), .svec, .npy, .npz or safetensors; or a sparse autoencoder with --feature." };
        var format = new Option<string?>("--format") { Description = "What the file is; without it, by content." };
        format.AcceptOnlyFromAmong([.. VectorReport.FormatNames, Autoencoder]);
        var place = VectorReport.PlaceOption("Where a number's direction stands, if the writer measures it at one block and its engine adds it at another");
        var name = new Option<string?>("--name") { Description = "The tensor or array that holds the directions, or what stands before the layer in names like refusal.3." };
        var layer = new Option<int?>("--layer") { Description = "The layer of a single direction, or of the first row." };
        var feature = new Option<int?>("--feature") { Description = "The feature of a sparse autoencoder whose decoder row is wanted." };
        var hook = new Option<string?>("--hook") { Description = "The hook point that a sparse autoencoder reads, where its files do not say." };
        var output = new Option<string>("--out") { Description = "The safetensors file to write.", Required = true };
        var json = JsonOutput.Option();
        var command = new Command("import", "Converts another tool's directions to safetensors, one tensor for each layer, and says what was found.")
        {
            from, format, place, name, layer, feature, hook, output, json,
        };
        command.SetAction((result, _) =>
        {
            if (result.GetValue(layer) is < 0 and var below)
                throw new UsageException($"--layer: found {below}; expected 0 or more");
            if (result.GetValue(format) is { } given && (given == Autoencoder) != result.GetValue(feature).HasValue)
                throw new UsageException(given == Autoencoder ? "a sparse autoencoder has many directions; give --feature N"
                    : $"--feature belongs to a sparse autoencoder; found --format {given}");
            string to = result.GetValue(output)!;
            AtomicFile.CheckTarget(to);
            SteeringVectors vectors = result.GetValue(feature) is { } index
                ? SparseAutoencoder.Load(result.GetValue(from)!, result.GetValue(hook)).Steering(index)
                : VectorFile.Read(result.GetValue(from)!, new VectorReading
                {
                    Format = VectorReport.Format(result.GetValue(format)),
                    Place = result.GetValue(place),
                    Name = result.GetValue(name),
                    Layer = result.GetValue(layer),
                });
            VectorReport.Write(result, result.GetValue(json), to, vectors, VectorFile.Write(to, vectors, VectorFormat.Safetensors));
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
