using System.CommandLine;
using System.Runtime.InteropServices;
using Managed.Conversion;
using Managed.Loader;

namespace Managed.Cli.Verbs;

/// <summary>`managed dump`: what tensors a file holds, and the numbers of one of them.</summary>
internal static class DumpVerb
{
    internal static Command Create()
    {
        var file = new Argument<string>("file") { Description = "A safetensors or GGUF file, or a folder of safetensors." };
        var list = new Option<bool>("--list") { Description = "Print a tensor a line: name, type, shape (outermost first), bytes." };
        var tensor = new Option<string?>("--tensor") { Description = "The tensor to write." };
        var output = new Option<string?>("--out") { Description = "Where its elements go, as little-endian 32-bit floats." };
        var json = JsonOutput.Option();
        var command = new Command("dump", "Lists the tensors of a file, or writes one of them as numbers.") { file, list, tensor, output, json };
        command.Validators.Add(result =>
        {
            bool one = result.GetValue(tensor) is not null, into = result.GetValue(output) is not null;
            if (result.GetValue(list) == one || one != into)
                result.AddError("give --list, or --tensor NAME with --out FILE");
        });
        command.SetAction((result, cancellation) =>
        {
            if (result.GetValue(output) is { } target)
                AtomicFile.CheckTarget(target);
            using TensorFile opened = TensorFile.Open(ModelPath.Resolve(result.GetValue(file)!));
            if (result.GetValue(tensor) is { } name)
                Write(opened.Tensor(name), result.GetValue(output)!, cancellation);
            else if (result.GetValue(json))
                JsonOutput.Write(result, opened.Tensors.Values.Select(t => new { t.Name, Type = TensorTypes.Of(t.Type).Name, t.Shape, Bytes = t.ByteCount, t.FileOffset }));
            else
                List(opened, result.InvocationConfiguration.Output);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void List(TensorFile file, TextWriter output)
    {
        foreach (StoredTensor tensor in file.Tensors.Values)
            output.WriteLine($"{Utf8Text.Show(tensor.Name)}\t{TensorTypes.Of(tensor.Type).Name}\t[{string.Join(',', tensor.Shape)}]\t{tensor.ByteCount}");
    }

    private static void Write(StoredTensor tensor, string path, CancellationToken cancellation) => AtomicFile.Write(path, stream =>
        TensorFloats.ForEachPiece(tensor, piece =>
        {
            cancellation.ThrowIfCancellationRequested();
            stream.Write(MemoryMarshal.AsBytes(piece));
        }));
}
