namespace Managed.Cli.Demo;

/// <summary>An attention pattern as text: which earlier tokens each token reads.</summary>
internal sealed class AttentionAct : IDemoAct
{
    private const int Layer = 2;
    private const int Head = 1;
    private const string Shades = " .:-=+*#%@"; // a tenth each

    public string Name => "attention";

    public string Title => "Where a head looks";

    public void Play(DemoStage stage)
    {
        int[] ids = stage.Prompt("How do I make honey bread?");
        Activation pattern = stage.Model.RunWithCache(ids, "pattern").Cache["pattern", Layer]; // [heads, queries, keys]
        string[] tokens = [.. ids.Select(stage.TokenText)];
        int width = tokens.Max(token => token.Length);
        stage.Say($"  blocks.{Layer}.attn.hook_pattern, head {Head}: a row for each token, a column for each token that it may read,");
        stage.Say($"  from '{Shades[1]}' (a tenth of its attention) to '{Shades[^1]}' (all of it). The last rows read what is to be made: \"{tokens[7].Trim()}\".");
        for (int query = 0; query < ids.Length; query++)
            stage.Say($"    {tokens[query].PadLeft(width)} |{string.Concat(pattern[Head].Slice(query * ids.Length, query + 1).ToArray().Select(weight => $" {Shade(weight)}"))}");
    }

    private static char Shade(float weight) => Shades[Math.Min((int)(weight * Shades.Length), Shades.Length - 1)];
}
