namespace ILGPU.AtomicOperations;

/// <summary>An operation that <see cref="Atomic.MakeAtomic"/> makes atomic.</summary>
/// <typeparam name="T">The operands' type.</typeparam>
public interface IAtomicOperation<T>
    where T : unmanaged
{
    /// <summary>What the current value and the operand give.</summary>
    T Operation(T current, T value);
}

/// <summary>How a value is exchanged in <see cref="Atomic.MakeAtomic"/>.</summary>
/// <typeparam name="T">The operands' type.</typeparam>
public interface ICompareExchangeOperation<T>
    where T : unmanaged
{
    /// <summary>Writes a value if the one that stands there equals `compare`; returns the old one.</summary>
    T CompareExchange(ref T target, T compare, T value);

    /// <summary>Whether two values are the same, so that the exchange took place.</summary>
    bool IsSame(T left, T right);
}

/// <summary>Exchanges int values.</summary>
public readonly struct CompareExchangeInt32 : ICompareExchangeOperation<int>
{
    /// <inheritdoc/>
    public int CompareExchange(ref int target, int compare, int value) => Atomic.CompareExchange(ref target, compare, value);

    /// <inheritdoc/>
    public bool IsSame(int left, int right) => left == right;
}

/// <summary>Exchanges uint values.</summary>
public readonly struct CompareExchangeUInt32 : ICompareExchangeOperation<uint>
{
    /// <inheritdoc/>
    public uint CompareExchange(ref uint target, uint compare, uint value) => Atomic.CompareExchange(ref target, compare, value);

    /// <inheritdoc/>
    public bool IsSame(uint left, uint right) => left == right;
}

/// <summary>Exchanges long values.</summary>
public readonly struct CompareExchangeInt64 : ICompareExchangeOperation<long>
{
    /// <inheritdoc/>
    public long CompareExchange(ref long target, long compare, long value) => Atomic.CompareExchange(ref target, compare, value);

    /// <inheritdoc/>
    public bool IsSame(long left, long right) => left == right;
}

/// <summary>Exchanges ulong values.</summary>
public readonly struct CompareExchangeUInt64 : ICompareExchangeOperation<ulong>
{
    /// <inheritdoc/>
    public ulong CompareExchange(ref ulong target, ulong compare, ulong value) => Atomic.CompareExchange(ref target, compare, value);

    /// <inheritdoc/>
    public bool IsSame(ulong left, ulong right) => left == right;
}

/// <summary>Exchanges float values.</summary>
public readonly struct CompareExchangeFloat : ICompareExchangeOperation<float>
{
    /// <inheritdoc/>
    public float CompareExchange(ref float target, float compare, float value) => Atomic.CompareExchange(ref target, compare, value);

    /// <inheritdoc/>
    public bool IsSame(float left, float right) => Interop.FloatAsInt(left) == Interop.FloatAsInt(right);
}

/// <summary>Exchanges double values.</summary>
public readonly struct CompareExchangeDouble : ICompareExchangeOperation<double>
{
    /// <inheritdoc/>
    public double CompareExchange(ref double target, double compare, double value) => Atomic.CompareExchange(ref target, compare, value);

    /// <inheritdoc/>
    public bool IsSame(double left, double right) => Interop.FloatAsInt(left) == Interop.FloatAsInt(right);
}
