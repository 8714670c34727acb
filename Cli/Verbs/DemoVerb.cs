using System.CommandLine;
using Managed.Cli.Demo;

namespace Managed.Cli.Verbs;

/// <summary>`managed demo`: a minute with the model that comes with the program.</summary>
internal static class DemoVerb
{
    /// <summary>The story, in the order in which it is played.</summary>
    private static readonly IDemoAct[] s_story = [new AnsweringAct(), new GuardsAct()];

    /// <summary>All that can be asked for by name.</summary>
    private static readonly IDemoAct[] s_acts = [.. s_story, new AttentionAct(), new LensAct(), new SteeringAct()];

    public static Command Create()
    {
        var act = new Argument<string?>("act") { Description = $"One act instead of the story: {string.Join(", ", s_acts.Select(known => known.Name))}.", Arity = ArgumentArity.ZeroOrOne };
        act.AcceptOnlyFromAmong([.. s_acts.Select(known => known.Name)]);
        var load = new LoadArguments();
        var command = new Command("demo", "Shows what Managed does, with the small model that comes with it; takes less than a minute.") { act };
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            using LanguageModel model = LanguageModel.Load(ModelPath.Shipped("hearth")
                ?? throw new UsageException($"the model hearth is not beside the program, in {Path.Combine(AppContext.BaseDirectory, "models")}; install or build it again"), load.Read(result));
            InvocationConfiguration streams = result.InvocationConfiguration;
            var stage = new DemoStage(model, streams.Output, cancellation);
            foreach (IDemoAct played in result.GetValue(act) is { } asked ? s_acts.Where(known => known.Name == asked) : s_story)
            {
                Terminal.Heading(streams, played.Title);
                played.Play(stage);
                stage.Say();
            }
            if (result.GetValue(act) is not null)
                stage.Say("Next: `managed chat hearth` talks with it, `managed inspect hearth --hooks` lists every hook point, docs/tour shows how it works.");
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
