using System.CommandLine;

namespace Managed.Perf;

/// <summary>`guards`: what guards cost, each as a ratio to the same work without it, step by step in turn within one process.</summary>
internal static class GuardsVerb
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "Checkpoint directory or GGUF file." };
        var seconds = new Option<double>("--seconds") { Description = "Time for each measurement.", DefaultValueFactory = _ => 15 };
        var tokens = new Option<int>("--tokens") { Description = "New tokens behind each prompt, before both sides begin anew.", DefaultValueFactory = _ => 48 };
        var prompt = new Option<int>("--prompt-tokens") { Description = "Tokens of the prompt.", DefaultValueFactory = _ => 64 };
        var rows = new Option<int>("--rows") { Description = "Rows of the batch of different programs.", DefaultValueFactory = _ => 256 };
        var threads = new Option<int>("--threads") { DefaultValueFactory = _ => 0 };
        var only = new Option<string>("--only")
        {
            Description = "Of noise, " + string.Join(", ", GuardCosts.Names) + ", those that are named here; by default all. Noise, nothing against nothing, is always the first.",
            DefaultValueFactory = _ => "",
        };
        var adapter = new Option<string?>("--adapter") { Description = "A LoRA folder of the model: what it costs at run time." };
        var command = new Command("guards", "What guards cost, as ratios within one run.") { model, seconds, tokens, prompt, rows, threads, only, adapter };
        command.SetAction(parsed =>
        {
            using LanguageModel loaded = LanguageModel.Load(parsed.GetRequiredValue(model), new LoadOptions { Threads = parsed.GetValue(threads) });
            using Adapter? worn = parsed.GetValue(adapter) is { } folder ? loaded.LoadAdapter(folder) : null;
            new GuardCosts(loaded, parsed.GetValue(prompt), parsed.GetValue(tokens), parsed.GetValue(seconds), worn)
                .Run(parsed.GetRequiredValue(only).Split(',', StringSplitOptions.RemoveEmptyEntries), parsed.GetValue(rows));
        });
        return command;
    }
}
