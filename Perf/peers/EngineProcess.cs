using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Managed.Cli;

namespace Managed.Peers;

/// <summary>The other side of <see cref="EngineHost"/>: an engine in a process of its own.</summary>
internal sealed class EngineProcess : IDisposable
{
    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(5), s_patience = TimeSpan.FromSeconds(3);
    private readonly Process process;

    public EngineProcess(string name)
    {
        Name = name;
        string self = typeof(EngineProcess).Assembly.Location, program = Path.ChangeExtension(self, null);
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        if (!string.Equals(Environment.ProcessPath, program, StringComparison.Ordinal))
            start.ArgumentList.Add(self); // dotnet runs it
        start.ArgumentList.Add("host");
        start.ArgumentList.Add(name);
        process = Process.Start(start)!;
    }

    public string Name { get; }

    /// <summary>Asks and waits for the reply.</summary>
    /// <exception cref="PeerException">The engine could not do it, or its process ended.</exception>
    public HostReply Ask(HostRequest request)
    {
        process.StandardInput.WriteLine(JsonSerializer.Serialize(request, JsonOutput.Format));
        process.StandardInput.Flush();
        string line = process.StandardOutput.ReadLine() ?? throw new PeerException($"{Name}: its process ended while it was asked to {request.Verb} {request.Case ?? request.File}.");
        HostReply reply = JsonSerializer.Deserialize<HostReply>(line, JsonOutput.Format)!;
        return reply.Error is { } error ? throw new PeerException($"{Name}: {error}") : reply;
    }

    /// <summary>Waits until its threads, which may look for work for a while after a run, have gone to sleep: they must not take a processor from the other engine.</summary>
    /// <exception cref="PeerException">They go on.</exception>
    public void WaitUntilIdle()
    {
        long start = Stopwatch.GetTimestamp(), before = ProcessorTime();
        while (true)
        {
            Thread.Sleep(s_glance);
            long now = ProcessorTime();
            if (now - before < s_glance.TotalNanoseconds / 10)
                return;
            before = now;
            if (Stopwatch.GetElapsedTime(start) > s_patience)
                throw new PeerException($"{Name}: its threads are still running {s_patience.TotalSeconds:0} s after its turn; the other's time would be wrong.");
        }
    }

    // Nanoseconds on a processor, of all threads: the first number of each schedstat.
    private long ProcessorTime()
    {
        long sum = 0;
        foreach (string thread in Directory.GetDirectories($"/proc/{process.Id}/task"))
            try
            {
                sum += long.Parse(File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // a thread that has just ended
            }
        return sum;
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        if (!process.WaitForExit(10_000))
            process.Kill();
        process.Dispose();
    }
}
