using Managed.Kernels;

namespace Managed.Families;

/// <summary>DeepSeek V3 and R1: experts chosen by sigmoid and a correction, within the best groups.</summary>
internal sealed class DeepSeekV3 : DeepSeekV2
{
    public override IReadOnlyList<string> ModelTypes => ["deepseek_v3"];

    public override IReadOnlyList<string> GgufArchitectures => [];

    protected override ClassDefaults Defaults { get; } = new(129280, 7168, 18432, 61, 128, 4096) { KeyHeads = 128 };

    // Pairs stand together in the weights and apart in the result.
    protected override RopePairing Pairing => RopePairing.AdjacentToHalves;

    protected override DeepSeekMixture.MixtureDefaults Mixture { get; } = new(256, 8, 1, 2048, 3, RouterScoring.Sigmoid, true, 2.5, 8, 4);
}
