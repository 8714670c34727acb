using System.CommandLine;
using System.Globalization;
using Managed.Kernels;

namespace Managed.Peers;

/// <summary>`compare`: whether both engines compute the same.</summary>
internal static class CompareVerb
{
    private const int PromptTokens = 48;

    public static Command Create(TextWriter output)
    {
        var files = new Argument<string[]>("files") { Description = "GGUF files." };
        var vector = new Option<string?>("--vector") { Description = "A control vector (GGUF), which both add." };
        var strength = new Option<float>("--strength") { DefaultValueFactory = _ => 1f };
        var precision = new Option<Precision>("--precision") { Description = "Of ours.", DefaultValueFactory = _ => Precision.Fast };
        var command = new Command("compare", "Compares the logits of both engines behind the same tokens, with a control vector and without.") { files, vector, strength, precision };
        command.SetAction(parsed =>
        {
            (float[], int)? steering = parsed.GetValue(vector) is not { } path ? null
                : LlamaControlVector.Load(path, parsed.GetValue(strength)) ?? throw new PeerException($"{path}: llama.cpp refuses it as a control vector.");
            output.WriteLine("| file | largest difference of a logit | relative to their deviation | same first token | with the vector: largest difference | relative | what the vector changes, relative |");
            output.WriteLine("|---|---|---|---|---|---|---|");
            foreach (string file in parsed.GetRequiredValue(files))
            {
                using var ours = new ManagedEngine(file, 1, parsed.GetValue(precision));
                using var theirs = new LlamaEngine(file, 1);
                LogitComparison found = LogitComparison.Of(ours, theirs, PromptTokens, steering);
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {Path.GetFileNameWithoutExtension(file)} | {found.Plain.Largest:0.0e+0} | {found.Plain.Relative:0.0e+0} | {(found.Plain.SameFirst ? "yes" : "no")} | {found.Steered?.Largest:0.0e+0} | {found.Steered?.Relative:0.0e+0} | {found.Change?.Relative:0.0e+0} |"));
            }
        });
        return command;
    }
}
