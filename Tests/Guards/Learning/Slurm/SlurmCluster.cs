using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Managed.Tests.Guards.Learning.Slurm;

/// <summary>
/// A real Slurm of two nodes on this machine, from Debian's packages: one controller, two node daemons with names and ports of their own,
/// a configuration and state in a temporary folder, no accounts, no control groups. Ends with the object.
/// </summary>
internal sealed class SlurmCluster : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(4);

    private readonly string folder;
    private readonly List<Process> daemons = [];

    /// <summary>What the jobs' environment has besides the test's own.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    private SlurmCluster(string folder) => this.folder = folder;

    /// <summary>Starts it, or skips the test where Slurm is not installed.</summary>
    /// <param name="folder">Where its configuration, state and logs go.</param>
    public static SlurmCluster Start(string folder)
    {
        foreach (string program in new[] { "slurmctld", "slurmd", "sbatch", "scontrol" })
            if (!Installed(program))
                Assert.Ignore($"skipped: needs Slurm, and {program} is not there (Debian: apt-get install slurmctld slurmd slurm-client).");
        var cluster = new SlurmCluster(folder);
        try
        {
            cluster.StartDaemons();
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    /// <summary>Runs one of Slurm's commands, which must succeed; gives its output.</summary>
    public string Run(string program, params string[] arguments)
    {
        var (code, output, error) = Try(program, arguments);
        Assert.That(code, Is.Zero, $"{program} {string.Join(' ', arguments)}: {output}{error}\n{Logs()}");
        return output;
    }

    /// <summary>Number of the job that `sbatch` submits.</summary>
    /// <param name="arguments">Of sbatch.</param>
    public string Submit(params string[] arguments) => Run("sbatch", ["--parsable", .. arguments]).Trim();

    /// <summary>A field of `scontrol show job`, such as JobState or NodeList.</summary>
    public string Field(string job, string name) =>
        Run("scontrol", "--oneliner", "show", "job", job).Split(' ', '\n').FirstOrDefault(pair => pair.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? "";

    /// <summary>Waits until something is so; fails with the daemons' logs where it never is.</summary>
    public void Await(string what, Func<bool> isSo)
    {
        var waited = Stopwatch.StartNew();
        while (!isSo())
        {
            if (waited.Elapsed > s_patience)
                Assert.Fail($"{what}: not so after {s_patience.TotalMinutes} minutes.\n{Try("squeue").Output}{Logs()}");
            Thread.Sleep(50);
        }
    }

    public void Dispose()
    {
        if (daemons.Count > 0)
            Try("scancel", "--signal=KILL", "--full", "--user", Environment.UserName);
        foreach (Process daemon in Enumerable.Reverse(daemons))
        {
            using (Process kill = Process.Start("kill", ["-TERM", $"{daemon.Id}"]))
                kill.WaitForExit();
            if (!daemon.WaitForExit(TimeSpan.FromSeconds(20)))
                daemon.Kill(entireProcessTree: true);
            daemon.WaitForExit();
            daemon.Dispose();
        }
    }

    private void StartDaemons()
    {
        int[] ports = FreePorts(3);
        string host = Dns.GetHostName().Split('.')[0], user = Environment.UserName;
        Directory.CreateDirectory(At("state"));
        File.WriteAllText(At("slurm.conf"), $"""
            ClusterName=managed
            SlurmctldHost={host}(127.0.0.1)
            SlurmctldPort={ports[0]}
            SlurmUser={user}
            SlurmdUser={user}
            AuthType=auth/none
            CredType=cred/none
            StateSaveLocation={At("state")}
            SlurmdSpoolDir={At("spool-%n")}
            SlurmctldPidFile={At("slurmctld.pid")}
            SlurmdPidFile={At("slurmd-%n.pid")}
            ProctrackType=proctrack/pgid
            TaskPlugin=task/none
            JobAcctGatherType=jobacct_gather/none
            AccountingStorageType=accounting_storage/none
            MpiDefault=none
            SwitchType=switch/none
            SelectType=select/cons_tres
            SelectTypeParameters=CR_Core
            SchedulerType=sched/backfill
            SchedulerParameters=sched_interval=1,bf_interval=1,requeue_delay=1
            SlurmdParameters=config_overrides
            ReturnToService=2
            NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1
            NodeName=two NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1
            PartitionName=all Nodes=one,two Default=YES State=UP

            """);
        Daemon("slurmctld", "-D");
        Daemon("slurmd", "-D", "-N", "one");
        Daemon("slurmd", "-D", "-N", "two");
        Await("two idle nodes", () =>
        {
            if (daemons.Find(daemon => daemon.HasExited) is { } ended)
                Assert.Fail($"a daemon ended with {ended.ExitCode}.\n{Logs()}");
            return Try("sinfo", "--noheader", "--Node", "--format=%N %T").Output.Split('\n').Count(line => line.EndsWith(" idle", StringComparison.Ordinal)) == 2;
        });
    }

    private string At(string name) => Path.Combine(folder, name);

    private void Daemon(string program, params string[] arguments)
    {
        // a daemon's own log file would outlive a short buffer's pipe
        Process daemon = Process.Start(Setting("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" > \"$log\" 2>&1", "sh", At($"{program}-{daemons.Count}.log"), program, .. arguments]))!;
        daemons.Add(daemon);
    }

    private string Logs() => string.Concat(Directory.GetFiles(folder, "*.log").Order().Select(log => $"--- {Path.GetFileName(log)}\n{string.Join('\n', File.ReadLines(log).TakeLast(15))}\n"));

    private (int Code, string Output, string Error) Try(string program, params string[] arguments)
    {
        ProcessStartInfo setting = Setting(program, arguments);
        setting.RedirectStandardOutput = setting.RedirectStandardError = true;
        using Process process = Process.Start(setting)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    // Debian's daemons lie where only the administrator's search path leads.
    private static string Search => $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin";

    private static bool Installed(string program) => Search.Split(':').Any(place => File.Exists(Path.Combine(place, program)));

    private ProcessStartInfo Setting(string program, IEnumerable<string> arguments)
    {
        string path = program.StartsWith('/') ? program : Search.Split(':').Select(place => Path.Combine(place, program)).First(File.Exists);
        var setting = new ProcessStartInfo(path, arguments) { WorkingDirectory = folder };
        setting.Environment["PATH"] = Search;
        setting.Environment["SLURM_CONF"] = At("slurm.conf");
        foreach ((string name, string value) in Variables)
            setting.Environment[name] = value;
        return setting;
    }

    private static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners)
            listener.Start();
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners)
            listener.Dispose();
        return ports;
    }
}
