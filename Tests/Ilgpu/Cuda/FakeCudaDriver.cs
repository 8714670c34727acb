using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using ILGPU.Runtime.Cuda;

namespace Managed.Tests.Ilgpu.Cuda;

/// <summary>
/// A driver without a GPU that is stricter than the real one: every call is written down, and a call without a current context, with a handle
/// that is not alive, outside of an allocation, or forbidden while a stream is captured fails the test.
/// </summary>
internal unsafe partial class FakeCudaDriver : CudaDriver
{
    private const nint TheContext = 0xC0;

    private readonly ThreadLocal<nint> _current = new();
    private readonly Dictionary<nint, string> _handles = [];
    private readonly Dictionary<string, Queue<CudaError>> _failures = [];
    private nint _nextHandle = 0x1000;

    /// <summary>The calls in order, with their arguments.</summary>
    public List<string> Calls { get; } = [];

    public Dictionary<CudaDeviceAttribute, int> Attributes { get; } = new()
    {
        [CudaDeviceAttribute.MaxThreadsPerBlock] = 1024,
        [CudaDeviceAttribute.MaxBlockDimX] = 1024,
        [CudaDeviceAttribute.MaxBlockDimY] = 1024,
        [CudaDeviceAttribute.MaxBlockDimZ] = 64,
        [CudaDeviceAttribute.MaxGridDimX] = int.MaxValue,
        [CudaDeviceAttribute.MaxGridDimY] = 65535,
        [CudaDeviceAttribute.MaxGridDimZ] = 65535,
        [CudaDeviceAttribute.MaxSharedMemoryPerBlock] = 49152,
        [CudaDeviceAttribute.MaxSharedMemoryPerBlockOptin] = 232448,
        [CudaDeviceAttribute.MaxSharedMemoryPerMultiprocessor] = 233472,
        [CudaDeviceAttribute.TotalConstantMemory] = 65536,
        [CudaDeviceAttribute.WarpSize] = 32,
        [CudaDeviceAttribute.MultiprocessorCount] = 132,
        [CudaDeviceAttribute.MaxThreadsPerMultiprocessor] = 2048,
        [CudaDeviceAttribute.ComputeCapabilityMajor] = 9,
        [CudaDeviceAttribute.ComputeCapabilityMinor] = 0,
    };

    public int CudaVersion { get; set; } = 12040;

    public int Devices { get; set; } = 1;

    /// <summary>What the loader writes into the error log when it refuses a module.</summary>
    public string LoaderLog { get; set; } = "";

    /// <summary>What is still alive: allocations, streams, modules, events, graphs.</summary>
    public IEnumerable<string> Alive => _handles.Values.Where(kind => kind != "function");

    /// <summary>Loaded modules and their text.</summary>
    public Dictionary<nint, string> Modules { get; } = [];

    /// <summary>The next call of this name returns the error.</summary>
    public void FailNext(string call, CudaError error, int times = 1)
    {
        Queue<CudaError> queue = _failures.TryGetValue(call, out Queue<CudaError>? known) ? known : _failures[call] = new();
        for (int i = 0; i < times; i++)
        {
            queue.Enqueue(error);
        }
    }

    public override string Describe(CudaError error) => $"{error} ({(int)error}): in the driver's words";

    public override CudaError Init() => Enter("cuInit", false);

    public override CudaError DriverGetVersion(out int version)
    {
        version = CudaVersion;
        return CudaError.CUDA_SUCCESS;
    }

    public override CudaError DeviceGetCount(out int count)
    {
        count = Devices;
        return CudaError.CUDA_SUCCESS;
    }

    public override CudaError DeviceGet(out int device, int ordinal)
    {
        device = 10 + ordinal;
        return ordinal < Devices ? CudaError.CUDA_SUCCESS : CudaError.CUDA_ERROR_INVALID_DEVICE;
    }

    public override CudaError DeviceGetName(byte* name, int length, int device)
    {
        Encoding.UTF8.GetBytes("Fake GPU\0").CopyTo(new Span<byte>(name, length));
        return CudaError.CUDA_SUCCESS;
    }

    public override CudaError DeviceGetAttribute(out int value, CudaDeviceAttribute attribute, int device)
    {
        Assert.That(device, Is.EqualTo(10).Or.EqualTo(11), "the driver's handle, not the ordinal");
        value = Attributes.GetValueOrDefault(attribute);
        return CudaError.CUDA_SUCCESS;
    }

    public override CudaError DeviceTotalMem(out nuint bytes, int device)
    {
        bytes = 80u << 20;
        return CudaError.CUDA_SUCCESS;
    }

    public override CudaError PrimaryCtxRetain(out nint context, int device)
    {
        context = TheContext;
        return Enter($"cuDevicePrimaryCtxRetain({device})", false);
    }

    public override CudaError PrimaryCtxRelease(int device) => Enter($"cuDevicePrimaryCtxRelease({device})", false);

    public override CudaError CtxSetCurrent(nint context)
    {
        _current.Value = context;
        return CudaError.CUDA_SUCCESS; // so frequent that it is not written down
    }

    public override CudaError CtxSynchronize()
    {
        CudaError result = Enter("cuCtxSynchronize()");
        Assert.That(_captured, Is.Empty, "synchronising the context breaks a capture");
        Streams.ForEach(stream => CatchUp(stream));
        return result;
    }

    public override CudaError ModuleLoadDataEx(out nint module, byte* image, uint optionCount, int* options, nint* values)
    {
        module = 0;
        CudaError result = Enter("cuModuleLoadDataEx(…)");
        NotInCapture("loading a module");
        string text = Marshal.PtrToStringUTF8((nint)image)!;
        Assert.That(text, Does.StartWith(".version "));
        Assert.That((optionCount, options[0], options[1]), Is.EqualTo((2u, 5, 6)), "the error log's buffer and its size");
        if (result != CudaError.CUDA_SUCCESS)
        {
            Encoding.UTF8.GetBytes(LoaderLog + "\0").CopyTo(new Span<byte>((void*)values[0], (int)values[1]));
            return result;
        }
        module = New("module");
        Modules[module] = text;
        return result;
    }

    public override CudaError ModuleUnload(nint module) => Destroy("cuModuleUnload", module, "module");

    public override CudaError ModuleGetFunction(out nint function, nint module, byte* name)
    {
        function = 0;
        string entry = Marshal.PtrToStringUTF8((nint)name)!;
        CudaError result = Enter($"cuModuleGetFunction({entry})");
        IsAlive("module", module);
        if (!Modules[module].Contains($".entry {entry}("))
        {
            return CudaError.CUDA_ERROR_NOT_FOUND;
        }
        function = New("function");
        _functions[function] = (module, entry);
        return result;
    }

    public override CudaError FuncGetAttribute(out int value, CudaFunctionAttribute attribute, nint function)
    {
        IsAlive("function", function);
        value = attribute switch
        {
            CudaFunctionAttribute.MaxThreadsPerBlock => 1024,
            CudaFunctionAttribute.Registers => 32,
            CudaFunctionAttribute.StaticSharedBytes => StaticShared().Matches(Modules[_functions[function].Module]).Sum(match => int.Parse(match.Groups[1].Value)),
            _ => 0,
        };
        return Enter($"cuFuncGetAttribute({attribute})");
    }

    public override CudaError FuncSetAttribute(nint function, CudaFunctionAttribute attribute, int value)
    {
        IsAlive("function", function);
        _dynamicShared[function] = value;
        return Enter($"cuFuncSetAttribute({attribute}, {value})");
    }

    public override CudaError OccupancyMaxActiveBlocks(out int blocks, nint function, int groupSize, nuint dynamicShared)
    {
        IsAlive("function", function);
        blocks = 2048 / groupSize;
        return Enter("cuOccupancyMaxActiveBlocksPerMultiprocessor(…)");
    }

    public override CudaError OccupancyMaxPotentialBlockSize(out int minGridSize, out int groupSize, nint function, nuint dynamicShared, int limit)
    {
        IsAlive("function", function);
        (minGridSize, groupSize) = (132, 256);
        return Enter("cuOccupancyMaxPotentialBlockSize(…)");
    }

    /// <summary>Begins a call: writes it down, checks that the context is current, and gives the error that the test asked for.</summary>
    protected CudaError Enter(string call, bool needsContext = true)
    {
        lock (Calls)
        {
            Calls.Add(call);
            if (needsContext)
            {
                Assert.That(_current.Value, Is.EqualTo(TheContext), $"{call}: no context is current on this thread");
            }
            return _failures.TryGetValue(call.Split('(')[0], out Queue<CudaError>? queue) && queue.TryDequeue(out CudaError error) ? error : CudaError.CUDA_SUCCESS;
        }
    }

    protected nint New(string kind)
    {
        _handles[_nextHandle += 16] = kind;
        return _nextHandle;
    }

    /// <summary>The handle is alive and of the kind.</summary>
    protected void IsAlive(string kind, nint handle) =>
        Assert.That(_handles.GetValueOrDefault(handle, "nothing alive"), Is.EqualTo(kind), $"handle 0x{handle:X}");

    protected CudaError Destroy(string call, nint handle, string kind)
    {
        CudaError result = Enter($"{call}({kind})");
        IsAlive(kind, handle);
        _handles.Remove(handle);
        return result;
    }

    [GeneratedRegex(@"\.shared \.align \d+ \.b8 \w+\[(\d+)\]")]
    private static partial Regex StaticShared();
}
