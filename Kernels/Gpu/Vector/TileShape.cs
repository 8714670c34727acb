namespace Managed.Kernels.Gpu.Vector;

/// <summary>What one launch of <see cref="TileKernel"/> is made of, at compile time.</summary>
internal interface ITileShape
{
    /// <summary>Tiles of 16 rows of a warp, which share the activations.</summary>
    static abstract int Tiles { get; }

    /// <summary>1: up to four tokens; 2: up to eight.</summary>
    static abstract int TokenTiles { get; }

    /// <inheritdoc cref="ILaunchOrder.LetNextBegin"/>
    static abstract void LetNextBegin();

    /// <inheritdoc cref="ILaunchOrder.AwaitPrevious"/>
    static abstract void AwaitPrevious();
}

/// <inheritdoc cref="ITileShape"/>
internal readonly struct TileShape<TTiles, TTokenTiles, TOrder> : ITileShape
    where TTiles : struct, IConstant
    where TTokenTiles : struct, IConstant
    where TOrder : struct, ILaunchOrder
{
    public static int Tiles => TTiles.Value;

    public static int TokenTiles => TTokenTiles.Value;

    public static void LetNextBegin() => TOrder.LetNextBegin();

    public static void AwaitPrevious() => TOrder.AwaitPrevious();
}
