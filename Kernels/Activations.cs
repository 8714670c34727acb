using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>One non-linearity, eight elements at a time. Formulas: <see cref="ActivationKind"/>.</summary>
internal interface IActivation
{
    static abstract Vector256<float> Apply(Vector256<float> x);
}

/// <summary>The non-linearities of MLPs.</summary>
internal static unsafe class Activations
{
    private static readonly delegate*<float*, float*, float*, int, void>[] Kernels = new delegate*<float*, float*, float*, int, void>[16];

    static Activations()
    {
        Kernels[(int)ActivationKind.Silu] = &Run<Silu>;
        Kernels[(int)ActivationKind.Gelu] = &Run<Gelu>;
        Kernels[(int)ActivationKind.GeluTanh] = &Run<GeluTanh>;
        Kernels[(int)ActivationKind.QuickGelu] = &Run<QuickGelu>;
        Kernels[(int)ActivationKind.Relu] = &Run<Relu>;
        Kernels[(int)ActivationKind.ReluSquared] = &Run<ReluSquared>;
        Kernels[(int)ActivationKind.Identity] = &Run<Identity>;
        Kernels[(int)ActivationKind.Sigmoid] = &Run<SigmoidOf>;
        Kernels[(int)ActivationKind.Tanh] = &Run<TanhOf>;
    }

    /// <summary>output = act(gate) · up; act(gate) where `up` is null. `output` may be `gate`.</summary>
    public static void Apply(float* output, float* gate, float* up, int width, ActivationKind kind, float limit)
    {
        if (kind == ActivationKind.ClampedSwiglu)
            ClampedSwiglu(output, gate, up, width, limit);
        else
            Kernels[(int)kind](output, gate, up, width);
    }

    private static void Run<TActivation>(float* output, float* gate, float* up, int width)
        where TActivation : struct, IActivation
    {
        int i = 0;
        for (; i + 8 <= width; i += 8)
        {
            Vector256<float> y = TActivation.Apply(Vector256.Load(gate + i));
            (up is null ? y : y * Vector256.Load(up + i)).Store(output + i);
        }
        if (i == width)
            return;
        Vector256<float> last = TActivation.Apply(Lanes.LoadFirst(gate + i, width - i));
        Lanes.StoreFirst(up is null ? last : last * Lanes.LoadFirst(up + i, width - i), output + i, width - i);
    }

    private static void ClampedSwiglu(float* output, float* gate, float* up, int width, float limit)
    {
        Vector256<float> most = Vector256.Create(limit), one = Vector256<float>.One;
        for (int i = 0; i < width; i += 8)
        {
            int count = Math.Min(8, width - i);
            Vector256<float> g = Vector256.Min(Lanes.LoadFirst(gate + i, count), most);
            Vector256<float> u = Vector256.Min(Vector256.Max(Lanes.LoadFirst(up + i, count), -most), most);
            Lanes.StoreFirst(QuickGelu.Apply(g) * (u + one), output + i, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Sigmoid(Vector256<float> x) => Vector256<float>.One / (Vector256<float>.One + Vector256.Exp(-x));

    // 1 − 2 / (e^2x + 1)
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Tanh(Vector256<float> x) =>
        Vector256<float>.One - (Vector256.Create(2f) / (Vector256.Exp(x + x) + Vector256<float>.One));

    // Abramowitz and Stegun 1964, 7.1.26: |error| ≤ 1.5e-7.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Erf(Vector256<float> x)
    {
        Vector256<float> a = Vector256.Abs(x);
        Vector256<float> t = Vector256<float>.One / (Vector256<float>.One + (a * 0.3275911f));
        Vector256<float> p = Vector256.Create(1.061405429f);
        p = Lanes.MultiplyAdd(p, t, Vector256.Create(-1.453152027f));
        p = Lanes.MultiplyAdd(p, t, Vector256.Create(1.421413741f));
        p = Lanes.MultiplyAdd(p, t, Vector256.Create(-0.284496736f));
        p = Lanes.MultiplyAdd(p, t, Vector256.Create(0.254829592f));
        Vector256<float> y = Vector256<float>.One - (p * t * Vector256.Exp(-a * a));
        return Vector256.CopySign(y, x);
    }

    private readonly struct Silu : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => x * Sigmoid(x);
    }

    private readonly struct Gelu : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => x * 0.5f * (Vector256<float>.One + Erf(x * 0.70710678118654752f));
    }

    private readonly struct GeluTanh : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) =>
            x * 0.5f * (Vector256<float>.One + Tanh(0.79788456080286536f * (x + (0.044715f * x * x * x))));
    }

    private readonly struct QuickGelu : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => x * Sigmoid(x * 1.702f);
    }

    private readonly struct Relu : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => Vector256.Max(x, Vector256<float>.Zero);
    }

    private readonly struct ReluSquared : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => Relu.Apply(x) * Relu.Apply(x);
    }

    private readonly struct Identity : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => x;
    }

    private readonly struct SigmoidOf : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => Sigmoid(x);
    }

    private readonly struct TanhOf : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => Tanh(x);
    }
}
