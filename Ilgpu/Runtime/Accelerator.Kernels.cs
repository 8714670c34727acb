using System.Collections.Concurrent;
using System.Reflection;

namespace ILGPU.Runtime;

public abstract partial class Accelerator
{
    private readonly ConcurrentDictionary<KernelKey, Lazy<Kernel>> kernels = new();

    /// <summary>The kernel of a description: each is compiled once.</summary>
    internal Kernel GetOrLoadKernel(KernelDescription description)
    {
        VerifyNotDisposed();
        if ((Context.Properties.CachingMode & CachingMode.NoKernelCaching) != 0)
        {
            return LoadKernelInternal(description);
        }
        KernelKey key = new(description);
        try
        {
            return kernels.GetOrAdd(key, _ => new(() => LoadKernelInternal(description))).Value;
        }
        catch
        {
            kernels.TryRemove(key, out _);
            throw;
        }
    }

    /// <summary>What tells kernels apart: the method with its generic arguments, how it is grouped, what is assumed, the specialised values.</summary>
    private readonly struct KernelKey(KernelDescription description) : IEquatable<KernelKey>
    {
        private readonly MethodInfo method = description.Method;
        private readonly bool implicitlyGrouped = description.ImplicitlyGrouped;
        private readonly KernelSpecialization specialization = description.Specialization;
        private readonly object?[] values = description.SpecialisedValues;

        public bool Equals(KernelKey other)
            => method == other.method && implicitlyGrouped == other.implicitlyGrouped && specialization == other.specialization
                && values.AsSpan().SequenceEqual(other.values);

        public override bool Equals(object? obj) => obj is KernelKey other && Equals(other);

        public override int GetHashCode()
        {
            HashCode hash = default;
            hash.Add(method);
            foreach (object? value in values)
            {
                hash.Add(value);
            }
            return hash.ToHashCode();
        }
    }
}
