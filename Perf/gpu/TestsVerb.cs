using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Security;
using System.Text.RegularExpressions;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace Managed.GpuPerf;

/// <summary>`tests`: runs the project's tests without .NET's tools.</summary>
internal static class TestsVerb
{
    public static Command Create(TextWriter output)
    {
        var category = new Option<string?>("--category") { Description = "Only tests of this category." };
        var names = new Option<string[]>("--name") { Description = "Only tests whose full name holds one of these.", AllowMultipleArgumentsPerToken = true };
        var command = new Command("tests", "Runs tests; exit code 1 if one fails or none runs.") { category, names };
        command.SetAction(parsed => Run(output, Assembly.Load("Managed.Tests"), parsed.GetValue(category), parsed.GetValue(names) ?? []) ? 0 : 1);
        return command;
    }

    /// <summary>Whether at least one test ran and none failed.</summary>
    private static bool Run(TextWriter output, Assembly assembly, string? category, string[] names)
    {
        var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
        runner.Load(assembly, new Dictionary<string, object> { ["NumberOfTestWorkers"] = 0 });
        ITestResult result = runner.Run(new Listener(output), Filter(category, names));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{result.PassCount} passed, {result.FailCount} failed, {result.SkipCount + result.InconclusiveCount} skipped"));
        if (result.PassCount + result.FailCount == 0)
            output.WriteLine("No test ran.");
        return result.FailCount == 0 && result.PassCount > 0;
    }

    private static TestFilter Filter(string? category, string[] names)
    {
        string cat = category is null ? "" : $"<cat>{SecurityElement.Escape(category)}</cat>";
        string test = names.Length == 0 ? "" : $"<test re='1'>{SecurityElement.Escape(string.Join('|', names.Select(Regex.Escape)))}</test>";
        return cat.Length + test.Length == 0 ? TestFilter.Empty : TestFilter.FromXml($"<filter><and>{cat}{test}</and></filter>");
    }

    // A line for each test as it ends.
    private sealed class Listener(TextWriter output) : ITestListener
    {
        public void TestStarted(ITest test)
        {
        }

        public void TestFinished(ITestResult result)
        {
            if (result.HasChildren || (result.Test.IsSuite && result.FailCount == 0 && result.ResultState.Site == FailureSite.Test))
                return;
            string status = result.ResultState.Status.ToString().ToLowerInvariant();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{status,-8} {result.Duration,7:0.00} s  {result.Test.FullName.Replace("Managed.Tests.", "")}"));
            if (result.ResultState.Status != TestStatus.Passed && result.Message is { Length: > 0 } message)
                output.WriteLine("    " + message.Trim().Replace("\n", "\n    "));
            if (result.ResultState.Status == TestStatus.Failed && result.StackTrace is { Length: > 0 } trace)
                output.WriteLine("    " + trace.Trim().Replace("\n", "\n    "));
            output.Flush();
        }

        public void TestOutput(TestOutput output)
        {
        }

        public void SendMessage(TestMessage message)
        {
        }
    }
}
