namespace Managed.Tests;

/// <summary>Finds the repository and the folder `shared` beside it, which holds the full golden sets and need not be there.</summary>
internal static class SharedFolder
{
    /// <summary>The repository's root: the folder that holds Managed.sln.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>Path below the tests' own fixtures, which travel with the repository.</summary>
    public static string Fixture(string path) => Path.Combine(Repository, "Tests", "Fixtures", path);

    /// <summary>Path below `shared`, or null where it is absent.</summary>
    public static string? TryFind(string path)
    {
        string? root = Environment.GetEnvironmentVariable("MANAGED_SHARED");
        root ??= Path.Combine(Path.GetDirectoryName(Repository)!, "shared");
        string full = Path.Combine(root, path);
        return File.Exists(full) || Directory.Exists(full) ? full : null;
    }

    /// <summary>Path below `shared`; where it is absent, the test is skipped and says why.</summary>
    public static string Require(string path)
    {
        string? full = TryFind(path);
        if (full is null)
            Assert.Ignore($"skipped: shared/{path} is not beside the repository; the full golden set runs only where it is.");
        return full!;
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Managed.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"Managed.sln was not found above {AppContext.BaseDirectory}.");
    }
}
