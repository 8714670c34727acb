namespace ILGPU.Runtime.Cuda;

// The calls themselves: results go through pointers.
internal sealed unsafe partial class NativeCudaDriver
{
    public override CudaError Init() => _init(0);

    public override CudaError DriverGetVersion(out int version)
    {
        fixed (int* p0 = &version)
        {
            return _driverGetVersion(p0);
        }
    }

    public override CudaError DeviceGetCount(out int count)
    {
        fixed (int* p0 = &count)
        {
            return _deviceGetCount(p0);
        }
    }

    public override CudaError DeviceGet(out int device, int ordinal)
    {
        fixed (int* p0 = &device)
        {
            return _deviceGet(p0, ordinal);
        }
    }

    public override CudaError DeviceGetName(byte* name, int length, int device) => _deviceGetName(name, length, device);

    public override CudaError DeviceGetAttribute(out int value, CudaDeviceAttribute attribute, int device)
    {
        fixed (int* p0 = &value)
        {
            return _deviceGetAttribute(p0, attribute, device);
        }
    }

    public override CudaError DeviceTotalMem(out nuint bytes, int device)
    {
        fixed (nuint* p0 = &bytes)
        {
            return _deviceTotalMem(p0, device);
        }
    }

    public override CudaError PrimaryCtxRetain(out nint context, int device)
    {
        fixed (nint* p0 = &context)
        {
            return _primaryCtxRetain(p0, device);
        }
    }

    public override CudaError PrimaryCtxRelease(int device) => _primaryCtxRelease(device);

    public override CudaError CtxSetCurrent(nint context) => _ctxSetCurrent(context);

    public override CudaError CtxSynchronize() => _ctxSynchronize();

    public override CudaError ModuleLoadDataEx(out nint module, byte* image, uint optionCount, int* options, nint* values)
    {
        fixed (nint* p0 = &module)
        {
            return _moduleLoadDataEx(p0, image, optionCount, options, values);
        }
    }

    public override CudaError ModuleUnload(nint module) => _moduleUnload(module);

    public override CudaError ModuleGetFunction(out nint function, nint module, byte* name)
    {
        fixed (nint* p0 = &function)
        {
            return _moduleGetFunction(p0, module, name);
        }
    }

    public override CudaError FuncGetAttribute(out int value, CudaFunctionAttribute attribute, nint function)
    {
        fixed (int* p0 = &value)
        {
            return _funcGetAttribute(p0, attribute, function);
        }
    }

    public override CudaError FuncSetAttribute(nint function, CudaFunctionAttribute attribute, int value) =>
        _funcSetAttribute(function, attribute, value);

    public override CudaError OccupancyMaxActiveBlocks(out int blocks, nint function, int groupSize, nuint dynamicShared)
    {
        fixed (int* p0 = &blocks)
        {
            return _occupancyMaxActiveBlocks(p0, function, groupSize, dynamicShared);
        }
    }

    public override CudaError OccupancyMaxPotentialBlockSize(out int minGridSize, out int groupSize, nint function, nuint dynamicShared, int limit)
    {
        fixed (int* a0 = &minGridSize)
        fixed (int* a1 = &groupSize)
        {
            return _occupancyMaxPotentialBlockSize(a0, a1, function, 0, dynamicShared, limit);
        }
    }

    public override CudaError LaunchKernel(nint function, in CudaLaunchShape shape, nint stream, void** parameters) => shape.Overlaps && _launchKernelEx != null
        ? LaunchOverlapping(function, shape, stream, parameters)
        : _launchKernel(function, shape.GridX, shape.GridY, shape.GridZ, shape.GroupX, shape.GroupY, shape.GroupZ, shape.DynamicSharedBytes, stream, parameters, null);

    // CUlaunchConfig with one CUlaunchAttribute: programmatic stream serialization.
    private CudaError LaunchOverlapping(nint function, in CudaLaunchShape shape, nint stream, void** parameters)
    {
        const uint ProgrammaticStreamSerialization = 6;
        uint* attribute = stackalloc uint[18]; // identifier, padding, 64 bytes of value
        new Span<uint>(attribute, 18).Clear();
        (attribute[0], attribute[2]) = (ProgrammaticStreamSerialization, 1);
        LaunchConfig config = new()
        {
            GridX = shape.GridX,
            GridY = shape.GridY,
            GridZ = shape.GridZ,
            GroupX = shape.GroupX,
            GroupY = shape.GroupY,
            GroupZ = shape.GroupZ,
            DynamicSharedBytes = shape.DynamicSharedBytes,
            Stream = stream,
            Attributes = (nint)attribute,
            AttributeCount = 1,
        };
        return _launchKernelEx(&config, function, parameters, null);
    }

    private struct LaunchConfig
    {
        public uint GridX, GridY, GridZ, GroupX, GroupY, GroupZ, DynamicSharedBytes;
        public nint Stream, Attributes;
        public uint AttributeCount;
    }

    public override CudaError LaunchCooperativeKernel(nint function, in CudaLaunchShape shape, nint stream, void** parameters) =>
        _launchCooperativeKernel(function, shape.GridX, shape.GridY, shape.GridZ, shape.GroupX, shape.GroupY, shape.GroupZ, shape.DynamicSharedBytes, stream, parameters);

    public override CudaError MemAlloc(out nint address, nuint bytes)
    {
        fixed (nint* p0 = &address)
        {
            return _memAlloc(p0, bytes);
        }
    }

    public override CudaError MemFree(nint address) => _memFree(address);

    public override CudaError MemGetInfo(out nuint free, out nuint total)
    {
        fixed (nuint* p0 = &free)
        fixed (nuint* p1 = &total)
        {
            return _memGetInfo(p0, p1);
        }
    }

    public override CudaError MemHostAlloc(out nint address, nuint bytes, uint flags)
    {
        fixed (nint* p0 = &address)
        {
            return _memHostAlloc(p0, bytes, flags);
        }
    }

    public override CudaError MemFreeHost(nint address) => _memFreeHost(address);

    public override CudaError MemHostRegister(nint address, nuint bytes, uint flags) => _memHostRegister(address, bytes, flags);

    public override CudaError MemHostUnregister(nint address) => _memHostUnregister(address);

    public override CudaError MemcpyHtoDAsync(nint target, nint source, nuint bytes, nint stream) =>
        _memcpyHtoDAsync(target, source, bytes, stream);

    public override CudaError MemcpyDtoHAsync(nint target, nint source, nuint bytes, nint stream) =>
        _memcpyDtoHAsync(target, source, bytes, stream);

    public override CudaError MemcpyDtoDAsync(nint target, nint source, nuint bytes, nint stream) =>
        _memcpyDtoDAsync(target, source, bytes, stream);

    public override CudaError MemsetD8Async(nint target, byte value, nuint bytes, nint stream) =>
        _memsetD8Async(target, value, bytes, stream);

    public override CudaError StreamCreate(out nint stream, uint flags)
    {
        fixed (nint* p0 = &stream)
        {
            return _streamCreate(p0, flags);
        }
    }

    public override CudaError StreamDestroy(nint stream) => _streamDestroy(stream);

    public override CudaError StreamSynchronize(nint stream) => _streamSynchronize(stream);

    public override CudaError StreamWaitEvent(nint stream, nint marker, uint flags) => _streamWaitEvent(stream, marker, flags);

    public override CudaError EventCreate(out nint marker, uint flags)
    {
        fixed (nint* p0 = &marker)
        {
            return _eventCreate(p0, flags);
        }
    }

    public override CudaError EventDestroy(nint marker) => _eventDestroy(marker);

    public override CudaError EventRecord(nint marker, nint stream) => _eventRecord(marker, stream);

    public override CudaError EventSynchronize(nint marker) => _eventSynchronize(marker);

    public override CudaError EventElapsedTime(out float milliseconds, nint start, nint end)
    {
        fixed (float* p0 = &milliseconds)
        {
            return _eventElapsedTime(p0, start, end);
        }
    }

    public override CudaError StreamBeginCapture(nint stream, CudaCaptureMode mode) => _streamBeginCapture(stream, mode);

    public override CudaError StreamEndCapture(nint stream, out nint graph)
    {
        fixed (nint* p0 = &graph)
        {
            return _streamEndCapture(stream, p0);
        }
    }

    public override CudaError ThreadExchangeStreamCaptureMode(ref CudaCaptureMode mode)
    {
        fixed (CudaCaptureMode* p0 = &mode)
        {
            return _threadExchangeStreamCaptureMode(p0);
        }
    }

    public override CudaError GraphInstantiate(out nint executable, nint graph, ulong flags)
    {
        fixed (nint* p0 = &executable)
        {
            return _graphInstantiate(p0, graph, flags);
        }
    }

    public override CudaError GraphUpload(nint executable, nint stream) => _graphUpload(executable, stream);

    public override CudaError GraphLaunch(nint executable, nint stream) => _graphLaunch(executable, stream);

    public override CudaError GraphExecDestroy(nint executable) => _graphExecDestroy(executable);

    public override CudaError GraphDestroy(nint graph) => _graphDestroy(graph);

    public override CudaError TensorMapEncodeTiled(ulong* map, int type, uint rank, nint address, ulong* extents, ulong* strides, uint* box, uint* steps,
        int interleave, int swizzle, int promotion, int fill) => _tensorMapEncodeTiled is null
            ? CudaError.CUDA_ERROR_NOT_SUPPORTED
            : _tensorMapEncodeTiled(map, type, rank, address, extents, strides, box, steps, interleave, swizzle, promotion, fill);
}
