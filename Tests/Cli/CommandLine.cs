using System.Text.Json;
using Managed.Cli;

namespace Managed.Tests.CliTests;

/// <summary>Runs `managed` inside the test's own process.</summary>
internal static class CommandLine
{
    public static (int Code, string Output, string Error) Run(string[] arguments, string input = "", CancellationToken cancellation = default)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int code = Program.Run(arguments, output, error, new StringReader(input), cancellation);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>A command line that must succeed and say nothing on the error stream; gives its output.</summary>
    public static string RunWell(params string[] arguments)
    {
        var (code, output, error) = Run(arguments);
        Assert.That((code, error), Is.EqualTo((0, "")), string.Join(' ', arguments));
        return output;
    }

    /// <summary>A command line with --json that must succeed: its output, which is one line.</summary>
    public static JsonElement RunJson(params string[] arguments)
    {
        string output = RunWell([.. arguments, "--json"]);
        Assert.That(output.TrimEnd('\n'), Does.Not.Contain("\n"), "one document, one line");
        using var document = JsonDocument.Parse(output);
        return document.RootElement.Clone();
    }

    /// <summary>A command line that must be refused: exit code 2, one line that begins with `managed: `, nothing on the output.</summary>
    public static string RunRefused(params string[] arguments) => RefusedWith("", arguments);

    public static string RefusedWith(string input, params string[] arguments)
    {
        var (code, output, error) = Run(arguments, input);
        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.StartWith("managed: ").And.EndWith("\n"));
        Assert.That(error.TrimEnd('\n'), Does.Not.Contain("\n"), "more than one line");
        return error;
    }
}
