namespace ILGPU;

/// <summary>A position on a line, or the extent of one, in 32-bit numbers.</summary>
public readonly struct Index1D : IIntIndex<Index1D, LongIndex1D>
{
    /// <summary>Every component −1.</summary>
    public static readonly Index1D Invalid = new(-1);

    /// <summary>Every component 0.</summary>
    public static readonly Index1D Zero = new(0);

    /// <summary>Every component 1.</summary>
    public static readonly Index1D One = new(1);

    /// <summary>From its component.</summary>
    public Index1D(int x)
    {
        X = x;
    }

    /// <summary>The first component.</summary>
    public int X { get; }

    /// <summary>Whether every component is 0.</summary>
    public bool IsFirst => X == 0;

    /// <summary>Elements of an extent of this size.</summary>
    public int Size => X;

    /// <summary><see cref="Size"/> computed in 64 bits.</summary>
    public long LongSize => X;

    long IIndex.Size => LongSize;

    /// <inheritdoc/>
    public IndexType IndexType => IndexType.Index1D;

    /// <summary>The smaller of each component.</summary>
    public static Index1D Min(Index1D first, Index1D second) => new(Math.Min(first.X, second.X));

    /// <summary>The larger of each component.</summary>
    public static Index1D Max(Index1D first, Index1D second) => new(Math.Max(first.X, second.X));

    /// <summary>Each component limited to a range.</summary>
    public static Index1D Clamp(Index1D value, Index1D min, Index1D max) => Max(min, Min(value, max));

    /// <inheritdoc/>
    public LongIndex1D ToLongIndex() => new(X);

    /// <inheritdoc/>
    public bool InBounds(Index1D dimension) => X >= 0 && X < dimension.X;

    /// <inheritdoc/>
    public bool InBoundsInclusive(Index1D dimension) => X >= 0 && X <= dimension.X;

    /// <inheritdoc/>
    public Index1D Add(Index1D rhs) => this + rhs;

    /// <inheritdoc/>
    public Index1D Subtract(Index1D rhs) => this - rhs;

    /// <summary>Adds component by component.</summary>
    public static Index1D Add(Index1D first, Index1D second) => first + second;

    /// <summary>Subtracts component by component.</summary>
    public static Index1D Subtract(Index1D first, Index1D second) => first - second;

    /// <summary>Multiplies component by component.</summary>
    public static Index1D Multiply(Index1D first, Index1D second) => first * second;

    /// <summary>Divides component by component.</summary>
    public static Index1D Divide(Index1D first, Index1D second) => first / second;

    /// <inheritdoc/>
    public bool Equals(Index1D other) => this == other;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Index1D other && this == other;

    /// <inheritdoc/>
    public override int GetHashCode() => X;

    /// <inheritdoc/>
    public override string ToString() => X.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Adds component by component.</summary>
    public static Index1D operator +(Index1D first, Index1D second) => new(first.X + second.X);

    /// <summary>Subtracts component by component.</summary>
    public static Index1D operator -(Index1D first, Index1D second) => new(first.X - second.X);

    /// <summary>Multiplies component by component.</summary>
    public static Index1D operator *(Index1D first, Index1D second) => new(first.X * second.X);

    /// <summary>Divides component by component.</summary>
    public static Index1D operator /(Index1D first, Index1D second) => new(first.X / second.X);

    /// <summary>Whether all components are equal.</summary>
    public static bool operator ==(Index1D first, Index1D second) => first.X == second.X;

    /// <summary>Whether a component differs.</summary>
    public static bool operator !=(Index1D first, Index1D second) => !(first == second);

    /// <summary>The same in 64-bit numbers.</summary>
    public static implicit operator LongIndex1D(Index1D index) => new(index.X);

    /// <summary>The component.</summary>
    public static implicit operator int(Index1D idx) => idx.X;

    /// <summary>From its component.</summary>
    public static implicit operator Index1D(int idx) => new(idx);

    /// <summary>The component as an unsigned number.</summary>
    public static explicit operator uint(Index1D idx) => (uint)idx.X;
}
