using System.CommandLine;
using Managed.Guards;

namespace Managed.Cli.Verbs.Guarding;

/// <summary>`managed guard check`: whether a guard fits a model, and in words what it does and costs.</summary>
internal static class GuardCheckVerb
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "A guard: *.guard.json." };
        var model = new Option<string?>("--model", "-m") { Description = "The model it is for: names are resolved, shapes checked, the cost counted." };
        var load = new LoadArguments();
        var command = new Command("check", "Says in words what a guard does, and whether it fits a model.") { file, model };
        load.AddTo(command);
        command.SetAction(result =>
        {
            GuardProgram guard = Guard.Load(result.GetRequiredValue(file));
            TextWriter output = result.InvocationConfiguration.Output;
            if (result.GetValue(model) is not { } path)
            {
                GuardText.Write(output, guard);
                return;
            }
            using LanguageModel loaded = LanguageModel.Load(path, load.Read(result));
            using CompiledGuard compiled = guard.Compile(loaded);
            GuardText.Write(output, guard);
            GuardText.WriteCost(output, compiled, loaded);
        });
        return command;
    }
}
