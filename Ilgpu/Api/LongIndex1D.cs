namespace ILGPU;

/// <summary>A position on a line, or the extent of one, in 64-bit numbers.</summary>
public readonly struct LongIndex1D : ILongIndex<LongIndex1D, Index1D>
{
    /// <summary>Every component −1.</summary>
    public static readonly LongIndex1D Invalid = new(-1);

    /// <summary>Every component 0.</summary>
    public static readonly LongIndex1D Zero = new(0);

    /// <summary>Every component 1.</summary>
    public static readonly LongIndex1D One = new(1);

    /// <summary>From its component.</summary>
    public LongIndex1D(long x)
    {
        X = x;
    }

    /// <summary>The first component.</summary>
    public long X { get; }

    /// <summary>Whether every component is 0.</summary>
    public bool IsFirst => X == 0;

    /// <summary>Elements of an extent of this size.</summary>
    public long Size => X;

    /// <inheritdoc/>
    public IndexType IndexType => IndexType.LongIndex1D;

    /// <summary>The smaller of each component.</summary>
    public static LongIndex1D Min(LongIndex1D first, LongIndex1D second) => new(Math.Min(first.X, second.X));

    /// <summary>The larger of each component.</summary>
    public static LongIndex1D Max(LongIndex1D first, LongIndex1D second) => new(Math.Max(first.X, second.X));

    /// <summary>Each component limited to a range.</summary>
    public static LongIndex1D Clamp(LongIndex1D value, LongIndex1D min, LongIndex1D max) => Max(min, Min(value, max));

    /// <summary>In 32-bit numbers; throws where a component does not fit.</summary>
    public Index1D ToIntIndex()
    {
        IndexTypeExtensions.AssertIntIndex(X);
        return new((int)X);
    }

    /// <inheritdoc/>
    public bool InBounds(LongIndex1D dimension) => X >= 0 && X < dimension.X;

    /// <inheritdoc/>
    public bool InBoundsInclusive(LongIndex1D dimension) => X >= 0 && X <= dimension.X;

    /// <inheritdoc/>
    public LongIndex1D Add(LongIndex1D rhs) => this + rhs;

    /// <inheritdoc/>
    public LongIndex1D Subtract(LongIndex1D rhs) => this - rhs;

    /// <summary>Adds component by component.</summary>
    public static LongIndex1D Add(LongIndex1D first, LongIndex1D second) => first + second;

    /// <summary>Subtracts component by component.</summary>
    public static LongIndex1D Subtract(LongIndex1D first, LongIndex1D second) => first - second;

    /// <summary>Multiplies component by component.</summary>
    public static LongIndex1D Multiply(LongIndex1D first, LongIndex1D second) => first * second;

    /// <summary>Divides component by component.</summary>
    public static LongIndex1D Divide(LongIndex1D first, LongIndex1D second) => first / second;

    /// <inheritdoc/>
    public bool Equals(LongIndex1D other) => this == other;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is LongIndex1D other && this == other;

    /// <inheritdoc/>
    public override int GetHashCode() => X.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => X.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Adds component by component.</summary>
    public static LongIndex1D operator +(LongIndex1D first, LongIndex1D second) => new(first.X + second.X);

    /// <summary>Subtracts component by component.</summary>
    public static LongIndex1D operator -(LongIndex1D first, LongIndex1D second) => new(first.X - second.X);

    /// <summary>Multiplies component by component.</summary>
    public static LongIndex1D operator *(LongIndex1D first, LongIndex1D second) => new(first.X * second.X);

    /// <summary>Divides component by component.</summary>
    public static LongIndex1D operator /(LongIndex1D first, LongIndex1D second) => new(first.X / second.X);

    /// <summary>Whether all components are equal.</summary>
    public static bool operator ==(LongIndex1D first, LongIndex1D second) => first.X == second.X;

    /// <summary>Whether a component differs.</summary>
    public static bool operator !=(LongIndex1D first, LongIndex1D second) => !(first == second);

    /// <summary>In 32-bit numbers, truncated.</summary>
    public static explicit operator Index1D(LongIndex1D index) => new((int)index.X);

    /// <summary>The component.</summary>
    public static implicit operator long(LongIndex1D idx) => idx.X;

    /// <summary>From its component.</summary>
    public static implicit operator LongIndex1D(long idx) => new(idx);

    /// <summary>The component as an unsigned number.</summary>
    public static explicit operator ulong(LongIndex1D idx) => (ulong)idx.X;
}
