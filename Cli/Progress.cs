using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Managed.Cli;

/// <summary>How far a piece of work has come.</summary>
internal readonly record struct WorkDone(double Done, double Total);

/// <summary>Progress with rate and time left, on the error stream and only where that is a terminal.</summary>
internal static class Progress
{
    /// <summary>Runs the work under a bar that is called `what` and counts in `unit`.</summary>
    public static T Run<T>(ParseResult result, string what, string unit, Func<IProgress<WorkDone>, T> work)
    {
        if (!Terminal.HasError(result.InvocationConfiguration))
            return work(new Silent());
        T? value = default;
        Terminal.Error(result.InvocationConfiguration).Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RateColumn(unit), new RemainingTimeColumn())
            .Start(context => value = work(new Bar(context.AddTask(Markup.Escape(what)))));
        return value!;
    }

    private sealed class Silent : IProgress<WorkDone>
    {
        public void Report(WorkDone value)
        {
        }
    }

    private sealed class Bar(ProgressTask task) : IProgress<WorkDone>
    {
        public void Report(WorkDone value)
        {
            task.MaxValue = value.Total;
            task.Value = value.Done;
        }
    }

    private sealed class RateColumn(string unit) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(task.Speed is { } speed ? string.Create(CultureInfo.InvariantCulture, $"{speed:0.#} {unit}/s") : "");
    }
}
