using ILGPU.Runtime.Cuda;
using Managed.Tests.Ptx;

namespace Managed.Tests.Ilgpu.Cuda;

/// <summary>A fake driver whose launches run the PTX in the interpreter: a whole GPU without one.</summary>
internal sealed class InterpretedCudaDriver : FakeCudaDriver
{
    private readonly PtxMachine _machine = new();
    private readonly Dictionary<string, PtxModule> _parsed = [];

    public InterpretedCudaDriver() => OnLaunch = Launch;

    /// <summary>How launches are watched.</summary>
    public LaunchOptions Options { get; set; } = LaunchOptions.Default;

    /// <summary>What the last launch cost.</summary>
    public LaunchStatistics? Statistics { get; private set; }

    protected override nint Allocate(int bytes) => (nint)_machine.Allocate(bytes);

    protected override void Release(nint address) => _machine.Free((ulong)address);

    protected override Span<byte> Memory(nint address, nuint bytes) => _machine.Span((ulong)address, (int)bytes);

    private void Launch(string text, string entry, CudaLaunchShape shape, long[] slots)
    {
        if (!_parsed.TryGetValue(text, out PtxModule? module))
        {
            module = _parsed[text] = PtxModule.Parse(text);
        }
        try
        {
            Statistics = _machine.Launch(module, entry, ((int)shape.GridX, (int)shape.GridY, (int)shape.GridZ),
                ((int)shape.GroupX, (int)shape.GroupY, (int)shape.GroupZ), (int)shape.DynamicSharedBytes, [.. slots.Select(slot => (ulong)slot)], Options);
        }
        catch (PtxException fault)
        {
            throw new AssertionException($"{fault.Message}\n{text}", fault);
        }
    }
}
