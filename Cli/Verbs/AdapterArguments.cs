using System.CommandLine;
using Managed.Guards.Evaluation;

namespace Managed.Cli.Verbs;

/// <summary>Low-rank adapters for a run: `--adapter FOLDER`, several times for several at once.</summary>
internal sealed class AdapterArguments
{
    private readonly Option<string[]> folders = new("--adapter") { Description = "Folder of a low-rank adapter (PEFT) to run with; may be given several times, the changes add up." };

    public void AddTo(Command command) => command.Options.Add(folders);

    /// <summary>What was asked for, in words that change with the files; empty: nothing.</summary>
    public string Describe(ParseResult result) =>
        string.Join(" and ", (result.GetValue(folders) ?? []).Select(folder => $"the adapter {folder} ({EvaluationSettings.HashOf(folder)[..16]})"));

    /// <summary>Loads what was asked for, for this model.</summary>
    public LoadedAdapters Load(ParseResult result, LanguageModel model)
    {
        var loaded = new List<Adapter>();
        try
        {
            foreach (string folder in result.GetValue(folders) ?? [])
                loaded.Add(model.LoadAdapter(folder));
            return new LoadedAdapters(loaded);
        }
        catch
        {
            loaded.ForEach(adapter => adapter.Dispose());
            throw;
        }
    }
}

/// <summary>Adapters that belong to a command's run.</summary>
internal sealed class LoadedAdapters(List<Adapter> adapters) : IDisposable
{
    /// <summary>All of them as one; null: none.</summary>
    public Adapter? Together { get; } = adapters.Count == 0 ? null : Adapter.Together(adapters);

    public void Dispose() => adapters.ForEach(adapter => adapter.Dispose());
}
