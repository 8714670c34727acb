using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>ERNIE 4.5 (dense): Llama with adjacent pairs and biases under one flag.</summary>
internal sealed class Ernie45 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["ernie4_5"];

    public override IReadOnlyList<string> GgufArchitectures => ["ernie4_5"];

    protected override ClassDefaults Defaults { get; } = new(103424, 1024, 3072, 18, 16, 131072)
    {
        KeyHeads = 2,
        HeadDimension = 128,
        Epsilon = 1e-5,
        Theta = 500000,
        Tied = true,
    };

    protected override RopePairing Pairing => RopePairing.Adjacent;

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("use_bias", false);
        return Prefixed(source, llama) with { QueryKeyValueBias = bias, AttentionOutputBias = bias, MlpBias = bias };
    }
}
