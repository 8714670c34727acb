using System.CommandLine;
using System.Text.Json;
using Managed.Cli.Evaluations;
using Managed.Guards.Evaluation;

namespace Managed.Cli.Verbs;

/// <summary>`managed eval`: what a model answers to sets of prompts, how well its gates tell them apart, how far an attack gets, how well it foresees text.</summary>
internal static class EvalVerb
{
    public static Command Create()
    {
        var model = Shared.Model();
        var arguments = new EvalArguments();
        var adapters = new AdapterArguments();
        var load = new LoadArguments();
        var json = JsonOutput.Option();
        var command = new Command("eval", "Measures refusal, over-refusal, attack success, gates, perplexity and multiple choice.") { model, json };
        arguments.AddTo(command);
        adapters.AddTo(command);
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            EvalRequest request = arguments.Read(result);
            LoadOptions options = load.Read(result);
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), options);
            using LoadedAdapters adapter = adapters.Load(result, loaded);
            using var guards = new CompiledGuards(request.Guards, loaded);
            using var guardians = new LoadedGuardians(request, loaded, options);
            var evaluation = new EvalCommand(loaded, request, guards, guardians, adapter.Together, options.Precision ?? Kernels.Precision.Fast, adapters.Describe(result));
            EvalResult found = evaluation.Run(result, cancellation);
            if (result.GetValue(json))
                result.InvocationConfiguration.Output.WriteLine(JsonSerializer.Serialize(found, EvaluationSettings.Json));
            else
                EvalPrinter.Print(result.InvocationConfiguration.Output, found);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
