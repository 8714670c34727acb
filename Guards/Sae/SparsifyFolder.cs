using System.Text.RegularExpressions;
using Managed.Loader;

namespace Managed.Guards.Sae;

/// <summary>
/// EleutherAI sparsify: `layers.N/cfg.json` and `sae.safetensors` with encoder.weight [features, inputs], encoder.bias,
/// W_dec [features, outputs], b_dec. ReLU, then the k largest; the decoder's bias is subtracted from the input unless it transcodes.
/// </summary>
internal static partial class SparsifyFolder
{
    public const string WeightsFile = "sae.safetensors";

    public static SparseAutoencoder Read(string folder, string? hookPoint)
    {
        JsonConfigSection config = JsonConfigSection.Open(Path.Combine(folder, "cfg.json"));
        Refuse(config, "signed");
        string activation = config.Text("activation", "topk");
        if (activation != "topk")
            throw config.Error("activation", $"the string \"{Utf8Text.Show(activation)}\"", "topk");
        bool transcodes = config.Flag("transcode", false);
        int inputs = config.Count("d_in", least: 1, most: SaeTensors.MostSize);
        int features = config.Has("num_latents") && config.Integer("num_latents") > 0 ? config.Count("num_latents", most: SaeTensors.MostSize)
            : checked((int)Math.Min((long)inputs * config.Integer("expansion_factor", least: 1, most: 1 << 20), int.MaxValue));
        (string hookIn, string hookOut) = hookPoint is not null && !transcodes ? (hookPoint, hookPoint) : Places(folder, transcodes, hookPoint);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        SaeTensors tensors = SaeTensorFiles.Of(file);
        int outputs = transcodes ? tensors.Size("b_dec", 0, 1) : inputs;
        var weights = new SaeWeights
        {
            Encoder = tensors.Take("encoder.weight", features, inputs),
            EncoderBias = tensors.Take("encoder.bias", features),
            Decoder = tensors.Take("W_dec", features, outputs),
            DecoderBias = tensors.Take("b_dec", outputs),
            Skip = config.Flag("skip_connection", false) ? tensors.Take("W_skip", outputs, inputs) : null,
        };
        tensors.Finish();
        var settings = new SaeSettings
        {
            HookIn = hookIn,
            HookOut = hookOut,
            IsTranscoder = transcodes,
            Activation = SaeActivation.TopK,
            K = config.Count("k", least: 1, most: features),
            SubtractsDecoderBias = !transcodes,
            Notes = new Dictionary<string, string> { ["layout"] = "sparsify" },
        };
        return new SparseAutoencoder(settings, weights);
    }

    private static void Refuse(JsonConfigSection config, string key)
    {
        if (config.Flag(key, false))
            throw config.Error(key, "true", "false: activations of either sign are not supported");
    }

    // The folder is called after the module whose output was read: a layer, or its MLP; a transcoder goes from the MLP's input to its output.
    private static (string In, string Out) Places(string folder, bool transcodes, string? hookPoint)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        Match match = HookFolder().Match(name);
        bool isMlp = match.Groups["mlp"].Success;
        if (!match.Success || (transcodes && !isMlp))
            throw new CheckpointException(folder, "folder", null, $"the name {Utf8Text.Show(name)}{(transcodes ? " of a transcoder" : "")}",
                transcodes ? "layers.N.mlp" : "layers.N or layers.N.mlp, or the hook point to be given");
        string block = $"blocks.{match.Groups["layer"].Value}.";
        return transcodes ? (hookPoint ?? block + "mlp.hook_in", block + "mlp.hook_out")
            : isMlp ? (block + "mlp.hook_out", block + "mlp.hook_out") : (block + "hook_resid_post", block + "hook_resid_post");
    }

    [GeneratedRegex(@"^([a-z_]+\.)*(layers|h)\.(?<layer>0|[1-9]\d{0,5})(?<mlp>\.mlp)?$")]
    private static partial Regex HookFolder();
}
