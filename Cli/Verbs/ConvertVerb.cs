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
        var json = JsonOutput.Option();
        var command = new Command("convert", "Converts a model between safetensors and GGUF, with its tokenizer.") { from, to, type, force, json };
        command.SetAction((result, cancellation) =>
        {
            TensorType? wanted = result.GetValue(type) is { } name ? Enum.Parse<TensorType>(name) : null;
            var notes = new List<string>();
            string written = result.GetValue(to)!;
            Convert(result.GetValue(from)!, written, wanted, result.GetValue(force), notes, cancellation);
            if (result.GetValue(json))
                JsonOutput.Write(result, new { Path = written, Bytes = Size(written), Notes = notes });
            else
                Print(result.InvocationConfiguration, written, notes);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static void Convert(string from, string to, TensorType? type, bool force, List<string> notes, CancellationToken cancellation)
    {
        bool intoGguf = to.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);
        if (!force && (File.Exists(to) || Directory.Exists(to)))
            throw new UsageException($"{to} exists already; --force writes over it");
        if (Directory.Exists(to) == intoGguf && Path.Exists(to))
            throw new UsageException($"{to} is a {(intoGguf ? "folder" : "file")}; expected {(intoGguf ? "a file" : "a folder, or a name that ends in .gguf")}");
        using Checkpoint checkpoint = Checkpoint.Open(ModelPath.Resolve(from));
        if (intoGguf)
            AtomicFile.CheckTarget(to);
        if ((checkpoint.Format == CheckpointFormat.Gguf) == intoGguf)
            throw new UsageException($"{from} and {to} are both {(intoGguf ? "GGUF" : "folders")}; expected one of each kind");
        var converter = new Converter(type, notes.Add, cancellation);
        if (intoGguf)
            converter.ToGguf(checkpoint, to);
        else
            converter.ToHuggingFace(checkpoint, to);
    }

    private static void Print(InvocationConfiguration streams, string written, List<string> notes)
    {
        foreach (string note in notes)
            streams.Error.WriteLine($"note: {note}");
        streams.Output.WriteLine(written);
    }

    private static long Size(string path) => Directory.Exists(path)
        ? new DirectoryInfo(path).EnumerateFiles().Sum(file => file.Length) : new FileInfo(path).Length;
}
