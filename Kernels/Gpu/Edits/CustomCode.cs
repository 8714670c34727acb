using System.Runtime.InteropServices;
using ILGPU;
using Managed.Ilgpu.Extensions;
using Managed.Kernels.Edits;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>The code that a table's custom instructions run. A group lends it a copy of the row, on which one thread runs it.</summary>
internal interface ICustomCode
{
    /// <summary>Memory of a group for the copy.</summary>
    static abstract ArrayView<float> Allocate();

    /// <summary>Each thread copies its elements.</summary>
    void Take(EditRow row, ArrayView<float> copy);

    /// <summary>One thread runs the code.</summary>
    void Apply(ArrayView<float> copy, int width, int position, EditItem item, EditMemory memory);

    /// <summary>Each thread takes its elements back; its part of ‖how far x moved‖².</summary>
    float Give(EditRow row, ArrayView<float> copy);
}

/// <summary>None: tables without custom instructions.</summary>
internal readonly struct NoCode : ICustomCode
{
    public static ArrayView<float> Allocate() => default;

    public void Take(EditRow row, ArrayView<float> copy)
    {
    }

    public void Apply(ArrayView<float> copy, int width, int position, EditItem item, EditMemory memory)
    {
    }

    public float Give(EditRow row, ArrayView<float> copy) => 0;
}

/// <summary>
/// A user's struct. What it adds up, it adds up in its own order, so that the bits are the processor's; hence one thread. A look outside of
/// the row or the registers, which throws on the processor, makes the row no numbers: it is refused.
/// </summary>
internal readonly struct CustomCode<TEdit>(TEdit edit) : ICustomCode
    where TEdit : struct, IRowEdit
{
    private readonly TEdit edit = edit;

    public static ArrayView<float> Allocate() => SharedMemory.Allocate<float>(EditMemory.MostElements);

    public void Take(EditRow row, ArrayView<float> copy) => row.CopyTo(copy);

    public void Apply(ArrayView<float> copy, int width, int position, EditItem item, EditMemory memory)
    {
        TEdit own = edit;
        SpanChecks.Begin();
        own.Apply(
            MemoryMarshal.CreateSpan(ref copy[0], width), position,
            MemoryMarshal.CreateReadOnlySpan(ref memory.Numbers[item.Lines + ((long)(position + 1) * item.Slots)], item.Registers));
        if (SpanChecks.End())
            copy[0] = float.NaN;
    }

    public float Give(EditRow row, ArrayView<float> copy) => row.CopyFrom(copy);
}
