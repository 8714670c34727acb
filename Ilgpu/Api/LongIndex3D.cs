namespace ILGPU;

/// <summary>A position in space, or the extent of one, in 64-bit numbers.</summary>
public readonly struct LongIndex3D : ILongIndex<LongIndex3D, Index3D>
{
    /// <summary>Every component −1.</summary>
    public static readonly LongIndex3D Invalid = new(-1, -1, -1);

    /// <summary>Every component 0.</summary>
    public static readonly LongIndex3D Zero = new(0, 0, 0);

    /// <summary>Every component 1.</summary>
    public static readonly LongIndex3D One = new(1, 1, 1);

    /// <summary>The same value for every component.</summary>
    public LongIndex3D(long value) : this(value, value, value)
    {
    }

    /// <summary>From the first two components and the third.</summary>
    public LongIndex3D(LongIndex2D xy, long z) : this(xy.X, xy.Y, z)
    {
    }

    /// <summary>From the first component and the other two.</summary>
    public LongIndex3D(long x, LongIndex2D yz) : this(x, yz.X, yz.Y)
    {
    }

    /// <summary>From its components.</summary>
    public LongIndex3D(long x, long y, long z)
    {
        X = x;
        Y = y;
        Z = z;
    }

    /// <summary>The first component.</summary>
    public long X { get; }

    /// <summary>The second component.</summary>
    public long Y { get; }

    /// <summary>The third component.</summary>
    public long Z { get; }

    /// <summary>The first two components.</summary>
    public LongIndex2D XY => new(X, Y);

    /// <summary>The last two components.</summary>
    public LongIndex2D YZ => new(Y, Z);

    /// <summary>Whether every component is 0.</summary>
    public bool IsFirst => X == 0 && Y == 0 && Z == 0;

    /// <summary>Elements of an extent of this size: the product of the components.</summary>
    public long Size => X * Y * Z;

    /// <inheritdoc/>
    public IndexType IndexType => IndexType.LongIndex3D;

    /// <summary>The smaller of each component.</summary>
    public static LongIndex3D Min(LongIndex3D first, LongIndex3D second) => new(Math.Min(first.X, second.X), Math.Min(first.Y, second.Y), Math.Min(first.Z, second.Z));

    /// <summary>The larger of each component.</summary>
    public static LongIndex3D Max(LongIndex3D first, LongIndex3D second) => new(Math.Max(first.X, second.X), Math.Max(first.Y, second.Y), Math.Max(first.Z, second.Z));

    /// <summary>Each component limited to a range.</summary>
    public static LongIndex3D Clamp(LongIndex3D value, LongIndex3D min, LongIndex3D max) => Max(min, Min(value, max));

    /// <summary>In 32-bit numbers; throws where a component does not fit.</summary>
    public Index3D ToIntIndex()
    {
        IndexTypeExtensions.AssertIntIndex(X);
        IndexTypeExtensions.AssertIntIndex(Y);
        IndexTypeExtensions.AssertIntIndex(Z);
        return new((int)X, (int)Y, (int)Z);
    }

    /// <inheritdoc/>
    public bool InBounds(LongIndex3D dimension) => X >= 0 && X < dimension.X && Y >= 0 && Y < dimension.Y && Z >= 0 && Z < dimension.Z;

    /// <inheritdoc/>
    public bool InBoundsInclusive(LongIndex3D dimension) => X >= 0 && X <= dimension.X && Y >= 0 && Y <= dimension.Y && Z >= 0 && Z <= dimension.Z;

    /// <inheritdoc/>
    public LongIndex3D Add(LongIndex3D rhs) => this + rhs;

    /// <inheritdoc/>
    public LongIndex3D Subtract(LongIndex3D rhs) => this - rhs;

    /// <summary>Adds component by component.</summary>
    public static LongIndex3D Add(LongIndex3D first, LongIndex3D second) => first + second;

    /// <summary>Subtracts component by component.</summary>
    public static LongIndex3D Subtract(LongIndex3D first, LongIndex3D second) => first - second;

    /// <summary>Multiplies component by component.</summary>
    public static LongIndex3D Multiply(LongIndex3D first, LongIndex3D second) => first * second;

    /// <summary>Divides component by component.</summary>
    public static LongIndex3D Divide(LongIndex3D first, LongIndex3D second) => first / second;

    /// <summary>As a tuple.</summary>
    public (long X, long Y, long Z) ToValueTuple() => (X, Y, Z);

    /// <summary>Takes the components apart.</summary>
    public void Deconstruct(out long x, out long y, out long z) => (x, y, z) = (X, Y, Z);

    /// <inheritdoc/>
    public bool Equals(LongIndex3D other) => this == other;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is LongIndex3D other && this == other;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(X, Y, Z);

    /// <inheritdoc/>
    public override string ToString() => $"({X}, {Y}, {Z})";

    /// <summary>Adds component by component.</summary>
    public static LongIndex3D operator +(LongIndex3D first, LongIndex3D second) => new(first.X + second.X, first.Y + second.Y, first.Z + second.Z);

    /// <summary>Subtracts component by component.</summary>
    public static LongIndex3D operator -(LongIndex3D first, LongIndex3D second) => new(first.X - second.X, first.Y - second.Y, first.Z - second.Z);

    /// <summary>Multiplies component by component.</summary>
    public static LongIndex3D operator *(LongIndex3D first, LongIndex3D second) => new(first.X * second.X, first.Y * second.Y, first.Z * second.Z);

    /// <summary>Divides component by component.</summary>
    public static LongIndex3D operator /(LongIndex3D first, LongIndex3D second) => new(first.X / second.X, first.Y / second.Y, first.Z / second.Z);

    /// <summary>Whether all components are equal.</summary>
    public static bool operator ==(LongIndex3D first, LongIndex3D second) => first.X == second.X && first.Y == second.Y && first.Z == second.Z;

    /// <summary>Whether a component differs.</summary>
    public static bool operator !=(LongIndex3D first, LongIndex3D second) => !(first == second);

    /// <summary>In 32-bit numbers, truncated.</summary>
    public static explicit operator Index3D(LongIndex3D index) => new((int)index.X, (int)index.Y, (int)index.Z);

    /// <summary>From a tuple.</summary>
    public static implicit operator LongIndex3D((long X, long Y, long Z) values) => new(values.X, values.Y, values.Z);
}
