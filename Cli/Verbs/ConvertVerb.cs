using System.CommandLine;
using Managed.Conversion;
using Managed.Loader;

namespace Managed.Cli.Verbs;

/// <summary>`managed convert`: a folder of safetensors to a GGUF file, or back.</summary>
internal static class ConvertVerb
{
    internal static Command Create()
    {
        var from = new Argument<string>("in") { Description = "A folder in Hugging Face layout, or a GGUF file." };
        var to = new Argument<string>("out") { Description = "NAME.gguf, or a folder." };
        var type = new Option<string?>("--type") { Description = "Element type: F32, F16, BF16; for GGUF also Q8_0, Q4_0, Q4_K. Without it, types stay." };
        type.AcceptOnlyFromAmong([.. StoredTypePlan.Writable.Select(known => known.ToString())]);
        var force = new Option<bool>("--force") { Description = "Write over what is there." };
        var command = new Command("convert", "Converts a model between safetensors and GGUF, with its tokenizer.") { from, to, type, force };
        command.SetAction((result, cancellation) =>
        {
            TensorType? wanted = result.GetValue(type) is { } name ? Enum.Parse<TensorType>(name) : null;
            Convert(result.GetValue(from)!, result.GetValue(to)!, wanted, result.GetValue(force), result.InvocationConfiguration, cancellation);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static void Convert(string from, string to, TensorType? type, bool force, InvocationConfiguration streams, CancellationToken cancellation)
    {
        bool intoGguf = to.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);
        if (!force && (File.Exists(to) || Directory.Exists(to)))
            throw new UsageException($"{to} exists already; --force writes over it");
        if (Directory.Exists(to) == intoGguf && Path.Exists(to))
            throw new UsageException($"{to} is a {(intoGguf ? "folder" : "file")}; expected {(intoGguf ? "a file" : "a folder, or a name that ends in .gguf")}");
        using Checkpoint checkpoint = Checkpoint.Open(from);
        if ((checkpoint.Format == CheckpointFormat.Gguf) == intoGguf)
            throw new UsageException($"{from} and {to} are both {(intoGguf ? "GGUF" : "folders")}; expected one of each kind");
        var converter = new Converter(type, note => streams.Error.WriteLine($"note: {note}"), cancellation);
        if (intoGguf)
            converter.ToGguf(checkpoint, to);
        else
            converter.ToHuggingFace(checkpoint, to);
        streams.Output.WriteLine(to);
    }
}
