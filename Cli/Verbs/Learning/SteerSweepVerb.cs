using System.CommandLine;
using Managed.Guards;
using Managed.Guards.Interchange;
using Managed.Guards.Learning;

namespace Managed.Cli.Verbs.Learning;

/// <summary>`managed steer sweep`: layer × strength, as a table and a heat map.</summary>
internal static class SteerSweepVerb
{
    private const string Shades = " ░▒▓█";

    public static Command Create()
    {
        Argument<string> model = Shared.Model();
        var vectors = new Option<string>("--vectors", "--vector") { Description = "Directions: what `steer extract` wrote, or another tool's file (GGUF, .svec, .npy, .npz, safetensors).", Required = true };
        var harmful = new Option<string[]>("--harmful") { Description = "Prompts that should be refused: FILE or FILE:key.", Required = true };
        var harmless = new Option<string[]>("--harmless") { Description = "Prompts that should be answered: FILE or FILE:key.", Required = true };
        var texts = new Option<string?>("--text") { Description = "Texts, one a line, whose perplexity is measured." };
        var strengths = new Option<float[]>("--strengths") { Description = "Factors of the direction.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [0.25f, 0.5f, 1, 2] };
        var layers = new Option<int[]>("--layers") { Description = "Layers; without it all that have a direction.", AllowMultipleArgumentsPerToken = true };
        var last = new Option<bool>("--last-only") { Description = "Edit the last prompt token alone, rather than every token from it on." };
        var tokens = new Option<int>("--max-tokens") { Description = "New tokens of an answer.", DefaultValueFactory = _ => 32 };
        Option<bool> json = JsonOutput.Option();
        var load = new LoadArguments();
        tokens.AtLeast(1);
        var command = new Command("sweep", "Tries directions at every layer with every strength: refusal, over-refusal, perplexity.")
        {
            model, vectors, harmful, harmless, texts, strengths, layers, last, tokens, json,
        };
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            SteeringVectors directions = VectorFile.Read(result.GetRequiredValue(vectors));
            int[][] Ids(Option<string[]> option) => [.. result.GetRequiredValue(option).SelectMany(PromptFile.Read).Select(prompt => prompt.Encode(loaded))];
            var options = new SweepOptions
            {
                Harmful = Ids(harmful),
                Harmless = Ids(harmless),
                Texts = result.GetValue(texts) is { } file ? [.. PromptFile.Read(file).Select(text => text.Encode(loaded, raw: true)).Where(ids => ids.Length > 1)] : [],
                Layers = result.GetValue(layers) is { Length: > 0 } chosen ? chosen : null,
                Strengths = result.GetRequiredValue(strengths),
                LastPromptTokenAlone = result.GetValue(last),
                MaxTokens = result.GetValue(tokens),
            };
            int total = ((options.Layers ?? [.. directions.Layers]).Count * options.Strengths.Count) + 1;
            IReadOnlyList<SweepCell> cells = Progress.Run(result, "sweeping", "cells", progress =>
                SteeringSweep.Run(loaded, directions, options, new PromptProgress(progress, total), cancellation));
            if (result.GetValue(json))
                JsonOutput.Write(result, new { Cells = cells });
            else
                Print(result.InvocationConfiguration.Output, cells, options.Strengths);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static void Print(TextWriter output, IReadOnlyList<SweepCell> cells, IReadOnlyList<float> strengths)
    {
        output.WriteLine("layer  strength  refusal  over-refusal  perplexity");
        foreach (SweepCell cell in cells)
            output.WriteLine(FormattableString.Invariant(
                $"{(cell.Layer < 0 ? "none" : $"{cell.Layer}"),5}  {cell.Strength,8:0.###}  {cell.Refusal,7:0.000}  {cell.OverRefusal,12:0.000}  {cell.Perplexity,10:0.00}"));
        output.WriteLine();
        output.WriteLine("refusal less over-refusal, from 0 (blank) to 1 (full):");
        output.WriteLine($"layer  {string.Join(' ', strengths.Select(strength => FormattableString.Invariant($"{strength,5:0.##}")))}");
        foreach (IGrouping<int, SweepCell> layer in cells.Where(cell => cell.Layer >= 0).GroupBy(cell => cell.Layer))
            output.WriteLine($"{layer.Key,5}  {string.Join(' ', layer.Select(cell => new string(Shade(cell.Refusal - cell.OverRefusal), 5)))}");
    }

    private static char Shade(double value) => Shades[(int)Math.Round(Math.Clamp(value, 0, 1) * (Shades.Length - 1))];
}
