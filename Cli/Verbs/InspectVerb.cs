using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Managed.Inspection;

namespace Managed.Cli.Verbs;

/// <summary>`managed inspect`: what a checkpoint is, what it takes to run it, what can be hooked.</summary>
internal static class InspectVerb
{
    public static Command Create()
    {
        var model = Shared.Model();
        var context = new Option<int>("--context") { Description = "Positions to plan memory for; 0: the trained context." };
        var batch = new Option<int>("--batch") { Description = "Sequences to plan memory for.", DefaultValueFactory = _ => 1 };
        context.AtLeast(0);
        batch.AtLeast(1);
        var tensors = new Option<bool>("--tensors") { Description = "List every tensor." };
        var hooks = new Option<bool>("--hooks") { Description = "List every hook point with its axes." };
        var json = Shared.Json();
        var command = new Command("inspect", "Shows configuration, tensors, memory plan and hook points.") { model, context, batch, tensors, hooks, json };
        command.SetAction(result =>
        {
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model));
            ModelReport report = ModelReport.Of(loaded, result.GetValue(context), result.GetValue(batch));
            TextWriter output = result.InvocationConfiguration.Output;
            if (result.GetValue(json))
                output.WriteLine(JsonSerializer.Serialize(report, Shared.JsonFormat));
            else
                Print(output, report, result.GetValue(tensors), result.GetValue(hooks));
        });
        return command;
    }

    private static void Print(TextWriter output, ModelReport report, bool tensors, bool hooks)
    {
        output.WriteLine($"{report.Path}: {report.Family} ({report.Format})");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {report.Parameters / 1e6:0.##} M parameters, {report.Layers} layers, width {report.Width}, vocabulary {report.Vocabulary}, context {report.Context}"));
        foreach (string line in report.LayerKinds.Prepend(report.Ends[0]).Append(report.Ends[1]))
            output.WriteLine($"  {line}");
        output.WriteLine($"  tokenizer: {(report.HasTokenizer ? "yes" : "none, it takes ids")}; chat template: {(report.HasChatTemplate ? "yes" : "none")}; end tokens: {(report.EndTokens.Count == 0 ? "none" : string.Join(", ", report.EndTokens))}");
        output.WriteLine("tensor types");
        foreach ((string type, TypeShare share) in report.Types)
            output.WriteLine($"  {type,-8} {share.Tensors,5} tensors  {Amounts.Bytes(share.Bytes),10}");
        output.WriteLine($"memory for {report.Plan.Batch} x {report.Plan.Context} positions");
        output.WriteLine($"  weights, mapped from the file   {Amounts.Bytes(report.Plan.WeightBytes),10}");
        output.WriteLine($"  weights, converted at load      {Amounts.Bytes(report.Plan.CopiedBytes),10}");
        output.WriteLine($"  keys and values                 {Amounts.Bytes(report.Plan.CacheBytes),10}  ({Amounts.Bytes(report.Plan.CacheBytesPerPosition)} a position)");
        output.WriteLine($"  sum                             {Amounts.Bytes(report.Plan.Total),10}");
        output.WriteLine($"{report.HookPoints.Count} hook points{(hooks ? "" : "; --hooks lists them")}");
        if (hooks)
            foreach (HookPointLine line in report.HookPoints)
                output.WriteLine($"  {line.Name,-44} [{line.Axes}]");
        if (tensors)
            foreach (TensorLine line in report.Tensors)
                output.WriteLine($"  {line.Name,-56} {line.Type,-8} [{string.Join(", ", line.Shape)}]  {Amounts.Bytes(line.Bytes)}");
    }
}
