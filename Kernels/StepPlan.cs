namespace Managed.Kernels;

/// <summary>
/// What one pass of the forward computation works on: tokens of one or more sequences, with each token's place.
/// Tokens of one sequence are adjacent and in ascending position. Prepared once a step and passed to every operation.
/// </summary>
internal sealed class StepPlan
{
    /// <summary>Number of tokens in this step.</summary>
    public int Count;

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
}

/// <summary>Where the keys and values of one layer lie within a cache page.</summary>
/// <param name="PagePositions">Positions a page holds; a multiple of 8.</param>
/// <param name="KeyStart">Offset of this layer's keys in the page; position i's row begins at KeyStart + i·KeyWidth.</param>
/// <param name="ValueStart">Offset of this layer's values.</param>
/// <param name="KeyWidth">Key heads × key dimension.</param>
/// <param name="ValueWidth">Key heads × value dimension.</param>
internal readonly record struct CacheLayout(int PagePositions, long KeyStart, long ValueStart, int KeyWidth, int ValueWidth);
