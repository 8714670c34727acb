using System.Diagnostics;

namespace Managed.Tests.Ptx;

/// <summary>How fast the interpreter is, printed where this is run by name; and that a launch takes as many instructions each time, looked at for races or not.</summary>
[Explicit("prints figures")]
public class PtxSpeedTests
{
    private static long Report(string name, Func<LaunchStatistics> run)
    {
        long once = run().ThreadInstructions;
        TimeSpan start = Process.GetCurrentProcess().TotalProcessorTime;
        TimeSpan Used() => Process.GetCurrentProcess().TotalProcessorTime - start;
        LaunchStatistics? statistics = null;
        long instructions = 0;
        while (Used().TotalSeconds < 2)
        {
            statistics = run();
            Assert.That(statistics.ThreadInstructions, Is.EqualTo(once), name);
            instructions += once;
        }
        TestContext.Out.WriteLine($"{name}: {instructions / Used().TotalSeconds / 1e6:F1} million thread instructions per second of processor time; {statistics}");
        return once;
    }

    [Test]
    public void Examples_run()
    {
        var machine = new PtxMachine();
        PtxModule gemv = PtxModule.Parse(File.ReadAllText(SharedFolder.Fixture("ptx/gemv-bf16.ptx")));
        ulong w = machine.Allocate<ushort>(new ushort[256 * 1024]), x = machine.Allocate<ushort>(new ushort[1024]), y = machine.Allocate(256 * 4);
        Report("gemv", () => machine.Launch(gemv, "gemv_bf16", 64, 128, 0, [w, x, y, 256, 1024]));
        PtxModule norm = PtxModule.Parse(File.ReadAllText(SharedFolder.Fixture("ptx/rmsnorm-add.ptx")));
        ulong state = machine.Allocate<float>(new float[16 * 1024]), delta = machine.Allocate<float>(new float[16 * 1024]), output = machine.Allocate(16 * 1024 * 2);
        Report("rmsnorm", () => machine.Launch(norm, "rmsnorm_add", 16, 256, 0, [state, delta, x, output, 1024, BitConverter.SingleToUInt32Bits(1e-6f)]));
        PtxModule gemm = PtxModule.Parse(File.ReadAllText(SharedFolder.Fixture("ptx/gemm-bf16-mma.ptx")));
        ulong c = machine.Allocate(64 * 128 * 4);
        long looked = Report("gemm", () => machine.Launch(gemm, "gemm_bf16", (2, 1), 128, 0, [w, w, c, 64, 128, 1024]));
        long unlooked = Report("gemm, no race detection", () => machine.Launch(gemm, "gemm_bf16", (2, 1), 128, 0, [w, w, c, 64, 128, 1024], new LaunchOptions { FindSharedRaces = false }));
        Assert.That(unlooked, Is.EqualTo(looked));
    }
}
