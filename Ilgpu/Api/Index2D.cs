namespace ILGPU;

/// <summary>A position in a plane, or the extent of one, in 32-bit numbers.</summary>
public readonly struct Index2D : IIntIndex<Index2D, LongIndex2D>
{
    /// <summary>Every component −1.</summary>
    public static readonly Index2D Invalid = new(-1, -1);

    /// <summary>Every component 0.</summary>
    public static readonly Index2D Zero = new(0, 0);

    /// <summary>Every component 1.</summary>
    public static readonly Index2D One = new(1, 1);

    /// <summary>The same value for every component.</summary>
    public Index2D(int value) : this(value, value)
    {
    }

    /// <summary>From its components.</summary>
    public Index2D(int x, int y)
    {
        X = x;
        Y = y;
    }

    /// <summary>The first component.</summary>
    public int X { get; }

    /// <summary>The second component.</summary>
    public int Y { get; }

    /// <summary>Whether every component is 0.</summary>
    public bool IsFirst => X == 0 && Y == 0;

    /// <summary>Elements of an extent of this size: the product of the components.</summary>
    public int Size => X * Y;

    /// <summary><see cref="Size"/> computed in 64 bits.</summary>
    public long LongSize => (long)X * Y;

    long IIndex.Size => LongSize;

    /// <inheritdoc/>
    public IndexType IndexType => IndexType.Index2D;

    /// <summary>The smaller of each component.</summary>
    public static Index2D Min(Index2D first, Index2D second) => new(Math.Min(first.X, second.X), Math.Min(first.Y, second.Y));

    /// <summary>The larger of each component.</summary>
    public static Index2D Max(Index2D first, Index2D second) => new(Math.Max(first.X, second.X), Math.Max(first.Y, second.Y));

    /// <summary>Each component limited to a range.</summary>
    public static Index2D Clamp(Index2D value, Index2D min, Index2D max) => Max(min, Min(value, max));

    /// <inheritdoc/>
    public LongIndex2D ToLongIndex() => new(X, Y);

    /// <inheritdoc/>
    public bool InBounds(Index2D dimension) => X >= 0 && X < dimension.X && Y >= 0 && Y < dimension.Y;

    /// <inheritdoc/>
    public bool InBoundsInclusive(Index2D dimension) => X >= 0 && X <= dimension.X && Y >= 0 && Y <= dimension.Y;

    /// <inheritdoc/>
    public Index2D Add(Index2D rhs) => this + rhs;

    /// <inheritdoc/>
    public Index2D Subtract(Index2D rhs) => this - rhs;

    /// <summary>Adds component by component.</summary>
    public static Index2D Add(Index2D first, Index2D second) => first + second;

    /// <summary>Subtracts component by component.</summary>
    public static Index2D Subtract(Index2D first, Index2D second) => first - second;

    /// <summary>Multiplies component by component.</summary>
    public static Index2D Multiply(Index2D first, Index2D second) => first * second;

    /// <summary>Divides component by component.</summary>
    public static Index2D Divide(Index2D first, Index2D second) => first / second;

    /// <summary>As a tuple.</summary>
    public (int X, int Y) ToValueTuple() => (X, Y);

    /// <summary>Takes the components apart.</summary>
    public void Deconstruct(out int x, out int y) => (x, y) = (X, Y);

    /// <inheritdoc/>
    public bool Equals(Index2D other) => this == other;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Index2D other && this == other;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(X, Y);

    /// <inheritdoc/>
    public override string ToString() => $"({X}, {Y})";

    /// <summary>Adds component by component.</summary>
    public static Index2D operator +(Index2D first, Index2D second) => new(first.X + second.X, first.Y + second.Y);

    /// <summary>Subtracts component by component.</summary>
    public static Index2D operator -(Index2D first, Index2D second) => new(first.X - second.X, first.Y - second.Y);

    /// <summary>Multiplies component by component.</summary>
    public static Index2D operator *(Index2D first, Index2D second) => new(first.X * second.X, first.Y * second.Y);

    /// <summary>Divides component by component.</summary>
    public static Index2D operator /(Index2D first, Index2D second) => new(first.X / second.X, first.Y / second.Y);

    /// <summary>Whether all components are equal.</summary>
    public static bool operator ==(Index2D first, Index2D second) => first.X == second.X && first.Y == second.Y;

    /// <summary>Whether a component differs.</summary>
    public static bool operator !=(Index2D first, Index2D second) => !(first == second);

    /// <summary>The same in 64-bit numbers.</summary>
    public static implicit operator LongIndex2D(Index2D index) => new(index.X, index.Y);

    /// <summary>From a tuple.</summary>
    public static implicit operator Index2D((int X, int Y) values) => new(values.X, values.Y);
}
