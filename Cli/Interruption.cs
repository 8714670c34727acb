using System.Runtime.InteropServices;
using Managed.Loader;

namespace Managed.Cli;

/// <summary>
/// Ctrl-C and a request to terminate: the command is asked to stop, and gets a moment for it. One that does not stop is
/// ended, and its unfinished files with it. A command that is a conversation may take Ctrl-C itself.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource source;
    private readonly List<PosixSignalRegistration> signals = [];
    private readonly bool endsProcess;
    private Func<bool>? taker;

    private Interruption(CancellationToken outer, bool endsProcess)
    {
        source = CancellationTokenSource.CreateLinkedTokenSource(outer);
        this.endsProcess = endsProcess;
    }

    /// <summary>The one of this process.</summary>
    public static Interruption OfProcess()
    {
        var interruption = new Interruption(CancellationToken.None, endsProcess: true);
        interruption.signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            interruption.Press();
        }));
        interruption.signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            interruption.Stop();
        }));
        return interruption;
    }

    /// <summary>One that listens to no signal and never ends the process.</summary>
    public static Interruption Of(CancellationToken cancellation) => new(cancellation, endsProcess: false);

    /// <summary>Cancelled when the command shall stop.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>While the result lives, `pressed` is asked first at each Ctrl-C; what it answers false to stops the command.</summary>
    public IDisposable Take(Func<bool> pressed)
    {
        taker = pressed;
        return new Taken(this);
    }

    /// <summary>What Ctrl-C does.</summary>
    public void Press()
    {
        if (taker?.Invoke() != true)
            Stop();
    }

    public void Dispose() => signals.ForEach(signal => signal.Dispose());

    private void Stop()
    {
        bool again = source.IsCancellationRequested;
        ThreadPool.QueueUserWorkItem(_ => source.Cancel());
        if (!endsProcess)
            return;
        new Thread(() =>
        {
            Thread.Sleep(again ? TimeSpan.Zero : s_patience);
            UnfinishedFiles.Discard();
            Environment.Exit(ExitCode.Interrupted);
        })
        { IsBackground = true }.Start();
    }

    private sealed class Taken(Interruption interruption) : IDisposable
    {
        public void Dispose() => interruption.taker = null;
    }
}
