using ILGPU;
using ILGPU.Runtime;
using ActivationKernel = System.Action<ILGPU.KernelConfig, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.RowsView, int, int>;

namespace Managed.Kernels.Gpu;

/// <summary>A non-linearity of one number. Formulas: <see cref="ActivationKind"/>.</summary>
internal interface IActivationFunction
{
    static abstract float Apply(float x);
}

/// <summary>output = act(gate) · up, or act(gate); one thread for each element.</summary>
internal static class ActivationKernels
{
    private static readonly Dictionary<ActivationKind, Func<Accelerator, ActivationKernel>> s_known = new()
    {
        [ActivationKind.Silu] = Of<Silu>(),
        [ActivationKind.Gelu] = Of<Gelu>(),
        [ActivationKind.GeluTanh] = Of<GeluTanh>(),
        [ActivationKind.QuickGelu] = Of<QuickGelu>(),
        [ActivationKind.Relu] = Of<Relu>(),
        [ActivationKind.ReluSquared] = Of<ReluSquared>(),
        [ActivationKind.Identity] = Of<Identity>(),
        [ActivationKind.Sigmoid] = Of<Logistic>(),
        [ActivationKind.Tanh] = Of<HyperbolicTangent>(),
    };

    /// <summary>The kernel of a non-linearity of one argument, compiled.</summary>
    public static ActivationKernel Load(ActivationKind kind, Accelerator accelerator) => s_known[kind](accelerator);

    private static Func<Accelerator, ActivationKernel> Of<TFunction>()
        where TFunction : struct, IActivationFunction =>
        accelerator => accelerator.LoadStreamKernel<RowsView, RowsView, RowsView, int, int>(Run<TFunction>);

    public static void Run<TFunction>(RowsView output, RowsView gate, RowsView up, int isGated, int count)
        where TFunction : struct, IActivationFunction
    {
        int unit = (Grid.IdxX * Group.DimX) + Group.IdxX, row = unit / output.Width, column = unit - (row * output.Width);
        if (row >= count)
            return;
        float y = TFunction.Apply(gate[row, column]);
        output[row, column] = isGated != 0 ? y * up[row, column] : y;
    }

    /// <summary>g·σ(1.702·g)·(u + 1) of bounded g and u.</summary>
    public static void ClampedSwiglu(RowsView output, RowsView gate, RowsView up, float limit, int count)
    {
        int unit = (Grid.IdxX * Group.DimX) + Group.IdxX, row = unit / output.Width, column = unit - (row * output.Width);
        if (row >= count)
            return;
        float g = MathF.Min(gate[row, column], limit), u = MathF.Min(MathF.Max(up[row, column], -limit), limit);
        output[row, column] = QuickGelu.Apply(g) * (u + 1f);
    }

    internal readonly struct Silu : IActivationFunction
    {
        public static float Apply(float x) => x * Arithmetic.Sigmoid(x);
    }

    internal readonly struct Gelu : IActivationFunction
    {
        public static float Apply(float x) => x * Arithmetic.Normal(x);
    }

    internal readonly struct GeluTanh : IActivationFunction
    {
        public static float Apply(float x) => x * 0.5f * (1f + Arithmetic.Tanh(0.79788456080286536f * (x + (0.044715f * x * x * x))));
    }

    internal readonly struct QuickGelu : IActivationFunction
    {
        public static float Apply(float x) => x * Arithmetic.Sigmoid(x * 1.702f);
    }

    internal readonly struct Relu : IActivationFunction
    {
        public static float Apply(float x) => MathF.Max(x, 0f);
    }

    internal readonly struct ReluSquared : IActivationFunction
    {
        public static float Apply(float x) => MathF.Max(x, 0f) * MathF.Max(x, 0f);
    }

    internal readonly struct Identity : IActivationFunction
    {
        public static float Apply(float x) => x;
    }

    internal readonly struct Logistic : IActivationFunction
    {
        public static float Apply(float x) => Arithmetic.Sigmoid(x);
    }

    internal readonly struct HyperbolicTangent : IActivationFunction
    {
        public static float Apply(float x) => Arithmetic.Tanh(x);
    }
}
