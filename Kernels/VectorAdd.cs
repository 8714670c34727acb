using Managed.Kernels.Edits;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>What a program adds to one token's row at one hook point. All that a worker needs for it is here.</summary>
/// <param name="vector">The first of the vector's elements; null: nothing is added.</param>
/// <param name="squares">For the squares of each line of the row, before and after. // [lines, 2]</param>
/// <param name="strength">What the elements are multiplied with.</param>
/// <param name="number">Which of the program's hook points this is; −1: none of them.</param>
internal readonly unsafe struct VectorAdd(float* vector, float* squares, float strength, int number)
{
    private readonly float* vector = vector, squares = squares;
    private readonly float strength = strength;

    public static VectorAdd None => new(null, null, 0, -1);

    /// <summary>Which of the program's hook points this is; −1: none of them.</summary>
    public int Number { get; } = number;

    /// <summary>Whether something is added.</summary>
    public bool Acts => vector is not null;

    /// <summary>Asks memory for what is added to some elements.</summary>
    public void AskFor(int first, int count)
    {
        if (Acts)
            Lanes.Prefetch(vector + first, count);
    }

    /// <summary>Adds to some of the row's elements, the first of which begins a line.</summary>
    public void Apply(float* x, int first, int count)
    {
        if (Acts)
            EditKernel.AddInLines(x, squares + (2 * first / Lanes.Line), vector + first, strength, count);
    }

    /// <summary>Asks memory for what <see cref="Moved"/> reads.</summary>
    public void AskForSquares(int width)
    {
        if (Acts)
            Lanes.Prefetch(squares, 2 * Lanes.LineCount(width));
    }

    /// <summary>How far the row has been moved, as a share of its length before.</summary>
    /// <param name="width">The row's elements.</param>
    /// <param name="norm">The vector's length.</param>
    public float Moved(int width, float norm)
    {
        Lanes.SumsOfLines(out float before, out float after, squares, Lanes.LineCount(width));
        return EditKernel.Share(strength * norm, MathF.Sqrt(before), after);
    }
}
