using System.Globalization;
using System.Numerics.Tensors;

namespace Managed.Peers;

/// <summary>The shortest program with an engine: loads a file, reads a prompt of 16 tokens, prints the likeliest next one.</summary>
internal static class FirstToken
{
    /// <summary>1, 2 … 16.</summary>
    public static readonly IReadOnlyList<int> Prompt = [.. Enumerable.Range(1, 16)];

    /// <summary>Arguments: `first ENGINE FILE THREADS`. Stands before the command line is parsed, which would take a part of the time.</summary>
    public static int Run(string engine, string file, string threads)
    {
        using IEngine open = EngineHost.Engines[engine](file, int.Parse(threads, CultureInfo.InvariantCulture));
        Console.Out.WriteLine(TensorPrimitives.IndexOfMax(open.Logits([.. Prompt])));
        return 0;
    }
}
