namespace Managed.Perf;

internal static class Program
{
    internal static int Main() => 0;
}
