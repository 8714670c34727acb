using System.Text.Json;
using Managed.Cli;

namespace Managed.Tests.CliTests;

public class ProgramTests
{
    [Test]
    public void The_version_is_that_of_the_program()
    {
        var (code, output, _) = CommandLine.Run(["--version"]);
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Match(@"^managed \d+\.\d+\.\d+\n$"));
    }

    [Test]
    public void Without_arguments_it_shows_what_it_can_do()
    {
        var (code, output, error) = CommandLine.Run([]);
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("managed [command]").And.Contain("template").And.Contain("devices"));
        Assert.That(error, Is.Empty);
    }

    [TestCase("tempalte", "did you mean 'template'?")]
    [TestCase("qqqqqqqq", "managed --help")]
    [TestCase("@file", "there is no command '@file'")]
    public void A_verb_that_does_not_exist_is_refused_on_one_line(string verb, string hint) =>
        Assert.That(CommandLine.RunRefused(verb), Does.Contain(hint));

    [Test]
    public void An_option_that_does_not_exist_is_refused_with_a_hint() =>
        Assert.That(CommandLine.RunRefused("devices", "--nope"), Does.Contain("'--nope'").And.Contain("managed devices --help"));

    [Test]
    public void An_option_without_its_value_is_refused() =>
        Assert.That(CommandLine.RunRefused("tokenize", "x", "--text"), Does.Contain("--text"));

    [Test]
    public void A_file_that_does_not_exist_is_named() =>
        Assert.That(CommandLine.RunRefused("template", "nowhere.jinja", "--input", "nowhere.json"), Does.Contain("nowhere.json"));

    [Test]
    public void Verbose_shows_where_an_error_came_from()
    {
        var (code, _, error) = CommandLine.Run(["template", "nowhere.jinja", "--input", "nowhere.json", "--verbose"]);
        Assert.That(code, Is.EqualTo(2));
        Assert.That(error, Does.Contain(" at Managed.Cli."));
    }

    [Test]
    public void Every_verb_says_what_it_does()
    {
        var (_, output, _) = CommandLine.Run(["--help"]);
        string[] verbs = [.. output[output.IndexOf("Commands:", StringComparison.Ordinal)..].Split('\n').Skip(1).Where(l => l.Trim().Length > 0)];
        Assert.That(verbs, Has.Length.GreaterThan(2));
        foreach (string line in verbs)
        {
            string verb = line.Trim().Split(' ')[0];
            var (code, help, error) = CommandLine.Run([verb, "--help"]);
            Assert.That(code, Is.Zero, error);
            Assert.That(help, Does.Contain($"managed {verb}").And.Contain("Description:\n  "));
        }
    }

    [Test]
    public void An_interrupted_command_gives_130()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.That(CommandLine.Run(["template", "--stdin-json"], "[]", source.Token).Code, Is.EqualTo(130));
    }

    [TestCase(typeof(InvalidCastException), 70)]
    [TestCase(typeof(UsageException), 2)]
    [TestCase(typeof(DirectoryNotFoundException), 2)]
    [TestCase(typeof(UnauthorizedAccessException), 2)]
    public void Only_what_the_user_can_mend_is_bad_input(Type type, int expected)
    {
        using var error = new StringWriter();
        var failure = (Exception)Activator.CreateInstance(type, type == typeof(UsageException) ? ["a\nb", null] : ["a\nb"])!;
        Assert.That(Failure.Report(failure, error, verbose: false, CancellationToken.None), Is.EqualTo(expected));
        Assert.That(error.ToString().TrimEnd(), Does.StartWith("managed: ").And.Contain("a b").And.Not.Contain("\n"));
    }

    [Test]
    public void The_devices_are_listed_for_people_and_for_machines()
    {
        Assert.That(CommandLine.Run(["devices"]).Output, Does.Contain("threads").And.Contain("GiB"));
        using var json = JsonDocument.Parse(CommandLine.Run(["devices", "--json"]).Output);
        var processor = json.RootElement.GetProperty("devices")[0];
        Assert.That(processor.GetProperty("id").GetString(), Is.EqualTo("cpu"));
        Assert.That(processor.GetProperty("threads").GetInt32(), Is.EqualTo(Environment.ProcessorCount));
        Assert.That(processor.GetProperty("memory_bytes").GetInt64(), Is.GreaterThan(1 << 20));
    }

    [Test]
    public void Cores_are_counted_once_per_socket_and_core()
    {
        const string Information = "processor\t: 0\nmodel name\t: Some CPU\nphysical id\t: 0\ncore id\t: 0\n\nprocessor\t: 1\nphysical id\t: 0\ncore id\t: 0\n\n"
            + "processor\t: 2\nphysical id\t: 1\ncore id\t: 0\n";
        Assert.That(Processor.PhysicalCores(Information), Is.EqualTo(2));
        Assert.That(Processor.Model(Information), Is.EqualTo("Some CPU"));
        Assert.That(Processor.PhysicalCores("processor: 0\n"), Is.Null);
    }
}
