using System.Diagnostics;

namespace Managed.Tests.Docs;

/// <summary>README's lines that start the SDK: packing, installing and running the tool, running a single file.</summary>
[Category("Long")]
[Platform("Linux,MacOsX", Reason = "skipped: runs README's lines in a shell as Unix has it.")]
public class PackageTests
{
    [Test]
    public void The_tool_is_packed_installed_and_runs()
    {
        string folder = Directory.CreateTempSubdirectory("managed-").FullName;
        try
        {
            string[] lines = [.. CodeBlock.Read(Path.Combine(SharedFolder.Repository, "README.md")).Single(block => block.Text.StartsWith("dotnet pack ")).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
            Assert.That(lines, Has.Length.EqualTo(3));
            string script = string.Join(" && ", lines).Replace("artifacts", $"'{folder}/artifacts'").Replace(" tools", $" '{folder}/tools'");
            string output = Shell(script);
            Assert.That(output, Does.Contain("The mill is by the river."));
            Assert.That(Directory.GetFiles(Path.Combine(folder, "artifacts"), "*.nupkg").Sum(file => new FileInfo(file).Length), Is.LessThan(6 << 20), "as README says");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void The_example_runs_as_a_single_file()
    {
        IReadOnlyList<CodeBlock> blocks = CodeBlock.Read(Path.Combine(SharedFolder.Repository, "README.md"));
        int example = blocks.ToList().FindIndex(block => block.Language == "csharp");
        Assert.That(Shell("dotnet run examples/refusal-direction.cs"), Does.EndWith(blocks[example + 1].Text));
    }

    private static string Shell(string script)
    {
        var start = new ProcessStartInfo("/bin/bash", ["-c", script]) { WorkingDirectory = SharedFolder.Repository, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        // what a test host sets for itself is not meant for another build
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, output + error.Result);
        return output;
    }
}
