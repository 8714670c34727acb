namespace ILGPU.Runtime.Cuda;

/// <summary>A compute capability.</summary>
/// <param name="major">The generation.</param>
/// <param name="minor">The variant.</param>
public readonly struct CudaArchitecture(int major, int minor) : IEquatable<CudaArchitecture>, IComparable<CudaArchitecture>
{
#pragma warning disable CS1591 // the names say it
    public static readonly CudaArchitecture SM_70 = new(7, 0);
    public static readonly CudaArchitecture SM_72 = new(7, 2);
    public static readonly CudaArchitecture SM_75 = new(7, 5);
    public static readonly CudaArchitecture SM_80 = new(8, 0);
    public static readonly CudaArchitecture SM_86 = new(8, 6);
    public static readonly CudaArchitecture SM_87 = new(8, 7);
    public static readonly CudaArchitecture SM_89 = new(8, 9);
    public static readonly CudaArchitecture SM_90 = new(9, 0);
    public static readonly CudaArchitecture SM_100 = new(10, 0);
    public static readonly CudaArchitecture SM_103 = new(10, 3);
    public static readonly CudaArchitecture SM_120 = new(12, 0);
    public static readonly CudaArchitecture SM_121 = new(12, 1);
#pragma warning restore CS1591

    /// <summary>The generation.</summary>
    public int Major { get; } = major;

    /// <summary>The variant.</summary>
    public int Minor { get; } = minor;

    /// <inheritdoc/>
    public int CompareTo(CudaArchitecture other) => (Major, Minor).CompareTo((other.Major, other.Minor));

    /// <inheritdoc/>
    public bool Equals(CudaArchitecture other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is CudaArchitecture other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Major, Minor);

    /// <inheritdoc/>
    public override string ToString() => $"SM_{Major}{Minor}";

    /// <summary>Whether both are the same.</summary>
    public static bool operator ==(CudaArchitecture first, CudaArchitecture second) => first.Equals(second);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(CudaArchitecture first, CudaArchitecture second) => !first.Equals(second);

    /// <summary>Whether the first is older.</summary>
    public static bool operator <(CudaArchitecture first, CudaArchitecture second) => first.CompareTo(second) < 0;

    /// <summary>Whether the first is newer.</summary>
    public static bool operator >(CudaArchitecture first, CudaArchitecture second) => first.CompareTo(second) > 0;

    /// <summary>Whether the first is not newer.</summary>
    public static bool operator <=(CudaArchitecture first, CudaArchitecture second) => first.CompareTo(second) <= 0;

    /// <summary>Whether the first is not older.</summary>
    public static bool operator >=(CudaArchitecture first, CudaArchitecture second) => first.CompareTo(second) >= 0;
}
