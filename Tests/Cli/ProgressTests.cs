using System.CommandLine;
using Managed.Cli;

namespace Managed.Tests.CliTests;

public class ProgressTests
{
    [Test]
    public void What_is_no_terminal_stays_plain()
    {
        using var error = new StringWriter();
        var command = new Command("x");
        int value = 0;
        command.SetAction(result => value = Progress.Run(result, "Counting", "steps", progress =>
        {
            progress.Report(new WorkDone(1, 2));
            Terminal.Error(result.InvocationConfiguration).Write(new Spectre.Console.Markup("[red]warm[/]"));
            return 42;
        }));
        command.Parse("").Invoke(new CommandStreams { Error = error, Interruption = Interruption.Of(CancellationToken.None) });
        Assert.That(value, Is.EqualTo(42));
        Assert.That(error.ToString(), Is.EqualTo("warm"));
    }
}
