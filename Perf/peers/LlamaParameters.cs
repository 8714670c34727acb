using System.Runtime.InteropServices;

namespace Managed.Peers;

/// <summary>llama_model_params of llama.cpp 0.5.0, field for field.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaModelParameters
{
    public nint Devices, BufferOverrides;
    public int GpuLayers, SplitMode, LoadMode, LazyMode, MainGpu;
    public nint TensorSplit, Progress, ProgressData, KeyOverrides;
    public byte VocabularyOnly, CheckTensors, UseExtraBuffers, NoHost, NoAllocation, LoadNextTokenLayers;

    /// <summary>Refuses defaults that this version does not have: then the fields are not where they are thought to be.</summary>
    public readonly void Check() => LlamaLayout.Check("llama_model_params",
        (nameof(Devices), Devices, 0), (nameof(GpuLayers), GpuLayers, -1), (nameof(SplitMode), SplitMode, 1), (nameof(LoadMode), LoadMode, -1),
        (nameof(LazyMode), LazyMode, 1), (nameof(MainGpu), MainGpu, 0), (nameof(TensorSplit), TensorSplit, 0), (nameof(KeyOverrides), KeyOverrides, 0),
        (nameof(VocabularyOnly), VocabularyOnly, 0), (nameof(UseExtraBuffers), UseExtraBuffers, 1), (nameof(NoAllocation), NoAllocation, 0));
}

/// <summary>llama_context_params of llama.cpp 0.5.0, field for field.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaContextParameters
{
    public uint Context, Batch, MicroBatch, Sequences, RecurrentSnapshots, Outputs, OutputsPerSequence;
    public int Threads, BatchThreads;
    public int ContextType, RopeScaling, Pooling, Attention, FlashAttention;
    public float RopeBase, RopeScale, YarnExtension, YarnAttention, YarnFast, YarnSlow;
    public uint YarnContext;
    public float Defragmentation;
    public nint Evaluated, EvaluatedData;
    public int KeyType, ValueType;
    public nint Abort, AbortData;
    public byte Embeddings, OffloadAttention, NoTimings, OffloadOperations, FullWindow, UnifiedCache;
    public nint Samplers, SamplerCount, Other;

    /// <inheritdoc cref="LlamaModelParameters.Check"/>
    public readonly void Check() => LlamaLayout.Check("llama_context_params",
        (nameof(Context), Context, 512), (nameof(Batch), Batch, 2048), (nameof(MicroBatch), MicroBatch, 512), (nameof(Sequences), Sequences, 1),
        (nameof(Outputs), Outputs, 0), (nameof(OutputsPerSequence), OutputsPerSequence, 1), (nameof(Threads), Threads, 4), (nameof(BatchThreads), BatchThreads, 4),
        (nameof(RopeScaling), RopeScaling, -1), (nameof(Pooling), Pooling, -1), (nameof(Attention), Attention, -1), (nameof(FlashAttention), FlashAttention, -1),
        (nameof(RopeBase), RopeBase, 0), (nameof(YarnExtension), YarnExtension, -1), (nameof(YarnSlow), YarnSlow, -1), (nameof(Defragmentation), Defragmentation, -1),
        (nameof(KeyType), KeyType, LlamaLayout.F16), (nameof(ValueType), ValueType, LlamaLayout.F16), (nameof(Abort), Abort, 0),
        (nameof(Embeddings), Embeddings, 0), (nameof(NoTimings), NoTimings, 1), (nameof(UnifiedCache), UnifiedCache, 0), (nameof(Samplers), Samplers, 0), (nameof(SamplerCount), SamplerCount, 0));
}

/// <summary>ggml_threadpool_params.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaThreadParameters
{
    public fixed byte Processors[512];
    public int Threads, Priority, Poll;
    public byte Strict, Paused;

    /// <inheritdoc cref="LlamaModelParameters.Check"/>
    public readonly void Check(int threads) => LlamaLayout.Check("ggml_threadpool_params",
        (nameof(Threads), Threads, threads), (nameof(Priority), Priority, 0), (nameof(Poll), Poll, 50), (nameof(Strict), Strict, 0), (nameof(Paused), Paused, 0));
}

/// <summary>llama_batch.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaBatch
{
    public int Count;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceCounts;
    public int** Sequences;
    public sbyte* Outputs;
}

/// <summary>Whether the library's structures are laid out as they are here.</summary>
internal static class LlamaLayout
{
    /// <summary>ggml's number of 16-bit floats.</summary>
    public const int F16 = 1;

    public static void Check(string structure, params ReadOnlySpan<(string Field, double Found, double Expected)> fields)
    {
        foreach (var (field, found, expected) in fields)
            if (found != expected)
                throw new PeerException($"{structure}: found {found} as the default of {field}, expected {expected}. These bindings are for llama.cpp {LlamaCpp.Version}; install that one.");
    }
}
