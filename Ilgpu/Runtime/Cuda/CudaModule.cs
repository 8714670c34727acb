using System.Text;

namespace ILGPU.Runtime.Cuda;

/// <summary>A module of one kernel, assembled by the driver.</summary>
internal sealed unsafe class CudaModule
{
    private const int LogBytes = 16 * 1024;

    /// <summary>Options of the loader: buffers are given as addresses, their sizes as values.</summary>
    private const int ErrorLogBuffer = 5, ErrorLogSize = 6;

    private readonly CudaAccelerator _accelerator;

    private CudaModule(CudaAccelerator accelerator, nint handle, nint function, string ptx)
    {
        (_accelerator, Handle, Function, Ptx) = (accelerator, handle, function, ptx);
        Registers = Read(CudaFunctionAttribute.Registers);
        LocalBytes = Read(CudaFunctionAttribute.LocalBytes);
        StaticSharedBytes = Read(CudaFunctionAttribute.StaticSharedBytes);
        MaxGroupSize = Read(CudaFunctionAttribute.MaxThreadsPerBlock);
    }

    public nint Handle { get; private set; }

    public nint Function { get; }

    public string Ptx { get; }

    public int Registers { get; }

    public int LocalBytes { get; }

    public int StaticSharedBytes { get; }

    public int MaxGroupSize { get; }

    /// <summary>Loads the text; a refusal names the kernel and has the assembler's words.</summary>
    /// <param name="accelerator">Where.</param>
    /// <param name="kernel">The kernel's name for people.</param>
    /// <param name="entry">The entry's name in the text.</param>
    /// <param name="ptx">The text.</param>
    public static CudaModule Load(CudaAccelerator accelerator, string kernel, string entry, string ptx)
    {
        accelerator.Bind();
        byte[] image = Encoding.ASCII.GetBytes(ptx + '\0'), name = Encoding.ASCII.GetBytes(entry + '\0'), log = new byte[LogBytes];
        nint handle, function;
        fixed (byte* imageBytes = image, nameBytes = name, logBytes = log)
        {
            int* options = stackalloc int[] { ErrorLogBuffer, ErrorLogSize };
            nint* values = stackalloc nint[] { (nint)logBytes, LogBytes };
            CudaError error = accelerator.Driver.ModuleLoadDataEx(out handle, imageBytes, 2, options, values);
            if (error != CudaError.CUDA_SUCCESS)
            {
                int length = Array.IndexOf(log, (byte)0);
                string words = Encoding.UTF8.GetString(log, 0, length < 0 ? LogBytes : length).Trim();
                throw new CudaException(error,
                    $"Kernel {kernel} was refused by the driver of {accelerator.Name}: {accelerator.Driver.Describe(error)}{(words.Length > 0 ? $"\n{words}" : "")}");
            }
            accelerator.Check(accelerator.Driver.ModuleGetFunction(out function, handle, nameBytes), "cuModuleGetFunction", $"kernel {kernel} ({entry})");
        }
        return new CudaModule(accelerator, handle, function, ptx);
    }

    public void Unload()
    {
        if (_accelerator.TryBind())
        {
            _accelerator.Check(_accelerator.Driver.ModuleUnload(Handle), "cuModuleUnload");
        }
        Handle = 0;
    }

    private int Read(CudaFunctionAttribute attribute)
    {
        _accelerator.Check(_accelerator.Driver.FuncGetAttribute(out int value, attribute, Function), "cuFuncGetAttribute");
        return value;
    }
}
