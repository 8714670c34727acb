using System.CommandLine;

namespace Managed.Perf;

/// <summary>One verb for each kind of measurement.</summary>
internal static class Program
{
    private static readonly Command[] s_verbs = [FuzzVerb.Create(), BandwidthVerb.Create(), CacheVerb.Create(), GuardsVerb.Create(), LinearVerb.Create(), StepsVerb.Create(), TokenizerVerb.Create()];

    internal static int Main(string[] arguments)
    {
        var root = new RootCommand("Measurements of Managed.");
        foreach (Command verb in s_verbs)
            root.Subcommands.Add(verb);
        return root.Parse(arguments).Invoke();
    }
}
