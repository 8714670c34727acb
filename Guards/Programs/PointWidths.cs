using Managed.Hooks;

namespace Managed.Guards;

/// <summary>How many elements a token's row has at a hook point.</summary>
internal static class PointWidths
{
    public static int Of(LanguageModel model, HookAddress address) => address.Point switch
    {
        HookPoint.HeadOutput => model.Architecture.Layers[address.Layer].Attention is var attention ? attention.Heads * attention.ValueDimension : 0,
        HookPoint.MlpPost => model.Weights.Layers[address.Layer].Mlp!.Down.Inputs,
        _ => model.Width,
    };
}
