namespace ILGPU;

/// <summary>A position in a plane, or the extent of one, in 64-bit numbers.</summary>
public readonly struct LongIndex2D : ILongIndex<LongIndex2D, Index2D>
{
    /// <summary>Every component −1.</summary>
    public static readonly LongIndex2D Invalid = new(-1, -1);

    /// <summary>Every component 0.</summary>
    public static readonly LongIndex2D Zero = new(0, 0);

    /// <summary>Every component 1.</summary>
    public static readonly LongIndex2D One = new(1, 1);

    /// <summary>The same value for every component.</summary>
    public LongIndex2D(long value) : this(value, value)
    {
    }

    /// <summary>From its components.</summary>
    public LongIndex2D(long x, long y)
    {
        X = x;
        Y = y;
    }

    /// <summary>The first component.</summary>
    public long X { get; }

    /// <summary>The second component.</summary>
    public long Y { get; }

    /// <summary>Whether every component is 0.</summary>
    public bool IsFirst => X == 0 && Y == 0;

    /// <summary>Elements of an extent of this size: the product of the components.</summary>
    public long Size => X * Y;

    /// <inheritdoc/>
    public IndexType IndexType => IndexType.LongIndex2D;

    /// <summary>The smaller of each component.</summary>
    public static LongIndex2D Min(LongIndex2D first, LongIndex2D second) => new(Math.Min(first.X, second.X), Math.Min(first.Y, second.Y));

    /// <summary>The larger of each component.</summary>
    public static LongIndex2D Max(LongIndex2D first, LongIndex2D second) => new(Math.Max(first.X, second.X), Math.Max(first.Y, second.Y));

    /// <summary>Each component limited to a range.</summary>
    public static LongIndex2D Clamp(LongIndex2D value, LongIndex2D min, LongIndex2D max) => Max(min, Min(value, max));

    /// <summary>In 32-bit numbers; throws where a component does not fit.</summary>
    public Index2D ToIntIndex()
    {
        IndexTypeExtensions.AssertIntIndex(X);
        IndexTypeExtensions.AssertIntIndex(Y);
        return new((int)X, (int)Y);
    }

    /// <inheritdoc/>
    public bool InBounds(LongIndex2D dimension) => X >= 0 && X < dimension.X && Y >= 0 && Y < dimension.Y;

    /// <inheritdoc/>
    public bool InBoundsInclusive(LongIndex2D dimension) => X >= 0 && X <= dimension.X && Y >= 0 && Y <= dimension.Y;

    /// <inheritdoc/>
    public LongIndex2D Add(LongIndex2D rhs) => this + rhs;

    /// <inheritdoc/>
    public LongIndex2D Subtract(LongIndex2D rhs) => this - rhs;

    /// <summary>Adds component by component.</summary>
    public static LongIndex2D Add(LongIndex2D first, LongIndex2D second) => first + second;

    /// <summary>Subtracts component by component.</summary>
    public static LongIndex2D Subtract(LongIndex2D first, LongIndex2D second) => first - second;

    /// <summary>Multiplies component by component.</summary>
    public static LongIndex2D Multiply(LongIndex2D first, LongIndex2D second) => first * second;

    /// <summary>Divides component by component.</summary>
    public static LongIndex2D Divide(LongIndex2D first, LongIndex2D second) => first / second;

    /// <summary>As a tuple.</summary>
    public (long X, long Y) ToValueTuple() => (X, Y);

    /// <summary>Takes the components apart.</summary>
    public void Deconstruct(out long x, out long y) => (x, y) = (X, Y);

    /// <inheritdoc/>
    public bool Equals(LongIndex2D other) => this == other;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is LongIndex2D other && this == other;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(X, Y);

    /// <inheritdoc/>
    public override string ToString() => $"({X}, {Y})";

    /// <summary>Adds component by component.</summary>
    public static LongIndex2D operator +(LongIndex2D first, LongIndex2D second) => new(first.X + second.X, first.Y + second.Y);

    /// <summary>Subtracts component by component.</summary>
    public static LongIndex2D operator -(LongIndex2D first, LongIndex2D second) => new(first.X - second.X, first.Y - second.Y);

    /// <summary>Multiplies component by component.</summary>
    public static LongIndex2D operator *(LongIndex2D first, LongIndex2D second) => new(first.X * second.X, first.Y * second.Y);

    /// <summary>Divides component by component.</summary>
    public static LongIndex2D operator /(LongIndex2D first, LongIndex2D second) => new(first.X / second.X, first.Y / second.Y);

    /// <summary>Whether all components are equal.</summary>
    public static bool operator ==(LongIndex2D first, LongIndex2D second) => first.X == second.X && first.Y == second.Y;

    /// <summary>Whether a component differs.</summary>
    public static bool operator !=(LongIndex2D first, LongIndex2D second) => !(first == second);

    /// <summary>In 32-bit numbers, truncated.</summary>
    public static explicit operator Index2D(LongIndex2D index) => new((int)index.X, (int)index.Y);

    /// <summary>From a tuple.</summary>
    public static implicit operator LongIndex2D((long X, long Y) values) => new(values.X, values.Y);
}
