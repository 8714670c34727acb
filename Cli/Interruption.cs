using System.Runtime.InteropServices;

namespace Managed.Cli;

/// <summary>
/// Ctrl-C and a request to terminate: the command is asked to stop, and gets a moment for it. One that does not ask is ended,
/// and its unfinished files with it.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration[] signals;

    public Interruption() =>
        signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop)];

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (var signal in signals)
            signal.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        bool again = source.IsCancellationRequested;
        ThreadPool.QueueUserWorkItem(_ => source.Cancel());
        new Thread(() =>
        {
            Thread.Sleep(again ? TimeSpan.Zero : s_patience);
            OutputFile.DiscardUnfinished();
            Environment.Exit(ExitCode.Interrupted);
        })
        { IsBackground = true }.Start();
    }
}
