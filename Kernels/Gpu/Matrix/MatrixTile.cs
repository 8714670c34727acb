namespace Managed.Kernels.Gpu.Matrix;

/// <summary>
/// The part of a product that one group of threads computes, and how its warps share it. The sums of an element are the same whatever
/// the tile: only speed depends on it.
/// </summary>
internal interface IMatrixTile
{
    /// <summary>Tokens of a group; a multiple of 16 for each row of warps.</summary>
    static abstract int Tokens { get; }

    /// <summary>Outputs of a group; a multiple of 16 for each column of warps.</summary>
    static abstract int Outputs { get; }

    /// <summary>Rows of warps: each has Tokens / TokenWarps tokens.</summary>
    static abstract int TokenWarps { get; }

    /// <summary>Columns of warps: each has Outputs / OutputWarps outputs.</summary>
    static abstract int OutputWarps { get; }

    /// <summary>Steps of <see cref="MatrixKernel.Depth"/> columns whose operands are in shared memory or on their way to it.</summary>
    static abstract int Stages { get; }

    /// <summary>Groups that a multiprocessor should have room for.</summary>
    static abstract int Resident { get; }
}

/// <summary>128 tokens × 128 outputs, eight warps of 64 × 32.</summary>
internal readonly struct Tile128x128 : IMatrixTile
{
    public static int Tokens => 128;

    public static int Outputs => 128;

    public static int TokenWarps => 2;

    public static int OutputWarps => 4;

    public static int Stages => 3;

    public static int Resident => 2;
}

/// <summary>128 tokens × 128 outputs, four warps of 64 × 64.</summary>
internal readonly struct Tile128x128Wide : IMatrixTile
{
    public static int Tokens => 128;

    public static int Outputs => 128;

    public static int TokenWarps => 2;

    public static int OutputWarps => 2;

    public static int Stages => 3;

    public static int Resident => 2;
}

/// <summary>128 tokens × 256 outputs, eight warps of 64 × 64.</summary>
internal readonly struct Tile128x256 : IMatrixTile
{
    public static int Tokens => 128;

    public static int Outputs => 256;

    public static int TokenWarps => 2;

    public static int OutputWarps => 4;

    public static int Stages => 4;

    public static int Resident => 1;
}

/// <summary>64 tokens × 64 outputs, four warps of 32 × 32.</summary>
internal readonly struct Tile64x64 : IMatrixTile
{
    public static int Tokens => 64;

    public static int Outputs => 64;

    public static int TokenWarps => 2;

    public static int OutputWarps => 2;

    public static int Stages => 4;

    public static int Resident => 3;
}

/// <summary>32 tokens × 32 outputs, two warps of 32 × 16.</summary>
internal readonly struct Tile32x32 : IMatrixTile
{
    public static int Tokens => 32;

    public static int Outputs => 32;

    public static int TokenWarps => 1;

    public static int OutputWarps => 2;

    public static int Stages => 8;

    public static int Resident => 3;
}

/// <summary>16 tokens × 64 outputs, four warps of 16 × 16: for batches, where the weights' way from memory is what takes time.</summary>
internal readonly struct Tile16x64 : IMatrixTile
{
    public static int Tokens => 16;

    public static int Outputs => 64;

    public static int TokenWarps => 1;

    public static int OutputWarps => 4;

    public static int Stages => 6;

    public static int Resident => 3;
}

/// <summary>16 tokens × 32 outputs, two warps of 16 × 16.</summary>
internal readonly struct Tile16x32 : IMatrixTile
{
    public static int Tokens => 16;

    public static int Outputs => 32;

    public static int TokenWarps => 1;

    public static int OutputWarps => 2;

    public static int Stages => 8;

    public static int Resident => 4;
}
