using Managed.Architectures;
using Managed.Families;
using Managed.Kernels;
using Managed.Loader;

namespace Managed.Conversion;

/// <summary>
/// The model's sizes as its family reads them, so that what a configuration leaves out has the class's value;
/// every tensor's shape is checked on the way.
/// </summary>
internal sealed record ConversionSizes(Architecture Architecture, AttentionSpec Attention, double Theta, bool IsTied)
{
    public static ConversionSizes Read(Checkpoint checkpoint, ConversionFamily family)
    {
        (Architecture architecture, ModelTensors tensors) = FamilyRegistry.Describe(checkpoint);
        LayerSpec first = architecture.Layers[0];
        for (int layer = 0; layer < architecture.Layers.Length; layer++)
        {
            AttentionSpec attention = architecture.Layers[layer].Attention;
            if (attention.Window != 0)
                throw Refuse(checkpoint, "sliding_window", $"a window of {attention.Window} in layer {layer}", "attention to everything; readers of GGUF ignore windows of this family");
            bool plain = family.PlainLayerInterval > 0 && (layer + 1) % family.PlainLayerInterval == 0;
            if (attention.Rope is null != plain)
                throw Refuse(checkpoint, "no_rope_layers", $"layer {layer} {(plain ? "with" : "without")} rotary embedding",
                    $"{(family.PlainLayerInterval > 0 ? $"every {family.PlainLayerInterval}th layer" : "no layer")} without it, which GGUF takes for granted");
        }
        if (first.Mlp.Activation != ActivationKind.Silu)
            throw Refuse(checkpoint, "hidden_act", first.Mlp.Activation.ToString(), "silu, which GGUF takes for granted");
        RopeSpec rope = first.Attention.Rope ?? throw Refuse(checkpoint, "no_rope_layers", "no rotary embedding in the first layer", "one");
        if (first.Attention.ValueDimension != first.Attention.KeyDimension || rope.Dimensions != first.Attention.KeyDimension)
            throw Refuse(checkpoint, "head_dim", $"keys of {first.Attention.KeyDimension}, values of {first.Attention.ValueDimension}, {rope.Dimensions} of them rotary", "one size for all three");
        return new ConversionSizes(architecture, first.Attention, rope.Theta, tensors.Head.Weight.Name == tensors.Embedding.Name);
    }

    private static CheckpointException Refuse(Checkpoint checkpoint, string field, string found, string expected) => new(checkpoint.Config.File, field, null, found, expected);
}
