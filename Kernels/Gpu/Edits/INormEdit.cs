using ILGPU;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>What is done to rows on their way into a norm that every group of a launch repeats; see <see cref="Vector.NormedRows{TEdit}"/>.</summary>
internal interface INormEdit
{
    /// <summary>Whether there is anything to do.</summary>
    static abstract bool Edits { get; }

    /// <summary>Instructions of a token.</summary>
    int Count(int token);

    /// <summary>Eight columns of a token after so many instructions.</summary>
    Eight After(Eight x, int token, int column, int instructions);

    /// <summary>
    /// Called by every thread of a warp, once the row's squares are known: how many instructions count; the first group reports what they did.
    /// </summary>
    /// <param name="squares">Of what the warps have found, for each token and so many instructions; <see cref="RowSquares.Total"/>.</param>
    /// <param name="token">Of which token.</param>
    int Settle(ArrayView<float> squares, int token);

    /// <summary>Called by the first group with what the row has become.</summary>
    void Store(Eight x, int token, int column);
}

/// <summary>Nothing.</summary>
internal readonly struct NoEdit : INormEdit
{
    public static bool Edits => false;

    public int Count(int token) => 0;

    public Eight After(Eight x, int token, int column, int instructions) => x;

    public int Settle(ArrayView<float> squares, int token) => 0;

    public void Store(Eight x, int token, int column)
    {
    }
}

/// <summary>Where the warps of a norm leave their sums of squares, one of each number of instructions, and what these come to.</summary>
internal static class RowSquares
{
    /// <summary>Instructions of a token, at most.</summary>
    public const int MostInstructions = 3;

    /// <summary>Numbers for two tokens.</summary>
    public const int Length = 2 * (MostInstructions + 1) * Warps;

    /// <summary>Warps that a norm's columns are shared out among, whatever there are.</summary>
    public const int Warps = GpuKernels.NormThreads / 32;

    /// <summary>Where a warp's sum goes.</summary>
    public static int Place(int token, int instructions, int warp) => (((token * (MostInstructions + 1)) + instructions) * Warps) + warp;

    /// <summary>The sum of squares of a row after so many instructions; every thread of a warp calls.</summary>
    public static float Total(ArrayView<float> squares, int token, int instructions)
    {
        int lane = Group.IdxX & 31;
        return WarpReduction.SumOfWarp(lane < Warps ? squares[Place(token, instructions, lane)] : 0);
    }
}
