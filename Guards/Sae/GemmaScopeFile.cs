using System.Globalization;
using System.Text.RegularExpressions;
using Managed.Guards.Interchange;
using Managed.Loader;

namespace Managed.Guards.Sae;

/// <summary>
/// Gemma Scope's `params.npz` under `layer_N/width_*/average_l0_*`: W_enc [inputs, features], W_dec [features, outputs], b_enc, b_dec,
/// threshold. Jump-ReLU; the decoder's bias is not subtracted from the input. The file does not say its hook point: the layer is in the path,
/// the place in the name of the repository, `…-res`, `…-att`, `…-mlp`, `…-transcoders`.
/// </summary>
internal static partial class GemmaScopeFile
{
    public const string FileName = "params.npz";

    private static readonly (string Mark, string In, string Out)[] s_places =
    [
        ("-transcoders", "ln2.hook_normalized", "hook_mlp_out"),
        ("-att", "attn.hook_z", "attn.hook_z"),
        ("-mlp", "hook_mlp_out", "hook_mlp_out"),
    ];

    public static SparseAutoencoder Read(string path, string? hookPoint)
    {
        (string hookIn, string hookOut) = hookPoint is null ? Places(path) : (hookPoint, hookPoint);
        using NpzFile file = NpzFile.Open(path);
        SaeTensors tensors = SaeTensorFiles.Of(path, file);
        string encoder = tensors.Has("w_enc") ? "w_enc" : "W_enc", decoder = tensors.Has("w_dec") ? "w_dec" : "W_dec";
        int inputs = tensors.Size(encoder, 0, 2), features = tensors.Size(encoder, 1, 2), outputs = tensors.Size(decoder, 1, 2);
        if (hookIn == hookOut && inputs != outputs)
            throw new CheckpointException(path, $"tensor {decoder}", null, $"{outputs} outputs", $"{inputs}, as many as inputs, at one hook point");
        var weights = new SaeWeights
        {
            Encoder = tensors.TakeTransposed(encoder, inputs, features),
            EncoderBias = tensors.Take("b_enc", features),
            Decoder = tensors.Take(decoder, features, outputs),
            DecoderBias = tensors.Take("b_dec", outputs),
            Threshold = tensors.TakeThreshold("threshold", features),
            ActivationScale = tensors.TakeScale("scaling_factor", features),
        };
        tensors.Finish();
        var settings = new SaeSettings
        {
            HookIn = hookIn,
            HookOut = hookOut,
            IsTranscoder = hookIn != hookOut,
            Activation = SaeActivation.JumpRelu,
            Notes = new Dictionary<string, string> { ["layout"] = "Gemma Scope" },
        };
        return new SparseAutoencoder(settings, weights);
    }

    private static (string In, string Out) Places(string path)
    {
        string full = Path.GetFullPath(path).Replace('\\', '/');
        Match layer = Layer().Match(full);
        if (!layer.Success)
            throw new CheckpointException(path, "path", null, "no folder called layer_N", "one, or the hook point to be given");
        string repository = Repository().Match(full).Value, hookIn = "hook_resid_post", hookOut = hookIn;
        foreach ((string mark, string from, string to) in s_places)
            if (repository.Contains(mark, StringComparison.Ordinal))
                (hookIn, hookOut) = (from, to);
        string block = $"blocks.{int.Parse(layer.Groups["layer"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture)}.";
        return (block + hookIn, block + hookOut);
    }

    [GeneratedRegex(@".*/layer_(?<layer>\d{1,6})/")]
    private static partial Regex Layer();

    [GeneratedRegex(@"gemma-scope[^/]*")]
    private static partial Regex Repository();
}
