using System.Text;
using Managed.Ilgpu.Compiler.OpenCL;

namespace ILGPU.Runtime.OpenCL;

/// <summary>A built program with its one kernel.</summary>
internal sealed unsafe class CLProgram : IDisposable
{
    private const uint BuildLog = 0x1183;
    private const uint BinarySizes = 0x1165;
    private const uint Binaries = 0x1166;

    private IntPtr program;

    private CLProgram(IntPtr program, IntPtr kernel, string name, OpenCLSignature signature)
    {
        this.program = program;
        Kernel = kernel;
        Name = name;
        Signature = signature;
    }

    public IntPtr Kernel { get; private set; }

    public string Name { get; }

    public OpenCLSignature Signature { get; }

    /// <summary>Compiles generated source.</summary>
    /// <exception cref="CLException">It does not build; the message holds the driver's log and the numbered source.</exception>
    public static CLProgram FromSource(IntPtr context, CLDeviceInfo device, string name, string entry, string source)
    {
        byte[] text = Encoding.ASCII.GetBytes(source);
        int error;
        IntPtr program;
        fixed (byte* start = text)
        {
            nuint length = (nuint)text.Length;
            program = CLLibrary.CreateProgramWithSource(context, 1, &start, &length, &error);
        }
        CLException.ThrowIfFailed(error, $"take the source of kernel {name}");
        try
        {
            int built = Build(program, device);
            if (built != 0)
            {
                throw new CLException((CLError)built, $"The OpenCL driver of {device.Name} could not build kernel {name}: "
                    + $"{CLException.Explain((CLError)built)}\n{Log(program, device)}\n{Numbered(source)}");
            }
            return new CLProgram(program, CreateKernel(program, entry), entry, OpenCLSignature.Parse(source));
        }
        catch
        {
            CLLibrary.ReleaseProgram(program);
            throw;
        }
    }

    /// <summary>Takes a program that was built before; null if the driver does not want it (another version, a damaged file).</summary>
    public static CLProgram? TryFromBinary(IntPtr context, CLDeviceInfo device, string name, ReadOnlySpan<byte> binary, OpenCLSignature signature)
    {
        if (binary.IsEmpty)
        {
            return null;
        }
        int error, status;
        IntPtr program, handle = device.Device;
        fixed (byte* start = binary)
        {
            nuint length = (nuint)binary.Length;
            program = CLLibrary.CreateProgramWithBinary(context, 1, &handle, &length, &start, &status, &error);
        }
        if (error != 0 || program == IntPtr.Zero)
        {
            return null;
        }
        IntPtr kernel = IntPtr.Zero;
        if (status == 0 && Build(program, device) == 0)
        {
            fixed (byte* start = Encoding.ASCII.GetBytes(name + "\0"))
            {
                kernel = CLLibrary.CreateKernel(program, start, &error);
            }
        }
        if (kernel == IntPtr.Zero || error != 0)
        {
            CLLibrary.ReleaseProgram(program);
            return null;
        }
        return new CLProgram(program, kernel, name, signature);
    }

    /// <summary>The driver's form of the program; empty where it gives none.</summary>
    public byte[] GetBinary()
    {
        nuint size = 0;
        if (CLLibrary.GetProgramInfo(program, BinarySizes, (nuint)sizeof(nuint), &size, null) != 0 || size == 0 || size > int.MaxValue)
        {
            return [];
        }
        byte[] binary = new byte[(int)size];
        fixed (byte* start = binary)
        {
            byte* pointer = start;
            return CLLibrary.GetProgramInfo(program, Binaries, (nuint)sizeof(byte*), &pointer, null) == 0 ? binary : [];
        }
    }

    public void Dispose()
    {
        if (program != IntPtr.Zero)
        {
            CLLibrary.ReleaseKernel(Kernel);
            CLLibrary.ReleaseProgram(program);
            program = Kernel = IntPtr.Zero;
        }
    }

    private static int Build(IntPtr program, CLDeviceInfo device)
    {
        IntPtr handle = device.Device;
        fixed (byte* options = Encoding.ASCII.GetBytes(device.BuildOptions + "\0"))
        {
            return CLLibrary.BuildProgram(program, 1, &handle, options, IntPtr.Zero, IntPtr.Zero);
        }
    }

    private static IntPtr CreateKernel(IntPtr program, string name)
    {
        int error;
        IntPtr kernel;
        fixed (byte* start = Encoding.ASCII.GetBytes(name + "\0"))
        {
            kernel = CLLibrary.CreateKernel(program, start, &error);
        }
        CLException.ThrowIfFailed(error, $"find kernel {name} in its program");
        return kernel;
    }

    private static string Log(IntPtr program, CLDeviceInfo device)
    {
        nuint size = 0;
        if (CLLibrary.GetProgramBuildInfo(program, device.Device, BuildLog, 0, null, &size) != 0)
        {
            return "(the driver gives no log)";
        }
        byte[] bytes = new byte[(int)size + 1];
        fixed (byte* start = bytes)
        {
            return CLLibrary.GetProgramBuildInfo(program, device.Device, BuildLog, size, start, null) == 0
                ? Encoding.UTF8.GetString(bytes).TrimEnd('\0', '\n')
                : "(the driver gives no log)";
        }
    }

    private static string Numbered(string source)
    {
        StringBuilder text = new();
        int line = 1;
        foreach (string row in source.TrimEnd('\n').Split('\n'))
        {
            text.Append($"{line++,4}  ").Append(row).Append('\n');
        }
        return text.ToString();
    }
}
