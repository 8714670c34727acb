using System.Security.Cryptography;
using System.Text;
using Managed.Ilgpu.Compiler.OpenCL;

namespace ILGPU.Runtime.OpenCL;

/// <summary>
/// Built programs of one device: in memory by their source, on disk by a hash of the source, the options, the device and its driver.
/// A file carries a hash of its content, is written beside and moved into place, and is thrown away when anything about it is wrong: the
/// cache can make a start faster, never wrong.
/// </summary>
internal sealed class CLProgramCache(nint context, CLDeviceInfo device, string? folder) : IDisposable
{
    private const string Extension = ".clbin";
    private const int MostFiles = 2000;

    private static readonly byte[] Magic = "managed-opencl-1"u8.ToArray();

    private readonly Dictionary<string, CLProgram> programs = new(StringComparer.Ordinal);
    private readonly Lock gate = new();

    /// <summary>$XDG_CACHE_HOME/managed/kernels, or the platform's folder for local data.</summary>
    public static string DefaultFolder { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "managed", "kernels");

    /// <summary>Programs taken from disk since the start.</summary>
    public int LoadedFromDisk { get; private set; }

    /// <summary>The program of a source.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="entry">The kernel's name in the source.</param>
    /// <param name="source">What the emitter wrote.</param>
    public CLProgram GetOrBuild(string name, string entry, string source)
    {
        lock (gate)
        {
            if (!programs.TryGetValue(source, out CLProgram? program))
            {
                program = Load(entry, source) ?? Build(name, entry, source);
                programs.Add(source, program);
            }
            return program;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            foreach (CLProgram program in programs.Values)
            {
                program.Dispose();
            }
            programs.Clear();
        }
    }

    /// <summary>Where a source's program lies on disk; null without a folder.</summary>
    public string? PathOf(string source) => folder is null ? null : Path.Combine(folder, Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', device.PlatformTitle, device.PlatformVersionText, device.Name, device.DriverVersion, device.BuildOptions, source))))[..40] + Extension);

    private CLProgram? Load(string entry, string source)
    {
        string? path = PathOf(source);
        if (path is null || !File.Exists(path))
        {
            return null;
        }
        try
        {
            byte[] file = File.ReadAllBytes(path);
            int header = Magic.Length + SHA256.HashSizeInBytes;
            if (file.Length > header && file.AsSpan(0, Magic.Length).SequenceEqual(Magic)
                && SHA256.HashData(file.AsSpan(header)).AsSpan().SequenceEqual(file.AsSpan(Magic.Length, SHA256.HashSizeInBytes))
                && CLProgram.TryFromBinary(context, device, entry, file.AsSpan(header), OpenCLSignature.Parse(source)) is CLProgram program)
            {
                LoadedFromDisk++;
                return program;
            }
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be read is as good as an empty one.
        }
        return null;
    }

    private CLProgram Build(string name, string entry, string source)
    {
        CLProgram program = CLProgram.FromSource(context, device, name, entry, source);
        // PoCL keeps its own cache of machine code, and giving out a binary makes it compile everything a second time.
        if (PathOf(source) is string path && device.PlatformTitle != "Portable Computing Language" && program.GetBinary() is { Length: > 0 } binary)
        {
            Write(path, binary);
        }
        return program;
    }

    /// <summary>Puts a program on disk; a full or read-only disk is no error.</summary>
    internal static void Write(string path, byte[] binary)
    {
        string temporary = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}.part";
        try
        {
            DirectoryInfo directory = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(temporary, [.. Magic, .. SHA256.HashData(binary), .. binary]);
            File.Move(temporary, path, overwrite: true);
            FileInfo[] files = directory.GetFiles("*" + Extension);
            if (files.Length > MostFiles)
            {
                foreach (FileInfo old in files.OrderBy(file => file.LastWriteTimeUtc).Take(files.Length - MostFiles))
                {
                    old.Delete();
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(temporary))
            {
                File.Delete(temporary);
            }
        }
    }
}
