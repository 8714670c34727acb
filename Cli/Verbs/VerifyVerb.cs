using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Managed.Verification;

namespace Managed.Cli.Verbs;

/// <summary>`managed verify`: compares a run with golden tensors, hook point by hook point.</summary>
internal static class VerifyVerb
{
    public static Command Create()
    {
        var model = Shared.Model();
        var expected = new Option<string>("--expected") { Description = "Safetensors file with input_ids and goldens named as hook points; of several texts as p0.input_ids, p0.logits and so on.", Required = true };
        var tolerance = new Option<double>("--tolerance") { Description = "Bound of the largest error, relative to the largest golden (or 1).", DefaultValueFactory = _ => 1e-4 };
        tolerance.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<double>() is not (>= 0 and < double.PositiveInfinity))
                result.AddError("--tolerance: a number from 0 up is needed, such as 1e-4");
        });
        var json = Shared.Json();
        var load = new LoadArguments();
        var command = new Command("verify", "Compares every hook point, the logits and the greedy continuation with goldens.") { model, expected, tolerance, json };
        load.AddTo(command);
        command.SetAction(result =>
        {
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            VerificationReport report = Verifier.Verify(loaded, result.GetRequiredValue(expected), result.GetValue(tolerance));
            TextWriter output = result.InvocationConfiguration.Output;
            if (result.GetValue(json))
                output.WriteLine(JsonSerializer.Serialize(
                    new { report.Passed, report.FirstDivergence, report.Tolerance, report.Precision, report.Worst, report.Comparisons, report.Ignored }, Shared.JsonFormat));
            else
                Print(output, report);
            return report.Passed ? 0 : 1;
        });
        return command;
    }

    private static void Print(TextWriter output, VerificationReport report)
    {
        foreach (Comparison comparison in report.Comparisons)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{(comparison.Passed ? "ok  " : "FAIL")} {comparison.Name,-40} absolute {comparison.Absolute:0.0e+00}  relative {comparison.Relative:0.0e+00} {comparison.Note}"));
        foreach (string name in report.Ignored)
            output.WriteLine($"     {name,-40} is no hook point's name, not compared");
        output.WriteLine(report.Passed
            ? string.Create(CultureInfo.InvariantCulture, $"verified: {report.Comparisons.Count} tensors within {report.Tolerance:0.0e+00}, worst {report.Worst?.Relative:0.0e+00} at {report.Worst?.Name} ({report.Precision} precision)")
            : $"failed: first divergence at {report.FirstDivergence}");
    }
}
