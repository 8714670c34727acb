using System.CommandLine;
using Managed.Guards.Learning;
using Managed.Loader;

namespace Managed.Cli.Verbs.Learning;

/// <summary>`managed steer extract`: a direction for each block from two kinds of prompts.</summary>
internal static class SteerExtractVerb
{
    private static readonly Dictionary<string, DirectionMethod> s_methods = new()
    {
        ["mean"] = DirectionMethod.Mean,
        ["pca"] = DirectionMethod.Pca,
        ["pca-pairwise"] = DirectionMethod.PcaPairwise,
        ["pca-uncentred"] = DirectionMethod.PcaUncentred,
        ["pca-pooled"] = DirectionMethod.PcaPooled,
        ["logistic"] = DirectionMethod.Logistic,
    };

    public static Command Create()
    {
        Argument<string> model = Shared.Model();
        var prompts = new PromptOptions();
        var method = new Option<string>("--method") { Description = $"How: {string.Join(", ", s_methods.Keys)}.", DefaultValueFactory = _ => "mean" };
        method.AcceptOnlyFromAmong([.. s_methods.Keys]);
        var hook = new Option<string>("--hook") { Description = "Hook point, of every block where no layer is named.", DefaultValueFactory = _ => "resid_post" };
        var unit = new Option<bool>("--unit") { Description = "Scale the directions to length 1 (principal components and logistic ones have it)." };
        var output = new Option<string>("--out") { Description = "The safetensors file to write.", Required = true };
        Option<bool> json = JsonOutput.Option();
        var load = new LoadArguments();
        var command = new Command("extract", "Finds a direction for each block that leads from one kind of prompts to another.") { model, method, hook, unit, output, json };
        prompts.AddTo(command);
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            string to = result.GetRequiredValue(output);
            AtomicFile.CheckTarget(to);
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            using LoadedAdapters adapter = prompts.Adapters(result, loaded);
            int[][] positive = prompts.Positive(result, loaded), negative = prompts.Negative(result, loaded);
            var options = new DirectionOptions
            {
                Method = s_methods[result.GetRequiredValue(method)],
                Hook = result.GetRequiredValue(hook),
                Positions = prompts.Positions(result),
                Unit = result.GetValue(unit),
                Adapter = adapter.Together,
            };
            DirectionReport report = Progress.Run(result, "reading prompts", "prompts", progress => DirectionExtraction.Extract(
                loaded, positive, negative, options, new PromptProgress(progress, positive.Length + negative.Length), cancellation));
            LearnedFile.Write(to, report.Vectors, PointOf(loaded, options.Hook));
            if (result.GetValue(json))
                JsonOutput.Write(result, new { Path = to, Method = result.GetValue(method), options.Hook, report.Vectors.Width, Positive = positive.Length, Negative = negative.Length, report.Layers });
            else
                Print(result.InvocationConfiguration.Output, to, report);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    // "blocks.3.hook_resid_post" without its block.
    private static string PointOf(LanguageModel model, string hook)
    {
        string name = model.HookNames.Resolve(hook)[0].ToString();
        return string.Join('.', name.Split('.').Skip(2));
    }

    private static void Print(TextWriter output, string to, DirectionReport report)
    {
        output.WriteLine("layer   length      gap  separation     AUC  explained  state norm");
        foreach (DirectionQuality layer in report.Layers)
            output.WriteLine(FormattableString.Invariant(
                $"{layer.Layer,5}  {layer.Length,7:0.000}  {layer.Gap,7:0.000}  {layer.Separation,10:0.00}  {layer.Auc,6:0.000}  {layer.ExplainedShare,9:P1}  {layer.StateNorm,10:0.000}"));
        output.WriteLine($"{Amounts.Count(report.Layers.Count, "direction")} of {report.Vectors.Width} elements written to {to}");
    }
}
