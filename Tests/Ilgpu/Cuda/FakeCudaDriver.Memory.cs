using ILGPU.Runtime.Cuda;

namespace Managed.Tests.Ilgpu.Cuda;

// Memory, streams, launches, captures.
internal unsafe partial class FakeCudaDriver
{
    private readonly Dictionary<nint, (nint Module, string Entry)> _functions = [];
    private readonly Dictionary<nint, int> _dynamicShared = [];
    private readonly Dictionary<nint, List<Action>> _captured = [];
    private readonly Dictionary<nint, List<Action>> _graphs = [];
    private readonly Dictionary<nint, nint> _executables = [];
    private readonly Dictionary<nint, byte[]> _memory = [];
    private nint _nextAddress = unchecked((nint)0x7F00_0000_0000);
    private CudaCaptureMode _mode = CudaCaptureMode.Global;

    private readonly Dictionary<nint, Queue<Action>> _waiting = []; // by stream
    private readonly Dictionary<nint, long> _asked = [], _done = []; // by stream: how much
    private readonly Dictionary<nint, (nint Stream, long Until)> _marks = []; // by event

    /// <summary>Streams in the order in which they were made.</summary>
    private List<nint> Streams { get; } = [];

    /// <summary>Which streams, by number, do nothing before somebody waits for it; null: all work at once.</summary>
    public Func<int, bool>? IsLazy { get; set; }

    /// <summary>Called for each launch that runs: text of the module, entry, shape, the parameters' slots.</summary>
    public Action<string, string, CudaLaunchShape, long[]>? OnLaunch { get; set; }

    public override CudaError MemAlloc(out nint address, nuint bytes)
    {
        address = 0;
        CudaError result = Enter($"cuMemAlloc({bytes})");
        NotInCapture("allocating");
        if (result == CudaError.CUDA_SUCCESS)
        {
            address = Allocate((int)bytes);
            _handles[address] = "memory";
        }
        return result;
    }

    public override CudaError MemFree(nint address)
    {
        CudaError result = Destroy("cuMemFree", address, "memory");
        NotInCapture("freeing");
        Streams.ForEach(stream => CatchUp(stream)); // as the driver does
        Release(address);
        return result;
    }

    public override CudaError MemGetInfo(out nuint free, out nuint total)
    {
        (free, total) = (10u << 20, 80u << 20);
        return Enter("cuMemGetInfo()");
    }

    public override CudaError MemHostAlloc(out nint address, nuint bytes, uint flags)
    {
        address = (nint)System.Runtime.InteropServices.NativeMemory.AlignedAlloc(bytes, 64);
        _handles[address] = "page-locked memory";
        return Enter($"cuMemHostAlloc({bytes}, {flags})");
    }

    public override CudaError MemFreeHost(nint address)
    {
        CudaError result = Destroy("cuMemFreeHost", address, "page-locked memory");
        System.Runtime.InteropServices.NativeMemory.AlignedFree((void*)address);
        return result;
    }

    public override CudaError MemHostRegister(nint address, nuint bytes, uint flags)
    {
        CudaError result = Enter($"cuMemHostRegister({bytes}, {flags})");
        if (result == CudaError.CUDA_SUCCESS)
        {
            Assert.That(_handles.TryAdd(address, "locked pages"), "the pages are locked already");
        }
        return result;
    }

    public override CudaError MemHostUnregister(nint address) => Destroy("cuMemHostUnregister", address, "locked pages");

    public override CudaError MemcpyHtoDAsync(nint target, nint source, nuint bytes, nint stream)
    {
        Memory(target, bytes);
        return Queue($"cuMemcpyHtoDAsync({bytes})", stream, () => new Span<byte>((void*)source, (int)bytes).CopyTo(Memory(target, bytes)));
    }

    public override CudaError MemcpyDtoHAsync(nint target, nint source, nuint bytes, nint stream)
    {
        Memory(source, bytes);
        return Queue($"cuMemcpyDtoHAsync({bytes})", stream, () => Memory(source, bytes).CopyTo(new Span<byte>((void*)target, (int)bytes)));
    }

    public override CudaError MemcpyDtoDAsync(nint target, nint source, nuint bytes, nint stream)
    {
        Memory(source, bytes);
        Memory(target, bytes);
        return Queue($"cuMemcpyDtoDAsync({bytes})", stream, () => Memory(source, bytes).CopyTo(Memory(target, bytes)));
    }

    public override CudaError MemsetD8Async(nint target, byte value, nuint bytes, nint stream)
    {
        Memory(target, bytes);
        return Queue($"cuMemsetD8Async({value}, {bytes})", stream, () => Memory(target, bytes).Fill(value));
    }

    public override CudaError LaunchKernel(nint function, in CudaLaunchShape shape, nint stream, void** parameters)
    {
        IsAlive("function", function);
        (nint module, string entry) = _functions[function];
        IsAlive("module", module);
        string text = Modules[module];
        int count = text[text.IndexOf(".entry", StringComparison.Ordinal)..text.IndexOf('{')].Split(".param ").Length - 1;
        long[] slots = new long[count];
        for (int i = 0; i < count; i++)
        {
            slots[i] = *(long*)parameters[i];
        }
        if (shape.DynamicSharedBytes > 49152 && _dynamicShared.GetValueOrDefault(function) < shape.DynamicSharedBytes)
        {
            return CudaError.CUDA_ERROR_INVALID_VALUE;
        }
        CudaLaunchShape own = shape;
        return Queue($"cuLaunchKernel({entry}, {shape.GridX}x{shape.GridY}x{shape.GridZ}, {shape.GroupX}x{shape.GroupY}x{shape.GroupZ}, {shape.DynamicSharedBytes})",
            stream, () => OnLaunch?.Invoke(text, entry, own, slots));
    }

    public override CudaError LaunchCooperativeKernel(nint function, in CudaLaunchShape shape, nint stream, void** parameters) =>
        LaunchKernel(function, shape, stream, parameters);

    public override CudaError StreamCreate(out nint stream, uint flags)
    {
        stream = New("stream");
        Streams.Add(stream);
        return Enter($"cuStreamCreate({flags})");
    }

    public override CudaError StreamDestroy(nint stream) => Destroy("cuStreamDestroy", stream, "stream");

    public override CudaError StreamSynchronize(nint stream)
    {
        CudaError result = Enter("cuStreamSynchronize()");
        IsAlive("stream", stream);
        Assert.That(_captured.ContainsKey(stream), Is.False, "a captured stream cannot be waited for");
        CatchUp(stream);
        return result;
    }

    public override CudaError StreamWaitEvent(nint stream, nint marker, uint flags)
    {
        IsAlive("event", marker);
        (nint other, long until) = _marks.GetValueOrDefault(marker); // as it is now, not when the stream comes to it
        return Queue("cuStreamWaitEvent()", stream, () => CatchUp(other, until));
    }

    public override CudaError EventCreate(out nint marker, uint flags)
    {
        marker = New("event");
        return Enter($"cuEventCreate({flags})");
    }

    public override CudaError EventDestroy(nint marker) => Destroy("cuEventDestroy", marker, "event");

    public override CudaError EventRecord(nint marker, nint stream)
    {
        IsAlive("event", marker);
        CudaError result = Queue("cuEventRecord()", stream, () => { });
        _marks[marker] = (stream, _asked.GetValueOrDefault(stream));
        return result;
    }

    public override CudaError EventSynchronize(nint marker)
    {
        IsAlive("event", marker);
        (nint stream, long until) = _marks.GetValueOrDefault(marker);
        CatchUp(stream, until);
        return Enter("cuEventSynchronize()");
    }

    public override CudaError EventElapsedTime(out float milliseconds, nint start, nint end)
    {
        IsAlive("event", start);
        IsAlive("event", end);
        milliseconds = end > start ? 1.5f : -1;
        return Enter("cuEventElapsedTime()");
    }

    public override CudaError StreamBeginCapture(nint stream, CudaCaptureMode mode)
    {
        IsAlive("stream", stream);
        Assert.That(_captured.TryAdd(stream, []), "the stream is being captured already");
        _mode = mode;
        return Enter($"cuStreamBeginCapture({mode})");
    }

    public override CudaError StreamEndCapture(nint stream, out nint graph)
    {
        IsAlive("stream", stream);
        Assert.That(_captured.Remove(stream, out List<Action>? work), "the stream is not being captured");
        graph = New("graph");
        _graphs[graph] = work!;
        return Enter("cuStreamEndCapture()");
    }

    public override CudaError ThreadExchangeStreamCaptureMode(ref CudaCaptureMode mode)
    {
        (mode, _mode) = (_mode, mode);
        return Enter($"cuThreadExchangeStreamCaptureMode({_mode})", false);
    }

    public override CudaError GraphInstantiate(out nint executable, nint graph, ulong flags)
    {
        IsAlive("graph", graph);
        executable = 0;
        CudaError result = Enter($"cuGraphInstantiateWithFlags({flags})");
        if (result == CudaError.CUDA_SUCCESS)
        {
            executable = New("executable graph");
            _executables[executable] = graph;
        }
        return result;
    }

    public override CudaError GraphUpload(nint executable, nint stream)
    {
        IsAlive("executable graph", executable);
        return Enter("cuGraphUpload()");
    }

    public override CudaError GraphLaunch(nint executable, nint stream)
    {
        IsAlive("executable graph", executable);
        return Queue("cuGraphLaunch()", stream, () => _graphs[_executables[executable]].ForEach(work => work()));
    }

    public override CudaError GraphExecDestroy(nint executable) => Destroy("cuGraphExecDestroy", executable, "executable graph");

    public override CudaError GraphDestroy(nint graph) => Destroy("cuGraphDestroy", graph, "graph");

    /// <summary>As the interpreter's machine reads it.</summary>
    public override CudaError TensorMapEncodeTiled(ulong* map, int type, uint rank, nint address, ulong* extents, ulong* strides, uint* box, uint* steps,
        int interleave, int swizzle, int promotion, int fill)
    {
        CudaError error = Enter("cuTensorMapEncodeTiled");
        bool isAllowed = ((nint)map & 63) == 0 && type == 9 && rank == 2 && (address & 15) == 0 && strides[0] % 16 == 0 && box[0] * 2 <= 128 && box[1] <= 256
            && steps[0] == 1 && steps[1] == 1 && interleave == 0 && swizzle is >= 0 and <= 3 && promotion is >= 0 and <= 3 && fill is 0 or 1;
        Assert.That(isAllowed, "the driver refuses such a map");
        new Managed.Tests.Ptx.TensorMap((ulong)address, 2, [extents[0], extents[1]], [strides[0]], [box[0], box[1]], swizzle == 0 ? 0 : 16 << swizzle).Encode()
            .CopyTo(new Span<byte>(map, 128));
        return error;
    }

    protected virtual nint Allocate(int bytes)
    {
        nint address = _nextAddress;
        _memory[address] = new byte[bytes];
        _nextAddress += (bytes + 4096 + 255) & ~255;
        return address;
    }

    protected virtual void Release(nint address) => _memory.Remove(address);

    /// <summary>Bytes of an allocation; fails the test where the range is not inside of one.</summary>
    protected virtual Span<byte> Memory(nint address, nuint bytes)
    {
        foreach ((nint start, byte[] data) in _memory)
        {
            if (address >= start && address + (nint)bytes <= start + data.Length)
            {
                return data.AsSpan((int)(address - start), (int)bytes);
            }
        }
        throw new AssertionException($"{bytes} bytes at 0x{address:X} are in no allocation");
    }

    // Does what a stream was asked for, up to a moment.
    private void CatchUp(nint stream, long until = long.MaxValue)
    {
        while (_done.GetValueOrDefault(stream) < until && _waiting.TryGetValue(stream, out Queue<Action>? waiting) && waiting.TryDequeue(out Action? work))
        {
            _done[stream] = _done.GetValueOrDefault(stream) + 1;
            work();
        }
    }

    /// <summary>Streams are done at once, unless they are captured, or lazy.</summary>
    private CudaError Queue(string call, nint stream, Action work)
    {
        CudaError result = Enter(call);
        IsAlive("stream", stream);
        if (result == CudaError.CUDA_SUCCESS)
        {
            if (_captured.TryGetValue(stream, out List<Action>? captured))
            {
                captured.Add(work);
            }
            else
            {
                _asked[stream] = _asked.GetValueOrDefault(stream) + 1;
                if (!_waiting.TryGetValue(stream, out Queue<Action>? waiting))
                {
                    _waiting[stream] = waiting = [];
                }
                waiting.Enqueue(work);
                if (IsLazy?.Invoke(Streams.IndexOf(stream)) != true)
                {
                    CatchUp(stream);
                }
            }
        }
        return result;
    }

    private void NotInCapture(string what) =>
        Assert.That(_captured.Count == 0 || _mode == CudaCaptureMode.Relaxed, $"{what} breaks a capture unless the thread has exempted itself");
}
