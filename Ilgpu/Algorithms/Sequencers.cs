namespace ILGPU.Algorithms.Sequencers;

/// <summary>Gives the elements of a sequence.</summary>
/// <typeparam name="T">The elements' type.</typeparam>
public interface ISequencer<T>
    where T : unmanaged
{
    /// <summary>The element at a position.</summary>
    T ComputeSequenceElement(LongIndex1D sequenceIndex);
}

/// <summary>0, 1, 2, … as sbyte values.</summary>
public readonly struct Int8Sequencer : ISequencer<sbyte>
{
    /// <inheritdoc/>
    public sbyte ComputeSequenceElement(LongIndex1D sequenceIndex) => (sbyte)sequenceIndex.X;
}

/// <summary>0, 1, 2, … as short values.</summary>
public readonly struct Int16Sequencer : ISequencer<short>
{
    /// <inheritdoc/>
    public short ComputeSequenceElement(LongIndex1D sequenceIndex) => (short)sequenceIndex.X;
}

/// <summary>0, 1, 2, … as int values.</summary>
public readonly struct Int32Sequencer : ISequencer<int>
{
    /// <inheritdoc/>
    public int ComputeSequenceElement(LongIndex1D sequenceIndex) => (int)sequenceIndex.X;
}

/// <summary>0, 1, 2, … as long values.</summary>
public readonly struct Int64Sequencer : ISequencer<long>
{
    /// <inheritdoc/>
    public long ComputeSequenceElement(LongIndex1D sequenceIndex) => sequenceIndex.X;
}

/// <summary>0, 1, 2, … as byte values.</summary>
public readonly struct UInt8Sequencer : ISequencer<byte>
{
    /// <inheritdoc/>
    public byte ComputeSequenceElement(LongIndex1D sequenceIndex) => (byte)sequenceIndex.X;
}

/// <summary>0, 1, 2, … as ushort values.</summary>
public readonly struct UInt16Sequencer : ISequencer<ushort>
{
    /// <inheritdoc/>
    public ushort ComputeSequenceElement(LongIndex1D sequenceIndex) => (ushort)sequenceIndex.X;
}

/// <summary>0, 1, 2, … as uint values.</summary>
public readonly struct UInt32Sequencer : ISequencer<uint>
{
    /// <inheritdoc/>
    public uint ComputeSequenceElement(LongIndex1D sequenceIndex) => (uint)sequenceIndex.X;
}

/// <summary>0, 1, 2, … as ulong values.</summary>
public readonly struct UInt64Sequencer : ISequencer<ulong>
{
    /// <inheritdoc/>
    public ulong ComputeSequenceElement(LongIndex1D sequenceIndex) => (ulong)sequenceIndex.X;
}

/// <summary>0, 1, 2, … as float values.</summary>
public readonly struct FloatSequencer : ISequencer<float>
{
    /// <inheritdoc/>
    public float ComputeSequenceElement(LongIndex1D sequenceIndex) => (float)sequenceIndex.X;
}

/// <summary>0, 1, 2, … as double values.</summary>
public readonly struct DoubleSequencer : ISequencer<double>
{
    /// <inheritdoc/>
    public double ComputeSequenceElement(LongIndex1D sequenceIndex) => (double)sequenceIndex.X;
}

/// <summary>0, 1, 2, … as 16-bit floating point values.</summary>
public readonly struct HalfSequencer : ISequencer<Half>
{
    /// <inheritdoc/>
    public Half ComputeSequenceElement(LongIndex1D sequenceIndex) => (Half)(float)sequenceIndex.X;
}
