using ILGPU.Runtime.OpenCL;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.OpenCL;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>The cache of built programs: faster, never wrong.</summary>
internal sealed class ProgramCacheTests
{
    private string folder = "";

    [SetUp]
    public void CreateFolder() => folder = Directory.CreateTempSubdirectory("managed-kernels-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public void TheSameSourceIsBuiltOnce()
    {
        OpenCLRunner runner = OpenCLRunner.Require();
        using CLProgramCache cache = new(runner.Context, runner.Device, folder);
        string source = Source(runner, 1);
        CLProgram first = cache.GetOrBuild("A", "kernel_under_test", source), again = cache.GetOrBuild("A", "kernel_under_test", source);
        Assert.That(again, Is.SameAs(first));
        Assert.That(cache.GetOrBuild("A", "kernel_under_test", Source(runner, 2)), Is.Not.SameAs(first));
    }

    [Test]
    public void AProgramFromDiskGivesTheSameResultAndADamagedFileIsThrownAway([Values] Damage damage)
    {
        OpenCLRunner runner = OpenCLRunner.Require();
        string source = Source(runner, 42);
        string path;
        using (CLProgramCache first = new(runner.Context, runner.Device, folder))
        {
            path = first.PathOf(source)!;
            CLProgramCache.Write(path, first.GetOrBuild("A", "kernel_under_test", source).GetBinary());
        }
        byte[] file = File.ReadAllBytes(path);
        switch (damage)
        {
            case Damage.OneBit:
                file[^100] ^= 1;
                break;
            case Damage.Truncated:
                file = file[..(file.Length / 2)];
                break;
            case Damage.Empty:
                file = [];
                break;
            case Damage.OtherContent:
                CLProgramCache.Write(path, [1, 2, 3, 4]);
                file = File.ReadAllBytes(path);
                break;
        }
        File.WriteAllBytes(path, file);
        using CLProgramCache second = new(runner.Context, runner.Device, folder);
        CLProgram program = second.GetOrBuild("A", "kernel_under_test", source);
        Assert.That(second.LoadedFromDisk, Is.EqualTo(damage == Damage.None ? 1 : 0));
        Assert.That(File.Exists(path), Is.EqualTo(damage == Damage.None));
        int[] result = new int[4];
        runner.Run(program, 2, 2, result);
        Assert.That(result, Is.All.EqualTo(42));
    }

    [Test]
    public void AFolderThatCannotBeWrittenIsNoError()
    {
        string file = Path.Combine(folder, "file");
        File.WriteAllText(file, "");
        Assert.That(() => CLProgramCache.Write(Path.Combine(file, "below", "a.clbin"), [1]), Throws.Nothing);
    }

    internal enum Damage
    {
        None,
        OneBit,
        Truncated,
        Empty,
        OtherContent,
    }

    private static string Source(OpenCLRunner runner, int value)
    {
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer();
        builder.Store(output, builder.GlobalThread(), Constant.Int32(value));
        builder.Return();
        return OpenCLEmitter.Emit(builder.Kernel, runner.Device.Target);
    }
}
