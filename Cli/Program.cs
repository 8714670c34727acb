using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Managed.Cli.Verbs;
using Managed.Cli.Verbs.Learning;

namespace Managed.Cli;

internal static class Program
{
    /// <summary>What `managed` can do: each verb in a file of its own.</summary>
    private static readonly (string Name, Func<Command> Create)[] s_verbs =
    [
        ("demo", DemoVerb.Create),
        ("run", RunVerb.Create),
        ("chat", ChatVerb.Create),
        ("inspect", InspectVerb.Create),
        ("tokenize", TokenizeVerb.Create),
        ("template", TemplateVerb.Create),
        ("capture", CaptureVerb.Create),
        ("verify", VerifyVerb.Create),
        ("dump", DumpVerb.Create),
        ("convert", ConvertVerb.Create),
        ("guard", GuardVerb.Create),
        ("pull", PullVerb.Create),
        ("eval", EvalVerb.Create),
        ("bench", BenchVerb.Create),
        ("devices", DevicesVerb.Create),
        ("steer", SteerVerb.Create),
    ];

    internal static int Main(string[] arguments)
    {
        // Text on a pipe is UTF-8 whatever the console's code page, and never begins with a byte order mark.
        Console.OutputEncoding = new UTF8Encoding(false);
        using var interruption = Interruption.OfProcess();
        return Run(arguments, Console.Out, Console.Error, null, interruption);
    }

    /// <summary>Runs one command line on the given streams; gives the exit code.</summary>
    internal static int Run(string[] arguments, TextWriter output, TextWriter error, TextReader input, CancellationToken cancellation)
    {
        using var interruption = Interruption.Of(cancellation);
        return Run(arguments, output, error, input, interruption);
    }

    /// <inheritdoc cref="Run(string[], TextWriter, TextWriter, TextReader, CancellationToken)"/>
    internal static int Run(string[] arguments, TextWriter output, TextWriter error, TextReader? input, Interruption interruption)
    {
        CancellationToken cancellation = interruption.Token;
        // Where the first word is a verb, the others need not be made.
        int called = Array.FindIndex(s_verbs, verb => arguments.Length > 0 && verb.Name == arguments[0]);
        var tree = new CommandTree(called < 0 ? s_verbs : [s_verbs[called]]);
        if (!TryParse(tree, arguments, error, out var parsed))
            return ExitCode.BadInput;
        var streams = new CommandStreams
        {
            Output = output,
            Error = error,
            GivenInput = input,
            Interruption = interruption,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            int code = parsed.InvokeAsync(streams, cancellation).GetAwaiter().GetResult();
            return cancellation.IsCancellationRequested ? ExitCode.Interrupted : code;
        }
        catch (Exception failure)
        {
            return Failure.Report(failure, error, verbose: parsed.GetValue(tree.Verbose), cancellation);
        }
    }

    private static bool TryParse(CommandTree tree, string[] arguments, TextWriter error, [NotNullWhen(true)] out ParseResult? parsed)
    {
        parsed = null;
        try
        {
            // "@name" is a value like any other, never a file of further arguments
            var settings = new ParserConfiguration { ResponseFileTokenReplacer = null };
            parsed = tree.Root.Parse(arguments.Length == 0 ? ["--help"] : arguments, settings);
        }
        catch (InvalidOperationException missing) when (missing.Source == typeof(Command).Assembly.GetName().Name)
        {
            error.WriteLine($"managed: {Mistake.OneLine(missing.Message)}"); // an option without its value, met by a validator
            return false;
        }
        if (Mistake.In(parsed) is not { } mistake)
            return true;
        error.WriteLine(mistake);
        return false;
    }
}
