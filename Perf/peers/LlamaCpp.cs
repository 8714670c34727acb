using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Managed.Peers;

/// <summary>
/// llama.cpp's C interface, as far as a race needs it, from the libraries that the npm package @node-llama-cpp/linux-x64 brings.
/// That package has no command-line program.
/// </summary>
internal static unsafe partial class LlamaCpp
{
    /// <summary>Names the folder of the libraries: `…/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64`.</summary>
    public const string Variable = "MANAGED_LLAMA_CPP";

    /// <summary>The release that these bindings are for.</summary>
    public const string Version = "0.5.0";

    private const int Processor = 0; // GGML_BACKEND_DEVICE_TYPE_CPU
    private static readonly string[] s_libraries = ["libllama", "libggml", "libggml-base"];
    private static readonly Lock s_loading = new();
    private static string? s_folder;

    /// <summary>The folder of the libraries, where there is one.</summary>
    public static string? Folder => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder && Directory.Exists(folder) ? folder : null;

    /// <summary>What is loaded, in words: release, the processor's back end, its instruction sets.</summary>
    public static string Description =>
        $"llama.cpp {Text(llama_version())}, {Path.GetFileName(Mapped("libggml-cpu"))}: {Text(llama_print_system_info()).Trim()}";

    /// <summary>Loads the libraries, once, with the back end that suits this processor.</summary>
    /// <exception cref="PeerException">They are not there, or of another release.</exception>
    public static void Load()
    {
        lock (s_loading)
        {
            if (s_folder is not null)
                return;
            string folder = Folder ?? throw new PeerException(
                $"{Variable} names no folder with llama.cpp's libraries; `npm install @node-llama-cpp/linux-x64` brings them (node_modules/@node-llama-cpp/linux-x64/bins/linux-x64).");
            NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => s_libraries.Contains(name) ? NativeLibrary.Load(FileOf(folder, name)) : 0);
            s_folder = folder;
            string version = Text(llama_version());
            if (!version.StartsWith(Version, StringComparison.Ordinal))
                throw new PeerException($"{folder}: found llama.cpp {version}, expected {Version}, for which the bindings were written.");
            llama_log_set((nint)(delegate* unmanaged<int, nint, nint, void>)&Log, 0);
            ggml_backend_load_all_from_path(folder);
            if (ggml_backend_dev_by_type(Processor) == 0)
                throw new PeerException($"{folder}: no libggml-cpu-*.so runs on this processor.");
            llama_model_default_params().Check();
            llama_context_default_params().Check();
        }
    }

    /// <summary>The last lines that llama.cpp said of errors and warnings.</summary>
    public static string LastWords { get; private set; } = "";

    /// <summary>A function of the processor's back end, which is not linked but loaded.</summary>
    public static nint BackendFunction(string name) => ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(ggml_backend_dev_by_type(Processor)), name) is var found and not 0
        ? found : throw new PeerException($"{Mapped("libggml-cpu")}: there is no {name}.");

    /// <summary>A symbol of one of the libraries, by its linker's name.</summary>
    public static nint Symbol(string library, string name) => NativeLibrary.GetExport(NativeLibrary.Load(FileOf(s_folder!, library)), name);

    private static string FileOf(string folder, string library) => Directory.GetFiles(folder, library + "*.so").FirstOrDefault(file => Path.GetFileName(file)[library.Length..] is ".so" or ['.', 'v', ..])
        ?? throw new PeerException($"{folder}: found no {library}.so.");

    private static string Mapped(string part) =>
        File.ReadLines("/proc/self/maps").FirstOrDefault(line => line.Contains(part, StringComparison.Ordinal))?.Split(' ')[^1] ?? $"no {part}";

    private static string Text(nint text) => Marshal.PtrToStringUTF8(text) ?? "";

    [UnmanagedCallersOnly]
    private static void Log(int level, nint text, nint user)
    {
        const int Warning = 3, Continued = 5;
        if (level is >= Warning and < Continued)
            LastWords = (LastWords + Text(text))[^Math.Min(LastWords.Length + Text(text).Length, 500)..];
    }

    [LibraryImport("libllama")]
    internal static partial nint llama_version();

    [LibraryImport("libllama")]
    internal static partial nint llama_print_system_info();

    [LibraryImport("libllama")]
    internal static partial void llama_log_set(nint callback, nint data);

    [LibraryImport("libggml", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void ggml_backend_load_all_from_path(string folder);

    [LibraryImport("libggml")]
    internal static partial nint ggml_backend_dev_by_type(int type);

    [LibraryImport("libggml-base")]
    internal static partial nint ggml_backend_dev_backend_reg(nint device);

    [LibraryImport("libggml-base", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint ggml_backend_reg_get_proc_address(nint registry, string name);

    [LibraryImport("libggml-base")]
    internal static partial LlamaThreadParameters ggml_threadpool_params_default(int threads);

    [LibraryImport("libllama")]
    internal static partial LlamaModelParameters llama_model_default_params();

    [LibraryImport("libllama")]
    internal static partial LlamaContextParameters llama_context_default_params();

    [LibraryImport("libllama", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint llama_model_load_from_file(string path, LlamaModelParameters parameters);

    [LibraryImport("libllama")]
    internal static partial void llama_model_free(nint model);

    [LibraryImport("libllama")]
    internal static partial nint llama_init_from_model(nint model, LlamaContextParameters parameters);

    [LibraryImport("libllama")]
    internal static partial void llama_free(nint context);

    [LibraryImport("libllama")]
    internal static partial void llama_attach_threadpool(nint context, nint threads, nint batchThreads);

    [LibraryImport("libllama")]
    internal static partial nint llama_model_get_vocab(nint model);

    [LibraryImport("libllama")]
    internal static partial int llama_vocab_n_tokens(nint vocabulary);

    [LibraryImport("libllama")]
    internal static partial int llama_model_n_layer(nint model);

    [LibraryImport("libllama")]
    internal static partial int llama_model_n_embd(nint model);

    [LibraryImport("libllama")]
    internal static partial nint llama_get_memory(nint context);

    [LibraryImport("libllama")]
    internal static partial void llama_memory_clear(nint memory, [MarshalAs(UnmanagedType.U1)] bool data);

    [LibraryImport("libllama")]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_memory_seq_rm(nint memory, int sequence, int first, int end);

    [LibraryImport("libllama")]
    internal static partial void llama_memory_seq_cp(nint memory, int from, int to, int first, int end);

    [LibraryImport("libllama")]
    internal static partial LlamaBatch llama_batch_init(int tokens, int width, int sequences);

    [LibraryImport("libllama")]
    internal static partial void llama_batch_free(LlamaBatch batch);

    [LibraryImport("libllama")]
    internal static partial int llama_decode(nint context, LlamaBatch batch);

    [LibraryImport("libllama")]
    internal static partial void llama_synchronize(nint context);

    [LibraryImport("libllama")]
    internal static partial float* llama_get_logits_ith(nint context, int index);

    [LibraryImport("libllama")]
    internal static partial int llama_set_adapter_cvec(nint context, float* data, nuint length, int width, int first, int last);
}
