using System.Runtime.InteropServices;

namespace Managed.Tests.Interchange;

/// <summary>
/// llama.cpp itself, through its C interface: loads a model, reads a control vector with the function behind `--control-vector`, and
/// generates greedily. Its libraries come with the npm package @node-llama-cpp/linux-x64, which has no command-line program.
/// </summary>
internal sealed unsafe class LlamaCpp : IDisposable
{
    /// <summary>Names the folder of the libraries: `…/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64`.</summary>
    public const string Variable = "MANAGED_LLAMA_CPP";

    private const int ContextParameterBytes = 512; // more than the structures have; what is behind them is not looked at
    private readonly Dictionary<string, nint> libraries = [];
    private readonly nint model;
    private readonly nint context;
    private readonly int vocabulary;

    private LlamaCpp(string folder, string modelPath)
    {
        foreach (string name in (string[])["ggml-base", "ggml", "llama", "llama-common"])
            libraries[name] = NativeLibrary.Load(Directory.GetFiles(folder, $"lib{name}*.so").Single(file => Path.GetFileName(file)[(3 + name.Length)..] is ".so" or ['.', 'v', ..]));
        var log = (delegate* unmanaged<nint, nint, void>)Function("llama", "llama_log_set");
        log((nint)(delegate* unmanaged<int, nint, nint, void>)&Ignore, 0);
        using (var path = new NativeText(folder))
            ((delegate* unmanaged<nint, void>)Function("ggml", "ggml_backend_load_all_from_path"))(path.Pointer);
        using (var path = new NativeText(modelPath))
            model = ((delegate* unmanaged<nint, Opaque, nint>)Function("llama", "llama_model_load_from_file"))(path.Pointer,
                ((delegate* unmanaged<Opaque>)Function("llama", "llama_model_default_params"))());
        Assert.That(model, Is.Not.Zero, $"llama.cpp did not load {modelPath}");
        context = ((delegate* unmanaged<nint, Opaque, nint>)Function("llama", "llama_init_from_model"))(model,
            ((delegate* unmanaged<Opaque>)Function("llama", "llama_context_default_params"))());
        Assert.That(context, Is.Not.Zero);
        ((delegate* unmanaged<nint, int, int, void>)Function("llama", "llama_set_n_threads"))(context, 1, 1); // its threads spin while they wait for each other
        nint words = ((delegate* unmanaged<nint, nint>)Function("llama", "llama_model_get_vocab"))(model);
        vocabulary = ((delegate* unmanaged<nint, int>)Function("llama", "llama_vocab_n_tokens"))(words);
    }

    /// <summary>Loads a model; where llama.cpp is absent the test is skipped and says why.</summary>
    public static LlamaCpp Require(string modelPath)
    {
        string? folder = Environment.GetEnvironmentVariable(Variable);
        if (!Directory.Exists(folder))
            Assert.Ignore($"skipped: {Variable} names no folder with llama.cpp's libraries; npm install @node-llama-cpp/linux-x64 brings them (bins/linux-x64).");
        return new LlamaCpp(folder!, modelPath);
    }

    /// <summary>Reads a file as `--control-vector-scaled` does, and applies it to every layer. False where llama.cpp refuses the file.</summary>
    public bool Apply(string path, float strength, int layers)
    {
        using var text = new NativeText(path);
        // common_control_vector_load_info {float strength; std::string fname;} in a std::vector, as libstdc++ lays them out
        var info = new LoadInfo { Strength = strength, Text = text.Pointer, Length = text.Length, Capacity = text.Length };
        var list = new NativeVector { Begin = (nint)(&info), End = (nint)(&info + 1), Capacity = (nint)(&info + 1) };
        VectorData data; // common_control_vector_data {int n_embd; std::vector<float> data;}
        var load = (delegate* unmanaged<VectorData*, NativeVector*, VectorData*>)Function("llama-common", "_Z26common_control_vector_loadRKSt6vectorI31common_control_vector_load_infoSaIS0_EE");
        load(&data, &list);
        if (data.Width <= 0)
            return false;
        var set = (delegate* unmanaged<nint, nint, nuint, int, int, int, int>)Function("llama", "llama_set_adapter_cvec");
        Assert.That(set(context, data.Data.Begin, (nuint)((data.Data.End - data.Data.Begin) / sizeof(float)), data.Width, 1, layers), Is.Zero);
        return true;
    }

    /// <summary>Greedy ids behind a prompt, and the logits of the first step.</summary>
    public (int[] Ids, float[] First) Generate(int[] prompt, int count)
    {
        var decode = (delegate* unmanaged<nint, Batch, int>)Function("llama", "llama_decode");
        var batch = (delegate* unmanaged<int*, int, Batch>)Function("llama", "llama_batch_get_one");
        var logits = (delegate* unmanaged<nint, int, float*>)Function("llama", "llama_get_logits_ith");
        int[] ids = new int[count], next = prompt;
        float[] first = [];
        for (int step = 0; step < count; step++)
        {
            fixed (int* tokens = next)
                Assert.That(decode(context, batch(tokens, next.Length)), Is.Zero);
            ReadOnlySpan<float> row = new(logits(context, -1), vocabulary);
            first = step == 0 ? row.ToArray() : first;
            ids[step] = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(row);
            next = [ids[step]];
        }
        return (ids, first);
    }

    public void Dispose()
    {
        ((delegate* unmanaged<nint, void>)Function("llama", "llama_free"))(context);
        ((delegate* unmanaged<nint, void>)Function("llama", "llama_model_free"))(model);
    }

    private nint Function(string library, string name) => NativeLibrary.GetExport(libraries[library], name);

    [UnmanagedCallersOnly]
    private static void Ignore(int level, nint text, nint user)
    {
    }

    [StructLayout(LayoutKind.Sequential, Size = ContextParameterBytes)]
    private struct Opaque
    {
        public long First;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Batch
    {
        public int Count;
        public nint Tokens, Embeddings, Positions, SequenceCounts, Sequences, Outputs;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct LoadInfo
    {
        public float Strength;
        public nint Text;
        public nint Length;
        public nint Capacity, Unused; // the union with the short text
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct NativeVector
    {
        public nint Begin, End, Capacity;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct VectorData
    {
        public int Width;
        public NativeVector Data;
    }

    private sealed class NativeText(string text) : IDisposable
    {
        public nint Pointer { get; } = Marshal.StringToCoTaskMemUTF8(text);

        public int Length { get; } = System.Text.Encoding.UTF8.GetByteCount(text);

        public void Dispose() => Marshal.FreeCoTaskMem(Pointer);
    }
}
