namespace ILGPU.Runtime;

/// <summary>A kernel argument that the compiler takes as a constant: each value gives a kernel of its own.</summary>
/// <typeparam name="T">The value's type.</typeparam>
/// <param name="value">The value.</param>
public struct SpecializedValue<T>(T value) : IEquatable<SpecializedValue<T>>, ISpecialized
    where T : unmanaged, IEquatable<T>
{
    /// <summary>The value.</summary>
    public T Value { get; set; } = value;

    /// <inheritdoc/>
    public readonly bool Equals(SpecializedValue<T> other) => Value.Equals(other.Value);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is SpecializedValue<T> other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => Value.GetHashCode();

    /// <inheritdoc/>
    public override readonly string ToString() => $"{Value}";

    readonly object ISpecialized.Boxed => Value;

    /// <summary>Whether the values are equal.</summary>
    public static bool operator ==(SpecializedValue<T> first, SpecializedValue<T> second) => first.Equals(second);

    /// <summary>Whether the values differ.</summary>
    public static bool operator !=(SpecializedValue<T> first, SpecializedValue<T> second) => !first.Equals(second);

    /// <summary>The value.</summary>
    public static implicit operator T(SpecializedValue<T> value) => value.Value;
}

/// <summary>Makes specialised values.</summary>
public static class SpecializedValue
{
    /// <summary>A kernel argument that the compiler takes as a constant.</summary>
    public static SpecializedValue<T> New<T>(T value)
        where T : unmanaged, IEquatable<T>
        => new(value);
}

/// <summary>What the launcher asks of an argument that is a specialised value.</summary>
internal interface ISpecialized
{
    /// <summary>The value.</summary>
    object Boxed { get; }
}
