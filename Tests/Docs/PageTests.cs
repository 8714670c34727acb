using System.Text.RegularExpressions;
using Managed.Tests.CliTests;
using Managed.Tests.Hub;

namespace Managed.Tests.Docs;

/// <summary>Every command line and every program of README and the tour runs, and prints what the page shows.</summary>
[NonParallelizable]
public class PageTests
{
    // Lines that start other processes: PackageTests and .ci/run run them.
    private static readonly string[] s_elsewhere = ["dotnet test ", "dotnet pack ", "dotnet tool install ", "dotnet run examples/"];
    private static readonly string[] s_managed = ["managed", "tools/managed", "dotnet run -c Release --project Cli --"];

    private string folder = "";
    private string before = "";

    public static IEnumerable<TestCaseData> Pages() =>
        Directory.GetFiles(Path.Combine(SharedFolder.Repository, "docs", "tour"), "*.md").Order().Prepend(Path.Combine(SharedFolder.Repository, "README.md"))
            .Select(page => new TestCaseData(page).SetArgDisplayNames(Path.GetRelativePath(SharedFolder.Repository, page)));

    [SetUp]
    public void WorkInAFolderThatHoldsModelsAndGuards()
    {
        before = Environment.CurrentDirectory;
        Environment.CurrentDirectory = folder = PageFolder.Make();
    }

    [TearDown]
    public void Leave()
    {
        Environment.CurrentDirectory = before;
        Directory.Delete(folder, recursive: true);
    }

    [TestCaseSource(nameof(Pages))]
    public void What_a_page_shows_is_so(string page)
    {
        IReadOnlyList<CodeBlock> blocks = CodeBlock.Read(page);
        Assert.That(blocks, Is.Not.Empty);
        for (int i = 0; i < blocks.Count; i++)
        {
            string? output = blocks[i].Language switch
            {
                "sh" => RunCommands(blocks[i]),
                "csharp" when blocks[i].Text.StartsWith("using Managed") => ExampleProgram.Run(blocks[i].Text),
                "csharp" or "text" => null, // a piece of code that is explained; an output that was compared with its command
                _ => throw new InvalidOperationException($"{blocks[i].Place}: nobody knows how to check a block of '{blocks[i].Language}'"),
            };
            if (output is not null && i + 1 < blocks.Count && blocks[i + 1].Language == "text")
                Assert.That(output, Does.Match(Pattern(blocks[i + 1].Text)), blocks[i + 1].Place);
        }
    }

    [Test]
    public void The_ten_lines_are_the_example_that_the_repository_holds()
    {
        string example = File.ReadAllText(Path.Combine(SharedFolder.Repository, "examples", "refusal-direction.cs")).ReplaceLineEndings("\n");
        string readme = CodeBlock.Read(Path.Combine(SharedFolder.Repository, "README.md")).Single(block => block.Language == "csharp").Text;
        Assert.That(example, Is.EqualTo("#:project ../Model/Model.csproj\n" + readme));
    }

    [Test]
    public void The_command_that_passes_all_tests_is_the_one_that_ci_runs()
    {
        string command = CodeBlock.Read(Path.Combine(SharedFolder.Repository, "README.md")).SelectMany(block => block.Text.Split('\n')).Single(line => line.StartsWith("dotnet test "));
        Assert.That(File.ReadAllText(Path.Combine(SharedFolder.Repository, ".ci", "run")), Does.Contain(command));
    }

    [TestCase("a 'b c' \"d # e\" # f", "a", "b c", "d # e")]
    [TestCase("--x=\"y z\" ''", "--x=y z", "")]
    [TestCase("  # nothing")]
    public void Words_are_split_as_a_shell_does(string line, params string[] words) => Assert.That(CommandWords.Of(line), Is.EqualTo(words));

    // A line "..." of a page stands for any number of lines.
    internal static string Pattern(string shown) =>
        "^" + string.Concat(shown.TrimEnd('\n').Split('\n').Select(line => line == "..." ? "(?:.*\n)*?" : Regex.Escape(line.TrimEnd()) + " *\n")) + "$";

    private static string RunCommands(CodeBlock block)
    {
        string output = "";
        foreach (string line in block.Text.Replace("\\\n", " ").Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (!s_elsewhere.Any(line.StartsWith) && CommandWords.Of(line) is { Length: > 0 } words)
                output += RunCommand(words, $"{block.Place}: {line}");
        return output;
    }

    private static string RunCommand(string[] words, string place)
    {
        string? program = s_managed.FirstOrDefault(name => string.Join(' ', words).StartsWith(name + " "));
        Assert.That(program, Is.Not.Null, $"{place}: no test runs this");
        string[] arguments = words[program!.Split(' ').Length..];
        using IDisposable? hub = arguments[0] == "pull" ? new Hub(arguments[1]) : null;
        // a person's part of the conversation; the page uses what it saves
        string input = arguments[0] == "chat" ? "Where is the mill?\n/save chat.json\n/quit\n" : "";
        var (code, output, error) = CommandLine.Run(arguments, input);
        Assert.That(code, Is.Zero, $"{place}\n{error}");
        return output;
    }

    /// <summary>While it lives, the hub is a local server that has one small model under the id.</summary>
    private sealed class Hub : IDisposable
    {
        private readonly HubWorld world = new();
        private readonly (string Name, string? Before)[] variables;

        public Hub(string id)
        {
            HubServer server = world.Serve(request => world.Answer(request with { Path = request.Path.Replace(id, HubWorld.Id) }));
            variables = [.. new[] { "HF_ENDPOINT", "HF_HUB_CACHE", "HF_HUB_OFFLINE" }.Select(name => (name, Environment.GetEnvironmentVariable(name)))];
            Environment.SetEnvironmentVariable("HF_ENDPOINT", server.Address.ToString());
            Environment.SetEnvironmentVariable("HF_HUB_CACHE", Path.GetFullPath("hub"));
            Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", null);
        }

        public void Dispose()
        {
            foreach ((string name, string? value) in variables)
                Environment.SetEnvironmentVariable(name, value);
            world.Dispose();
        }
    }
}
