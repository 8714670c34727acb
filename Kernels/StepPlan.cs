using Managed.Kernels.Edits;

namespace Managed.Kernels;

/// <summary>
/// What one pass of the forward computation works on: tokens of one or more sequences, with each token's place.
/// Tokens of one sequence are adjacent and in ascending position. Prepared once a step and passed to every operation.
/// </summary>
internal sealed class StepPlan
{
    /// <summary>Number of tokens in this step.</summary>
    public int Count;

    /// <summary>How closely a device has to compute: in exact precision all parts of an operation give the bits of the whole.</summary>
    public Precision Precision;

    public int[] Tokens = []; // [Count]

    /// <summary>Position of each token in its own sequence.</summary>
    public int[] Positions = []; // [Count]

    /// <summary>Which sequence of the step each token belongs to, ascending.</summary>
    public int[] SequenceOf = []; // [Count]

    public int SequenceCount;

    /// <summary>First token of each sequence in the step, and one past the last at the end.</summary>
    public int[] SequenceStart = []; // [SequenceCount + 1]

    /// <summary>Pages of each sequence's cache, in order of position.</summary>
    public DeviceBuffer[][] Pages = []; // [SequenceCount][pages]

    /// <summary>The program that reads and edits each sequence's rows, with what it has read so far; null: none.</summary>
    public EditState?[] Edits = []; // [SequenceCount]
}

/// <summary>
/// Where the keys and values of one layer lie within a cache page: head by head, so that what one head reads lies together.
/// </summary>
/// <param name="PagePositions">Positions a page holds; a multiple of 8.</param>
/// <param name="KeyStart">Offset of this layer's keys in the page, [KeyHeads, PagePositions, KeyDimension].</param>
/// <param name="ValueStart">Offset of this layer's values, [KeyHeads, PagePositions, ValueDimension].</param>
/// <param name="KeyHeads">Heads of keys and of values.</param>
/// <param name="KeyDimension">Elements of a key.</param>
/// <param name="ValueDimension">Elements of a value.</param>
internal readonly record struct CacheLayout(int PagePositions, long KeyStart, long ValueStart, int KeyHeads, int KeyDimension, int ValueDimension)
{
    /// <summary>The first position of the page behind the one that holds a position.</summary>
    public int PageEnd(int position) => position - (position % PagePositions) + PagePositions;

    /// <summary>Offset in the page of a head's key at a position of the page.</summary>
    public long Key(int head, int position) => KeyStart + ((((long)head * PagePositions) + position) * KeyDimension);

    /// <summary>Offset in the page of a head's value at a position of the page.</summary>
    public long Value(int head, int position) => ValueStart + ((((long)head * PagePositions) + position) * ValueDimension);
}
