using Managed.Kernels;

namespace Managed.Tests.Models;

/// <summary>Models that several fixtures share; opened once.</summary>
internal static class TestModels
{
    private static readonly Lazy<LanguageModel> HearthModel = new(() => LanguageModel.Load(HearthPath));

    public static string HearthPath => Path.Combine(SharedFolder.Repository, "models", "hearth");

    public static LanguageModel Hearth => HearthModel.Value;

    /// <summary>The directories of architecture goldens: the repository's own, and shared's where it is there.</summary>
    public static IEnumerable<string> ArchitectureDirectories()
    {
        string root = SharedFolder.TryFind("fixtures/arch") ?? SharedFolder.Fixture("arch");
        return Directory.GetDirectories(root).Order();
    }

    public static LanguageModel Load(string path, int threads = 1) => LanguageModel.Load(path, new LoadOptions { Threads = threads, Precision = Precision.Exact });
}
