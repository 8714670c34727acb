namespace Managed.Kernels.Gpu.Vector;

/// <summary>What becomes of a product before it is written.</summary>
internal interface IVectorEpilogue
{
    /// <summary>Whether two matrices of the same shape make one result.</summary>
    static abstract bool IsPaired { get; }

    /// <summary>What an element is to be joined with, asked for while its sums are still on their way.</summary>
    /// <param name="token">Row of the output.</param>
    /// <param name="row">Column of the output.</param>
    float Before(int token, int row);

    /// <summary>The element to be written.</summary>
    /// <param name="before">What <see cref="Before"/> gave.</param>
    /// <param name="first">The product with the first matrix, with its bias.</param>
    /// <param name="second">The product with the second.</param>
    float Finish(float before, float first, float second);
}

/// <summary>The product itself.</summary>
internal readonly struct PlainEpilogue : IVectorEpilogue
{
    public static bool IsPaired => false;

    public float Before(int token, int row) => 0;

    public float Finish(float before, float first, float second) => first;
}

/// <summary>residual + scale · product.</summary>
internal readonly struct ResidualEpilogue(RowsView residual, float scale) : IVectorEpilogue
{
    private readonly RowsView residual = residual;
    private readonly float scale = scale;

    public static bool IsPaired => false;

    public float Before(int token, int row) => residual[token, row];

    public float Finish(float before, float first, float second) => before + (scale * first);
}

/// <summary>act(gate) · up.</summary>
internal readonly struct GatedEpilogue<TFunction> : IVectorEpilogue
    where TFunction : struct, IActivationFunction
{
    public static bool IsPaired => true;

    public float Before(int token, int row) => 0;

    public float Finish(float before, float first, float second) => TFunction.Apply(first) * second;
}

/// <summary>Gated by <see cref="ActivationKernels.ClampedSwiglu"/>.</summary>
internal readonly struct ClampedSwigluEpilogue(float limit) : IVectorEpilogue
{
    private readonly float limit = limit;

    public static bool IsPaired => true;

    public float Before(int token, int row) => 0;

    public float Finish(float before, float first, float second)
    {
        float g = MathF.Min(first, limit), u = MathF.Min(MathF.Max(second, -limit), limit);
        return ActivationKernels.QuickGelu.Apply(g) * (u + 1f);
    }
}
