using Managed.Kernels;

namespace Managed.Architectures;

/// <summary>One layer's MLP, without its weights: down(act(gate(x)) · up(x)), or down(act(in(x))) when not gated.</summary>
internal sealed record MlpSpec
{
    public required ActivationKind Activation { get; init; }

    public required bool Gated { get; init; }

    /// <summary>Inner width of the MLP, or of one expert.</summary>
    public required int Width { get; init; }

    /// <summary>Bound of ClampedSwiglu.</summary>
    public float ActivationLimit { get; init; }

    /// <summary>A mixture of experts; null: a plain MLP.</summary>
    public RouterSettings? Router { get; init; }

    /// <summary>Inner width of the expert that every token passes; 0: none.</summary>
    public int SharedWidth { get; init; }

    /// <summary>The shared expert's result is multiplied by σ(gate · x) (Qwen 2 MoE).</summary>
    public bool SharedGate { get; init; }
}
