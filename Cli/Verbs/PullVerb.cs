using System.CommandLine;
using Managed.Loader.Hub;
using Spectre.Console;

namespace Managed.Cli.Verbs;

/// <summary>`managed pull`: a model from the hub into the cache that the hub's own tools share.</summary>
internal static class PullVerb
{
    internal static Command Create()
    {
        var model = new Argument<string>("model") { Description = "owner/name, or owner/name@revision." };
        var include = new Option<string[]>("--include") { Description = "Only files that match this pattern (*, ?, [a-z]); may be given again." };
        var json = JsonOutput.Option();
        var command = new Command("pull", "Downloads a model from the hub; what is there already is not fetched again.") { model, include, json };
        command.SetAction(async (result, cancellation) =>
        {
            InvocationConfiguration streams = result.InvocationConfiguration;
            using var folder = new StringWriter();
            int code = await PullAsync(new HubClient(HubSettings.FromEnvironment()), result.GetValue(model)!, result.GetValue(include) ?? [],
                result.GetValue(json) ? folder : streams.Output, streams.Error, cancellation, Terminal.HasError(streams) ? Terminal.Error(streams) : null).ConfigureAwait(false);
            if (result.GetValue(json) && code == ExitCode.Success)
                JsonOutput.Write(result, new { Snapshot = folder.ToString().TrimEnd() });
            return code;
        });
        return command;
    }

    /// <summary>Pulls, shows progress on the terminal or else as lines of the error stream, and writes the snapshot's folder to the output.</summary>
    internal static async Task<int> PullAsync(HubClient client, string model, string[] includes, TextWriter output, TextWriter error, CancellationToken cancellation, IAnsiConsole? terminal = null)
    {
        try
        {
            string folder = terminal is not null
                ? await PullProgress.ShowBarAsync(terminal, progress => client.PullAsync(model, includes, progress, cancellation)).ConfigureAwait(false)
                : await client.PullAsync(model, includes, new PullProgress.Lines(error), cancellation).ConfigureAwait(false);
            output.WriteLine(folder);
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            error.WriteLine("managed: stopped; the same command goes on where this one ended.");
            return 130;
        }
    }
}
