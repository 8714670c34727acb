namespace Managed.GpuPerf;

/// <summary>Tests and benchmarks for a machine with a GPU, in one program.</summary>
internal static class Program
{
    internal static int Main(string[] arguments) => Verbs.Run(arguments, Console.Out, Console.Error);
}
