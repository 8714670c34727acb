using System.Reflection;

namespace ILGPU.Runtime;

/// <summary>What the compiler may assume of a kernel's launches.</summary>
/// <param name="maxNumThreadsPerGroup">Most threads of a group, or null.</param>
/// <param name="minNumGroupsPerMultiprocessor">Groups that should fit on a multiprocessor at once, or null.</param>
public readonly struct KernelSpecialization(int? maxNumThreadsPerGroup, int? minNumGroupsPerMultiprocessor) : IEquatable<KernelSpecialization>
{
    /// <summary>Nothing.</summary>
    public static readonly KernelSpecialization Empty;

    /// <summary>Most threads of a group, or null.</summary>
    public int? MaxNumThreadsPerGroup { get; } = maxNumThreadsPerGroup;

    /// <summary>Groups that should fit on a multiprocessor at once, or null.</summary>
    public int? MinNumGroupsPerMultiprocessor { get; } = minNumGroupsPerMultiprocessor;

    /// <summary>Whether the accelerator can hold such groups.</summary>
    public bool IsCompatibleWith(Accelerator accelerator)
    {
        ArgumentNullException.ThrowIfNull(accelerator);
        return MaxNumThreadsPerGroup is not { } threads || threads <= accelerator.MaxNumThreadsPerGroup;
    }

    /// <inheritdoc/>
    public bool Equals(KernelSpecialization other)
        => MaxNumThreadsPerGroup == other.MaxNumThreadsPerGroup && MinNumGroupsPerMultiprocessor == other.MinNumGroupsPerMultiprocessor;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is KernelSpecialization other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(MaxNumThreadsPerGroup, MinNumGroupsPerMultiprocessor);

    /// <summary>Whether both say the same.</summary>
    public static bool operator ==(KernelSpecialization first, KernelSpecialization second) => first.Equals(second);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(KernelSpecialization first, KernelSpecialization second) => !first.Equals(second);
}

/// <summary>What a back end is asked to compile.</summary>
/// <param name="Method">The kernel: a static method without a result, generic arguments filled in.</param>
/// <param name="ImplicitlyGrouped">Whether its first parameter is the thread's index (then the launch's slots begin with the extent).</param>
/// <param name="SpecialisedValues">One entry per parameter: the constant of a <see cref="SpecializedValue{T}"/>, else null.</param>
/// <param name="Specialization">What may be assumed of its launches.</param>
internal sealed record KernelDescription(
    MethodInfo Method, bool ImplicitlyGrouped, object?[] SpecialisedValues, KernelSpecialization Specialization)
{
    /// <summary>The kernel's name for people: type and method.</summary>
    public string Name => $"{Method.DeclaringType?.Name}.{Method.Name}";
}

/// <summary>A kernel that is loaded on an accelerator.</summary>
public abstract class Kernel : AcceleratorObject
{
    /// <summary>On an accelerator, from a description.</summary>
    internal Kernel(Accelerator accelerator, KernelDescription description) : base(accelerator)
    {
        Description = description;
        accelerator.Remember(this);
    }

    internal KernelDescription Description { get; }

    /// <summary>What was assumed of its launches.</summary>
    public KernelSpecialization Specialization => Description.Specialization;

    /// <summary>The name for people: type and method.</summary>
    internal string Name => Description.Name;

    /// <summary>Most threads of a group that this kernel can be launched with (registers and shared memory limit it).</summary>
    internal virtual int MaxGroupSize => Accelerator.MaxNumThreadsPerGroup;

    /// <summary>Threads of a group that suit it when the caller leaves the choice.</summary>
    internal virtual int SuggestedGroupSize => Math.Min(256, MaxGroupSize);

    /// <summary>For each slot the number of bytes of which its pointer must be a multiple; empty: nothing is asked.</summary>
    internal int[] Alignments { get; init; } = [];

    /// <summary>Throws where a view begins between two elements, at an address that vector loads of the compiled kernel cannot take.</summary>
    internal void CheckAlignment(ReadOnlySpan<long> slots, ReadOnlySpan<MemoryBuffer?> buffers)
    {
        for (int i = 0; i < Alignments.Length; i++)
        {
            long address = slots[i] - (buffers[i]?.NativePtr ?? 0);
            if (Alignments[i] > 1 && address % Alignments[i] != 0)
            {
                throw new ArgumentException(
                    $"Kernel {Name}: scalar argument {i} is a view that begins at byte {address} of its buffer; its elements are read {Alignments[i]} bytes at a time, "
                    + $"so it must begin at a multiple of {Alignments[i]}. Cut the part out at whole elements, before the cast.");
            }
        }
    }

    /// <summary>Puts a launch into a stream. Grid and group are valid and within the device's limits.</summary>
    /// <param name="stream">Where.</param>
    /// <param name="config">Groups, threads, dynamic shared memory.</param>
    /// <param name="slots">The flat scalar parameters, one 8-byte slot each, little-endian; pointers as the buffers' own (0 for empty views).</param>
    /// <param name="buffers">Parallel to the slots: for a pointer the buffer it lies in (its distance from the start is slot − NativePtr), else null.</param>
    internal abstract void LaunchInternal(
        AcceleratorStream stream, in KernelConfig config, ReadOnlySpan<long> slots, ReadOnlySpan<MemoryBuffer?> buffers);
}
