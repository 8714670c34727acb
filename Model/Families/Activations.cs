using Managed.Kernels;

namespace Managed.Families;

/// <summary>The names that configurations give to activations.</summary>
internal static class Activations
{
    private static readonly Dictionary<string, ActivationKind> s_known = new(StringComparer.Ordinal)
    {
        ["silu"] = ActivationKind.Silu,
        ["swish"] = ActivationKind.Silu,
        ["gelu"] = ActivationKind.Gelu,
        ["gelu_python"] = ActivationKind.Gelu,
        ["gelu_new"] = ActivationKind.GeluTanh,
        ["gelu_fast"] = ActivationKind.GeluTanh,
        ["gelu_pytorch_tanh"] = ActivationKind.GeluTanh,
        ["gelu_python_tanh"] = ActivationKind.GeluTanh,
        ["gelu_accurate"] = ActivationKind.GeluTanh,
        ["quick_gelu"] = ActivationKind.QuickGelu,
        ["relu"] = ActivationKind.Relu,
        ["relu2"] = ActivationKind.ReluSquared,
        ["sigmoid"] = ActivationKind.Sigmoid,
        ["tanh"] = ActivationKind.Tanh,
        ["linear"] = ActivationKind.Identity,
    };

    public static ActivationKind Of(FamilySource source, string key, string missing)
    {
        string name = source.Config.Text(key, missing);
        return s_known.TryGetValue(name, out ActivationKind kind) ? kind
            : throw source.Config.Error(key, $"the activation \"{name}\"", $"one of {string.Join(", ", s_known.Keys)}");
    }
}
