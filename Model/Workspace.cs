using Managed.Kernels;

namespace Managed;

/// <summary>The intermediate results of a step, each with memory of its own.</summary>
internal enum Scratch
{
    Stream,
    Normed,
    NormScale,
    Normalized,
    AttentionInput,
    MlpInput,
    QueryKeyValue,
    QueryLatent,
    KeyValueLatent,
    KeyValueUp,
    HeadOutput,
    AttentionRaw,
    AttentionOut,
    MlpGate,
    MlpUp,
    MlpPost,
    MlpRaw,
    MlpOut,
    RouterLogits,
    ExpertInput,
    ExpertOutput,
    SharedOutput,
    SharedGate,
    AdapterDown,
    AdapterUp,
    FinalRows,
    FinalNormed,
    HeadInputs,
    HeadLogits,
    Logits,
    LogitRows,
    SplitInput,
    SplitNormed,
    SplitOutput,
    HeadRepeat,
    HeadResult,
}

/// <summary>Device memory for the intermediate results of one step. Grows to the largest step seen and is then reused.</summary>
internal sealed class Workspace(IDevice device) : IDisposable
{
    private readonly DeviceBuffer?[] buffers = new DeviceBuffer?[Enum.GetValues<Scratch>().Length];

    /// <summary>Rows of the named memory; contents are whatever the last use left.</summary>
    public Rows Rows(Scratch name, int count, int width)
    {
        long needed = (long)count * width;
        DeviceBuffer? buffer = buffers[(int)name];
        if (buffer is null || buffer.Length < needed)
        {
            buffer?.Dispose();
            buffers[(int)name] = buffer = device.Allocate(needed);
        }
        return new Rows(buffer, count, width);
    }

    public void Dispose()
    {
        foreach (DeviceBuffer? buffer in buffers)
            buffer?.Dispose();
        Array.Clear(buffers);
    }
}
