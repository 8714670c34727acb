using System.Runtime.InteropServices;

namespace ILGPU.Runtime.Cuda;

/// <summary>The installed driver: its library's exports by their exact, versioned names. Missing ones make it too old.</summary>
internal sealed unsafe partial class NativeCudaDriver : CudaDriver
{
    private readonly delegate* unmanaged<uint, CudaError> _init;
    private readonly delegate* unmanaged<int*, CudaError> _driverGetVersion;
    private readonly delegate* unmanaged<int*, CudaError> _deviceGetCount;
    private readonly delegate* unmanaged<int*, int, CudaError> _deviceGet;
    private readonly delegate* unmanaged<byte*, int, int, CudaError> _deviceGetName;
    private readonly delegate* unmanaged<int*, CudaDeviceAttribute, int, CudaError> _deviceGetAttribute;
    private readonly delegate* unmanaged<nuint*, int, CudaError> _deviceTotalMem;
    private readonly delegate* unmanaged<nint*, int, CudaError> _primaryCtxRetain;
    private readonly delegate* unmanaged<int, CudaError> _primaryCtxRelease;
    private readonly delegate* unmanaged<nint, CudaError> _ctxSetCurrent;
    private readonly delegate* unmanaged<CudaError> _ctxSynchronize;
    private readonly delegate* unmanaged<nint*, byte*, uint, int*, nint*, CudaError> _moduleLoadDataEx;
    private readonly delegate* unmanaged<nint, CudaError> _moduleUnload;
    private readonly delegate* unmanaged<nint*, nint, byte*, CudaError> _moduleGetFunction;
    private readonly delegate* unmanaged<int*, CudaFunctionAttribute, nint, CudaError> _funcGetAttribute;
    private readonly delegate* unmanaged<nint, CudaFunctionAttribute, int, CudaError> _funcSetAttribute;
    private readonly delegate* unmanaged<int*, nint, int, nuint, CudaError> _occupancyMaxActiveBlocks;
    private readonly delegate* unmanaged<int*, int*, nint, nint, nuint, int, CudaError> _occupancyMaxPotentialBlockSize;
    private readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaError> _launchKernel;
    private readonly delegate* unmanaged<LaunchConfig*, nint, void**, void**, CudaError> _launchKernelEx; // null before CUDA 11.8
    private readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, CudaError> _launchCooperativeKernel;
    private readonly delegate* unmanaged<nint*, nuint, CudaError> _memAlloc;
    private readonly delegate* unmanaged<nint, CudaError> _memFree;
    private readonly delegate* unmanaged<nuint*, nuint*, CudaError> _memGetInfo;
    private readonly delegate* unmanaged<nint*, nuint, uint, CudaError> _memHostAlloc;
    private readonly delegate* unmanaged<nint, CudaError> _memFreeHost;
    private readonly delegate* unmanaged<nint, nuint, uint, CudaError> _memHostRegister;
    private readonly delegate* unmanaged<nint, CudaError> _memHostUnregister;
    private readonly delegate* unmanaged<nint, nint, nuint, nint, CudaError> _memcpyHtoDAsync;
    private readonly delegate* unmanaged<nint, nint, nuint, nint, CudaError> _memcpyDtoHAsync;
    private readonly delegate* unmanaged<nint, nint, nuint, nint, CudaError> _memcpyDtoDAsync;
    private readonly delegate* unmanaged<nint, byte, nuint, nint, CudaError> _memsetD8Async;
    private readonly delegate* unmanaged<nint*, uint, CudaError> _streamCreate;
    private readonly delegate* unmanaged<nint, CudaError> _streamDestroy;
    private readonly delegate* unmanaged<nint, CudaError> _streamSynchronize;
    private readonly delegate* unmanaged<nint, nint, uint, CudaError> _streamWaitEvent;
    private readonly delegate* unmanaged<nint*, uint, CudaError> _eventCreate;
    private readonly delegate* unmanaged<nint, CudaError> _eventDestroy;
    private readonly delegate* unmanaged<nint, nint, CudaError> _eventRecord;
    private readonly delegate* unmanaged<nint, CudaError> _eventSynchronize;
    private readonly delegate* unmanaged<float*, nint, nint, CudaError> _eventElapsedTime;
    private readonly delegate* unmanaged<nint, CudaCaptureMode, CudaError> _streamBeginCapture;
    private readonly delegate* unmanaged<nint, nint*, CudaError> _streamEndCapture;
    private readonly delegate* unmanaged<CudaCaptureMode*, CudaError> _threadExchangeStreamCaptureMode;
    private readonly delegate* unmanaged<nint*, nint, ulong, CudaError> _graphInstantiate;
    private readonly delegate* unmanaged<nint, nint, CudaError> _graphUpload;
    private readonly delegate* unmanaged<nint, nint, CudaError> _graphLaunch;
    private readonly delegate* unmanaged<nint, CudaError> _graphExecDestroy;
    private readonly delegate* unmanaged<nint, CudaError> _graphDestroy;
    private readonly delegate* unmanaged<ulong*, int, uint, nint, ulong*, ulong*, uint*, uint*, int, int, int, int, CudaError> _tensorMapEncodeTiled; // null: before 12.0
    private readonly delegate* unmanaged<CudaError, byte**, CudaError> _getErrorName, _getErrorString;

    private NativeCudaDriver(nint library)
    {
        _init = (delegate* unmanaged<uint, CudaError>)NativeLibrary.GetExport(library, "cuInit");
        _driverGetVersion = (delegate* unmanaged<int*, CudaError>)NativeLibrary.GetExport(library, "cuDriverGetVersion");
        _deviceGetCount = (delegate* unmanaged<int*, CudaError>)NativeLibrary.GetExport(library, "cuDeviceGetCount");
        _deviceGet = (delegate* unmanaged<int*, int, CudaError>)NativeLibrary.GetExport(library, "cuDeviceGet");
        _deviceGetName = (delegate* unmanaged<byte*, int, int, CudaError>)NativeLibrary.GetExport(library, "cuDeviceGetName");
        _deviceGetAttribute = (delegate* unmanaged<int*, CudaDeviceAttribute, int, CudaError>)NativeLibrary.GetExport(library, "cuDeviceGetAttribute");
        _deviceTotalMem = (delegate* unmanaged<nuint*, int, CudaError>)NativeLibrary.GetExport(library, "cuDeviceTotalMem_v2");
        _primaryCtxRetain = (delegate* unmanaged<nint*, int, CudaError>)NativeLibrary.GetExport(library, "cuDevicePrimaryCtxRetain");
        _primaryCtxRelease = (delegate* unmanaged<int, CudaError>)NativeLibrary.GetExport(library, "cuDevicePrimaryCtxRelease_v2");
        _ctxSetCurrent = (delegate* unmanaged<nint, CudaError>)NativeLibrary.GetExport(library, "cuCtxSetCurrent");
        _ctxSynchronize = (delegate* unmanaged<CudaError>)NativeLibrary.GetExport(library, "cuCtxSynchronize");
        _moduleLoadDataEx = (delegate* unmanaged<nint*, byte*, uint, int*, nint*, CudaError>)NativeLibrary.GetExport(library, "cuModuleLoadDataEx");
        _moduleUnload = (delegate* unmanaged<nint, CudaError>)NativeLibrary.GetExport(library, "cuModuleUnload");
        _moduleGetFunction = (delegate* unmanaged<nint*, nint, byte*, CudaError>)NativeLibrary.GetExport(library, "cuModuleGetFunction");
        _funcGetAttribute = (delegate* unmanaged<int*, CudaFunctionAttribute, nint, CudaError>)NativeLibrary.GetExport(library, "cuFuncGetAttribute");
        _funcSetAttribute = (delegate* unmanaged<nint, CudaFunctionAttribute, int, CudaError>)NativeLibrary.GetExport(library, "cuFuncSetAttribute");
        _occupancyMaxActiveBlocks = (delegate* unmanaged<int*, nint, int, nuint, CudaError>)NativeLibrary.GetExport(library, "cuOccupancyMaxActiveBlocksPerMultiprocessor");
        _occupancyMaxPotentialBlockSize = (delegate* unmanaged<int*, int*, nint, nint, nuint, int, CudaError>)NativeLibrary.GetExport(library, "cuOccupancyMaxPotentialBlockSize");
        _launchKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaError>)NativeLibrary.GetExport(library, "cuLaunchKernel");
        if (NativeLibrary.TryGetExport(library, "cuLaunchKernelEx", out nint launchKernelEx))
        {
            _launchKernelEx = (delegate* unmanaged<LaunchConfig*, nint, void**, void**, CudaError>)launchKernelEx;
        }
        _launchCooperativeKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, CudaError>)NativeLibrary.GetExport(library, "cuLaunchCooperativeKernel");
        _memAlloc = (delegate* unmanaged<nint*, nuint, CudaError>)NativeLibrary.GetExport(library, "cuMemAlloc_v2");
        _memFree = (delegate* unmanaged<nint, CudaError>)NativeLibrary.GetExport(library, "cuMemFree_v2");
        _memGetInfo = (delegate* unmanaged<nuint*, nuint*, CudaError>)NativeLibrary.GetExport(library, "cuMemGetInfo_v2");
        _memHostAlloc = (delegate* unmanaged<nint*, nuint, uint, CudaError>)NativeLibrary.GetExport(library, "cuMemHostAlloc");
        _memFreeHost = (delegate* unmanaged<nint, CudaError>)NativeLibrary.GetExport(library, "cuMemFreeHost");
        _memHostRegister = (delegate* unmanaged<nint, nuint, uint, CudaError>)NativeLibrary.GetExport(library, "cuMemHostRegister_v2");
        _memHostUnregister = (delegate* unmanaged<nint, CudaError>)NativeLibrary.GetExport(library, "cuMemHostUnregister");
        _memcpyHtoDAsync = (delegate* unmanaged<nint, nint, nuint, nint, CudaError>)NativeLibrary.GetExport(library, "cuMemcpyHtoDAsync_v2");
        _memcpyDtoHAsync = (delegate* unmanaged<nint, nint, nuint, nint, CudaError>)NativeLibrary.GetExport(library, "cuMemcpyDtoHAsync_v2");
        _memcpyDtoDAsync = (delegate* unmanaged<nint, nint, nuint, nint, CudaError>)NativeLibrary.GetExport(library, "cuMemcpyDtoDAsync_v2");
        _memsetD8Async = (delegate* unmanaged<nint, byte, nuint, nint, CudaError>)NativeLibrary.GetExport(library, "cuMemsetD8Async");
        _streamCreate = (delegate* unmanaged<nint*, uint, CudaError>)NativeLibrary.GetExport(library, "cuStreamCreate");
        _streamDestroy = (delegate* unmanaged<nint, CudaError>)NativeLibrary.GetExport(library, "cuStreamDestroy_v2");
        _streamSynchronize = (delegate* unmanaged<nint, CudaError>)NativeLibrary.GetExport(library, "cuStreamSynchronize");
        _streamWaitEvent = (delegate* unmanaged<nint, nint, uint, CudaError>)NativeLibrary.GetExport(library, "cuStreamWaitEvent");
        _eventCreate = (delegate* unmanaged<nint*, uint, CudaError>)NativeLibrary.GetExport(library, "cuEventCreate");
        _eventDestroy = (delegate* unmanaged<nint, CudaError>)NativeLibrary.GetExport(library, "cuEventDestroy_v2");
        _eventRecord = (delegate* unmanaged<nint, nint, CudaError>)NativeLibrary.GetExport(library, "cuEventRecord");
        _eventSynchronize = (delegate* unmanaged<nint, CudaError>)NativeLibrary.GetExport(library, "cuEventSynchronize");
        _eventElapsedTime = (delegate* unmanaged<float*, nint, nint, CudaError>)NativeLibrary.GetExport(library, "cuEventElapsedTime");
        _streamBeginCapture = (delegate* unmanaged<nint, CudaCaptureMode, CudaError>)NativeLibrary.GetExport(library, "cuStreamBeginCapture_v2");
        _streamEndCapture = (delegate* unmanaged<nint, nint*, CudaError>)NativeLibrary.GetExport(library, "cuStreamEndCapture");
        _threadExchangeStreamCaptureMode = (delegate* unmanaged<CudaCaptureMode*, CudaError>)NativeLibrary.GetExport(library, "cuThreadExchangeStreamCaptureMode");
        _graphInstantiate = (delegate* unmanaged<nint*, nint, ulong, CudaError>)NativeLibrary.GetExport(library, "cuGraphInstantiateWithFlags");
        _graphUpload = (delegate* unmanaged<nint, nint, CudaError>)NativeLibrary.GetExport(library, "cuGraphUpload");
        _graphLaunch = (delegate* unmanaged<nint, nint, CudaError>)NativeLibrary.GetExport(library, "cuGraphLaunch");
        _graphExecDestroy = (delegate* unmanaged<nint, CudaError>)NativeLibrary.GetExport(library, "cuGraphExecDestroy");
        _graphDestroy = (delegate* unmanaged<nint, CudaError>)NativeLibrary.GetExport(library, "cuGraphDestroy");
        _tensorMapEncodeTiled = (delegate* unmanaged<ulong*, int, uint, nint, ulong*, ulong*, uint*, uint*, int, int, int, int, CudaError>)
            (NativeLibrary.TryGetExport(library, "cuTensorMapEncodeTiled", out nint encode) ? encode : 0);
        _getErrorName = (delegate* unmanaged<CudaError, byte**, CudaError>)NativeLibrary.GetExport(library, "cuGetErrorName");
        _getErrorString = (delegate* unmanaged<CudaError, byte**, CudaError>)NativeLibrary.GetExport(library, "cuGetErrorString");
    }

    /// <summary>The names under which the driver's library is installed.</summary>
    private static string LibraryName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>Loads and initialises the driver; where that fails, says why.</summary>
    public static (CudaDriver? Driver, string Reason) TryLoad()
    {
        if (!NativeLibrary.TryLoad(LibraryName, out nint library))
        {
            return (null, $"{LibraryName} is not installed");
        }
        try
        {
            NativeCudaDriver driver = new(library);
            CudaError error = driver.Init();
            return error == CudaError.CUDA_SUCCESS ? (driver, "") : (null, $"the CUDA driver does not start: {driver.Describe(error)}");
        }
        catch (EntryPointNotFoundException missing)
        {
            return (null, $"the CUDA driver is too old, 11.4 is the least: {missing.Message}");
        }
    }

    public override string Describe(CudaError error)
    {
        byte* name, text;
        return _getErrorName(error, &name) == CudaError.CUDA_SUCCESS && _getErrorString(error, &text) == CudaError.CUDA_SUCCESS
            ? $"{Marshal.PtrToStringUTF8((nint)name)} ({(int)error}): {Marshal.PtrToStringUTF8((nint)text)}"
            : $"error {(int)error}";
    }
}
