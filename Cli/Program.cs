using System.CommandLine;

namespace Managed.Cli;

internal static class Program
{
    internal static int Main(string[] arguments)
    {
        var root = new RootCommand("A transformer engine whose forward pass can be read and edited anywhere.");
        return root.Parse(arguments).Invoke();
    }
}
