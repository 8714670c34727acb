using ILGPU.Runtime;

namespace ILGPU;

/// <summary>How much is done to make kernels fast.</summary>
public enum OptimizationLevel
{
    /// <summary>Nothing that makes debugging harder.</summary>
    Debug = 0,
    /// <inheritdoc cref="Debug"/>
    O0 = 0,
    /// <summary>All passes.</summary>
    Release = 1,
    /// <inheritdoc cref="Release"/>
    O1 = 1,
    /// <summary>All passes.</summary>
    O2 = 2,
}

/// <summary>How exact the mathematical functions are.</summary>
public enum MathMode
{
    /// <summary>As C# code gives them.</summary>
    Default = 0,
    /// <summary>The hardware's approximations where it has some.</summary>
    Fast = 1,
    /// <summary>The hardware's approximations of 32-bit functions where it has some.</summary>
    Fast32BitOnly = 2,
}

/// <summary>What is kept for later.</summary>
public enum CachingMode
{
    /// <summary>Compiled kernels, in memory and on disk.</summary>
    Default = 0,
    /// <summary>No compiled kernels.</summary>
    NoKernelCaching = 1,
    /// <summary>No launchers.</summary>
    NoLaunchCaching = 2,
    /// <summary>Nothing.</summary>
    Disabled = 3,
}

/// <summary>How much the compiler inlines; this compiler inlines everything.</summary>
public enum InliningMode
{
    /// <summary>Everything.</summary>
    Aggressive = 0,
    /// <inheritdoc cref="Aggressive"/>
    Default = 0,
    /// <inheritdoc cref="Aggressive"/>
    Conservative = 1,
    /// <inheritdoc cref="Aggressive"/>
    Disabled = 2,
}

/// <summary>How kernels of a context are compiled.</summary>
public class ContextProperties
{
    private protected ContextProperties()
    {
    }

    /// <summary>How much is done to make kernels fast.</summary>
    public OptimizationLevel OptimizationLevel { get; protected set; } = OptimizationLevel.Release;

    /// <summary>How exact the mathematical functions are.</summary>
    public MathMode MathMode { get; protected set; }

    /// <summary>What is kept for later.</summary>
    public CachingMode CachingMode { get; protected set; }

    /// <summary>How much is inlined.</summary>
    public InliningMode InliningMode { get; protected set; }

    /// <summary>Whether the compiler checks its own intermediate form after each pass.</summary>
    public bool EnableVerifier { get; protected set; }

    /// <summary>Whether streams measure time.</summary>
    public bool EnableProfiling { get; protected set; }
}

public sealed partial class Context
{
    /// <summary>Describes a context: its devices, and how kernels are compiled.</summary>
    public sealed class Builder : ContextProperties
    {
        internal Builder()
        {
        }

        /// <summary>The devices asked for so far.</summary>
        internal List<Device> Devices { get; } = [];

        /// <summary>All devices of this machine.</summary>
        public Builder Default() => AllAccelerators();

        /// <summary>All devices of this machine.</summary>
        public Builder AllAccelerators() => AllAccelerators(_ => true);

        /// <summary>The devices of this machine that satisfy a condition.</summary>
        public Builder AllAccelerators(Predicate<Device> predicate)
        {
            ArgumentNullException.ThrowIfNull(predicate);
            foreach (Func<IEnumerable<Device>> source in DeviceSources.All)
            {
                Add(source().Where(device => predicate(device)));
            }
            return this;
        }

        /// <summary>How much is done to make kernels fast.</summary>
        public Builder Optimize(OptimizationLevel level)
        {
            OptimizationLevel = level;
            return this;
        }

        /// <summary>Nothing that makes debugging harder.</summary>
        public Builder Debug() => Optimize(OptimizationLevel.Debug);

        /// <summary>All passes.</summary>
        public Builder Release() => Optimize(OptimizationLevel.Release);

        /// <summary>How exact the mathematical functions are.</summary>
        public Builder Math(MathMode mathMode)
        {
            MathMode = mathMode;
            return this;
        }

        /// <summary>What is kept for later.</summary>
        public Builder Caching(CachingMode cachingMode)
        {
            CachingMode = cachingMode;
            return this;
        }

        /// <summary>How much is inlined.</summary>
        public Builder Inlining(InliningMode inliningMode)
        {
            InliningMode = inliningMode;
            return this;
        }

        /// <summary>The compiler checks its own intermediate form after each pass.</summary>
        public Builder Verify()
        {
            EnableVerifier = true;
            return this;
        }

        /// <summary>Streams measure time.</summary>
        public Builder Profiling()
        {
            EnableProfiling = true;
            return this;
        }

        /// <summary>A context as described.</summary>
        public Context ToContext() => new(this);

        /// <summary>Adds devices, each once.</summary>
        internal Builder Add(IEnumerable<Device> devices)
        {
            foreach (Device device in devices)
            {
                if (!Devices.Contains(device))
                {
                    Devices.Add(device);
                }
            }
            return this;
        }
    }
}
