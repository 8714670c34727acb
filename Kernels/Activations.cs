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

    /// <summary>values = cap · tanh(values / cap).</summary>
    public static void SoftCap(float* values, int width, float cap)
    {
        Vector256<float> by = Vector256.Create(cap);
        for (int i = 0; i < width; i += 8)
        {
            int count = Math.Min(8, width - i);
            Vector256<float> x = count == 8 ? Vector256.Load(values + i) : Lanes.LoadFirst(values + i, count);
            x = by * Elementary.Tanh(x / by);
            if (count == 8)
                x.Store(values + i);
            else
                Lanes.StoreFirst(x, values + i, count);
        }
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

    private readonly struct Silu : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => x * Elementary.Sigmoid(x);
    }

    private readonly struct Gelu : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => x * Elementary.Normal(x);
    }

    private readonly struct GeluTanh : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) =>
            x * 0.5f * (Vector256<float>.One + Elementary.Tanh(0.79788456080286536f * (x + (0.044715f * x * x * x))));
    }

    private readonly struct QuickGelu : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => x * Elementary.Sigmoid(x * 1.702f);
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
        public static Vector256<float> Apply(Vector256<float> x) => Elementary.Sigmoid(x);
    }

    private readonly struct TanhOf : IActivation
    {
        public static Vector256<float> Apply(Vector256<float> x) => Elementary.Tanh(x);
    }
}
