namespace ILGPU;

/// <summary>A position in space, or the extent of one, in 32-bit numbers.</summary>
public readonly struct Index3D : IIntIndex<Index3D, LongIndex3D>
{
    /// <summary>Every component −1.</summary>
    public static readonly Index3D Invalid = new(-1, -1, -1);

    /// <summary>Every component 0.</summary>
    public static readonly Index3D Zero = new(0, 0, 0);

    /// <summary>Every component 1.</summary>
    public static readonly Index3D One = new(1, 1, 1);

    /// <summary>The same value for every component.</summary>
    public Index3D(int value) : this(value, value, value)
    {
    }

    /// <summary>From the first two components and the third.</summary>
    public Index3D(Index2D xy, int z) : this(xy.X, xy.Y, z)
    {
    }

    /// <summary>From the first component and the other two.</summary>
    public Index3D(int x, Index2D yz) : this(x, yz.X, yz.Y)
    {
    }

    /// <summary>From its components.</summary>
    public Index3D(int x, int y, int z)
    {
        X = x;
        Y = y;
        Z = z;
    }

    /// <summary>The first component.</summary>
    public int X { get; }

    /// <summary>The second component.</summary>
    public int Y { get; }

    /// <summary>The third component.</summary>
    public int Z { get; }

    /// <summary>The first two components.</summary>
    public Index2D XY => new(X, Y);

    /// <summary>The last two components.</summary>
    public Index2D YZ => new(Y, Z);

    /// <summary>Whether every component is 0.</summary>
    public bool IsFirst => X == 0 && Y == 0 && Z == 0;

    /// <summary>Elements of an extent of this size: the product of the components.</summary>
    public int Size => X * Y * Z;

    /// <summary><see cref="Size"/> computed in 64 bits.</summary>
    public long LongSize => (long)X * Y * Z;

    long IIndex.Size => LongSize;

    /// <inheritdoc/>
    public IndexType IndexType => IndexType.Index3D;

    /// <summary>The smaller of each component.</summary>
    public static Index3D Min(Index3D first, Index3D second) => new(Math.Min(first.X, second.X), Math.Min(first.Y, second.Y), Math.Min(first.Z, second.Z));

    /// <summary>The larger of each component.</summary>
    public static Index3D Max(Index3D first, Index3D second) => new(Math.Max(first.X, second.X), Math.Max(first.Y, second.Y), Math.Max(first.Z, second.Z));

    /// <summary>Each component limited to a range.</summary>
    public static Index3D Clamp(Index3D value, Index3D min, Index3D max) => Max(min, Min(value, max));

    /// <inheritdoc/>
    public LongIndex3D ToLongIndex() => new(X, Y, Z);

    /// <inheritdoc/>
    public bool InBounds(Index3D dimension) => X >= 0 && X < dimension.X && Y >= 0 && Y < dimension.Y && Z >= 0 && Z < dimension.Z;

    /// <inheritdoc/>
    public bool InBoundsInclusive(Index3D dimension) => X >= 0 && X <= dimension.X && Y >= 0 && Y <= dimension.Y && Z >= 0 && Z <= dimension.Z;

    /// <inheritdoc/>
    public Index3D Add(Index3D rhs) => this + rhs;

    /// <inheritdoc/>
    public Index3D Subtract(Index3D rhs) => this - rhs;

    /// <summary>Adds component by component.</summary>
    public static Index3D Add(Index3D first, Index3D second) => first + second;

    /// <summary>Subtracts component by component.</summary>
    public static Index3D Subtract(Index3D first, Index3D second) => first - second;

    /// <summary>Multiplies component by component.</summary>
    public static Index3D Multiply(Index3D first, Index3D second) => first * second;

    /// <summary>Divides component by component.</summary>
    public static Index3D Divide(Index3D first, Index3D second) => first / second;

    /// <summary>As a tuple.</summary>
    public (int X, int Y, int Z) ToValueTuple() => (X, Y, Z);

    /// <summary>Takes the components apart.</summary>
    public void Deconstruct(out int x, out int y, out int z) => (x, y, z) = (X, Y, Z);

    /// <inheritdoc/>
    public bool Equals(Index3D other) => this == other;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Index3D other && this == other;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(X, Y, Z);

    /// <inheritdoc/>
    public override string ToString() => $"({X}, {Y}, {Z})";

    /// <summary>Adds component by component.</summary>
    public static Index3D operator +(Index3D first, Index3D second) => new(first.X + second.X, first.Y + second.Y, first.Z + second.Z);

    /// <summary>Subtracts component by component.</summary>
    public static Index3D operator -(Index3D first, Index3D second) => new(first.X - second.X, first.Y - second.Y, first.Z - second.Z);

    /// <summary>Multiplies component by component.</summary>
    public static Index3D operator *(Index3D first, Index3D second) => new(first.X * second.X, first.Y * second.Y, first.Z * second.Z);

    /// <summary>Divides component by component.</summary>
    public static Index3D operator /(Index3D first, Index3D second) => new(first.X / second.X, first.Y / second.Y, first.Z / second.Z);

    /// <summary>Whether all components are equal.</summary>
    public static bool operator ==(Index3D first, Index3D second) => first.X == second.X && first.Y == second.Y && first.Z == second.Z;

    /// <summary>Whether a component differs.</summary>
    public static bool operator !=(Index3D first, Index3D second) => !(first == second);

    /// <summary>The same in 64-bit numbers.</summary>
    public static implicit operator LongIndex3D(Index3D index) => new(index.X, index.Y, index.Z);

    /// <summary>From a tuple.</summary>
    public static implicit operator Index3D((int X, int Y, int Z) values) => new(values.X, values.Y, values.Z);
}
