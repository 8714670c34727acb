namespace ILGPU.Runtime.OpenCL;

/// <summary>Result codes of OpenCL 1.2 that a user may meet, with the standard's values.</summary>
public enum CLError
{
    /// <summary>No error.</summary>
    CL_SUCCESS = 0,
    /// <summary>No device of the kind asked for.</summary>
    CL_DEVICE_NOT_FOUND = -1,
    /// <summary>The device is there but busy or gone.</summary>
    CL_DEVICE_NOT_AVAILABLE = -2,
    /// <summary>The driver has no compiler.</summary>
    CL_COMPILER_NOT_AVAILABLE = -3,
    /// <summary>A buffer does not fit in the device's memory.</summary>
    CL_MEM_OBJECT_ALLOCATION_FAILURE = -4,
    /// <summary>Registers, local memory or other resources do not suffice.</summary>
    CL_OUT_OF_RESOURCES = -5,
    /// <summary>The driver found no host memory.</summary>
    CL_OUT_OF_HOST_MEMORY = -6,
    /// <summary>The queue was made without profiling.</summary>
    CL_PROFILING_INFO_NOT_AVAILABLE = -7,
    /// <summary>Source and target of a copy overlap.</summary>
    CL_MEM_COPY_OVERLAP = -8,
    /// <summary>The program did not compile.</summary>
    CL_BUILD_PROGRAM_FAILURE = -11,
    /// <summary>A sub-buffer's offset is not aligned.</summary>
    CL_MISALIGNED_SUB_BUFFER_OFFSET = -13,
    /// <summary>A command that was waited for failed.</summary>
    CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST = -14,
    /// <summary>An argument is out of range.</summary>
    CL_INVALID_VALUE = -30,
    /// <summary>The platform handle is wrong.</summary>
    CL_INVALID_PLATFORM = -32,
    /// <summary>The device handle is wrong.</summary>
    CL_INVALID_DEVICE = -33,
    /// <summary>The context handle is wrong.</summary>
    CL_INVALID_CONTEXT = -34,
    /// <summary>The queue handle is wrong.</summary>
    CL_INVALID_COMMAND_QUEUE = -36,
    /// <summary>The buffer handle is wrong.</summary>
    CL_INVALID_MEM_OBJECT = -38,
    /// <summary>The binary is not for this device.</summary>
    CL_INVALID_BINARY = -42,
    /// <summary>The compiler does not know an option.</summary>
    CL_INVALID_BUILD_OPTIONS = -43,
    /// <summary>The program handle is wrong.</summary>
    CL_INVALID_PROGRAM = -44,
    /// <summary>The program is not built.</summary>
    CL_INVALID_PROGRAM_EXECUTABLE = -45,
    /// <summary>The program has no kernel of that name.</summary>
    CL_INVALID_KERNEL_NAME = -46,
    /// <summary>The kernel handle is wrong.</summary>
    CL_INVALID_KERNEL = -48,
    /// <summary>There is no argument at that position.</summary>
    CL_INVALID_ARG_INDEX = -49,
    /// <summary>An argument's value is not allowed.</summary>
    CL_INVALID_ARG_VALUE = -50,
    /// <summary>An argument has another size.</summary>
    CL_INVALID_ARG_SIZE = -51,
    /// <summary>Not all arguments were set.</summary>
    CL_INVALID_KERNEL_ARGS = -52,
    /// <summary>More dimensions than the device has.</summary>
    CL_INVALID_WORK_DIMENSION = -53,
    /// <summary>More threads in a group than the device or the kernel allows.</summary>
    CL_INVALID_WORK_GROUP_SIZE = -54,
    /// <summary>More threads in one dimension of a group than the device allows.</summary>
    CL_INVALID_WORK_ITEM_SIZE = -55,
    /// <summary>The event handle is wrong.</summary>
    CL_INVALID_EVENT = -58,
    /// <summary>Not possible with this combination of objects.</summary>
    CL_INVALID_OPERATION = -59,
    /// <summary>The size of a buffer is 0 or above the device's limit.</summary>
    CL_INVALID_BUFFER_SIZE = -61,
    /// <summary>The grid is empty or too large.</summary>
    CL_INVALID_GLOBAL_WORK_SIZE = -63,
    /// <summary>The loader found no driver.</summary>
    CL_PLATFORM_NOT_FOUND_KHR = -1001,
}
