using System.Diagnostics;
using System.Text.Json;
using Managed.Cli;
using Managed.Cli.Bench;

namespace Managed.Peers;

/// <summary>An engine's process: one request a line on its input, one reply a line on its output, asleep in between.</summary>
internal static class EngineHost
{
    /// <summary>The engines of a race.</summary>
    public static readonly IReadOnlyDictionary<string, Func<string, int, IEngine>> Engines = new Dictionary<string, Func<string, int, IEngine>>(StringComparer.Ordinal)
    {
        ["managed"] = (file, threads) => new ManagedEngine(file, threads),
        ["llama.cpp"] = (file, threads) => new LlamaEngine(file, threads),
    };

    /// <summary>Answers until the input ends.</summary>
    public static int Serve(string engine, TextReader input, TextWriter output)
    {
        IEngine? open = null;
        while (input.ReadLine() is { } line)
        {
            HostReply reply;
            try
            {
                reply = Answer(engine, ref open, JsonSerializer.Deserialize<HostRequest>(line, JsonOutput.Format)!);
            }
            catch (Exception failure)
            {
                reply = new HostReply(Error: failure is PeerException ? failure.Message : failure.ToString());
            }
            output.WriteLine(JsonSerializer.Serialize(reply, JsonOutput.Format));
            output.Flush();
        }
        open?.Dispose();
        return 0;
    }

    private static HostReply Answer(string engine, ref IEngine? open, HostRequest request)
    {
        switch (request.Verb)
        {
            case "open":
                open?.Dispose();
                open = null;
                long start = Stopwatch.GetTimestamp();
                open = Engines[engine](request.File!, request.Threads);
                return new HostReply(Seconds: Stopwatch.GetElapsedTime(start).TotalSeconds, Description: open.Description);
            case "run":
                Elapsed time = open!.Run(RaceCase.Parse(request.Case!, request.Tokens));
                return new HostReply(Seconds: time.Seconds, ProcessorSeconds: time.ProcessorSeconds);
            case "memory":
                ResidentMemory memory = ResidentMemory.Now();
                return new HostReply(ResidentBytes: memory.Bytes, FileBytes: memory.FileBytes ?? 0, PeakBytes: memory.PeakBytes);
            default:
                throw new PeerException($"found the request '{request.Verb}'; expected open, run or memory.");
        }
    }
}
