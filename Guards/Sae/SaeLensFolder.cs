using Managed.Loader;

namespace Managed.Guards.Sae;

/// <summary>
/// SAELens' folder: `cfg.json` and `sae_weights.safetensors` with W_enc [inputs, features], b_enc, W_dec [features, outputs], b_dec, and
/// what the architecture adds. Version 6 keeps hook names under `metadata`; older files have everything at the top.
/// </summary>
internal static class SaeLensFolder
{
    public const string WeightsFile = "sae_weights.safetensors";

    private static readonly Kind[] s_kinds =
    [
        new("standard", SaeActivation.Relu),
        new("gated", SaeActivation.Gated),
        new("topk", SaeActivation.TopK),
        new("jumprelu", SaeActivation.JumpRelu),
        new("transcoder", SaeActivation.Relu, Transcodes: true),
        new("skip_transcoder", SaeActivation.Relu, Transcodes: true, Skips: true),
        new("jumprelu_transcoder", SaeActivation.JumpRelu, Transcodes: true),
        // What training saves; for inference SAELens itself writes them as jumprelu with one threshold for all features.
        new("batchtopk", SaeActivation.JumpRelu),
        new("matryoshka_batchtopk", SaeActivation.JumpRelu),
    ];

    private static readonly Dictionary<string, SaeNormalization> s_normalizations = new()
    {
        ["none"] = SaeNormalization.None,
        ["expected_average_only_in"] = SaeNormalization.None, // a scale of training, folded in before files are used; see Folded
        ["constant_norm_rescale"] = SaeNormalization.ConstantNorm,
        ["layer_norm"] = SaeNormalization.LayerNorm,
    };

    public static SparseAutoencoder Read(string folder, string? hookPoint)
    {
        JsonConfigSection config = JsonConfigSection.Open(Path.Combine(folder, "cfg.json"));
        ConfigSection metadata = config.Section("metadata") ?? config;
        Kind kind = KindOf(config);
        int inputs = config.Count("d_in", least: 1, most: SaeTensors.MostSize), features = config.Count("d_sae", least: 1, most: SaeTensors.MostSize);
        int outputs = kind.Transcodes ? config.Count("d_out", inputs, least: 1, most: SaeTensors.MostSize) : inputs;
        SaeSettings settings = Settings(config, metadata, kind, features, hookPoint);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        return new SparseAutoencoder(settings, Weights(SaeTensorFiles.Of(file), kind, inputs, outputs, features));
    }

    private static Kind KindOf(JsonConfigSection config)
    {
        string name = config.Text("architecture", "standard");
        if (name == "standard" && config.Text("activation_fn|activation_fn_str", "relu") is var function and not "relu")
            name = function == "topk" ? "topk" : throw config.Error("activation_fn|activation_fn_str", $"the string \"{Utf8Text.Show(function)}\"", "relu or topk");
        return Array.Find(s_kinds, kind => kind.Name == name)
            ?? throw config.Error("architecture", $"the string \"{Utf8Text.Show(name)}\"", $"one of {string.Join(", ", s_kinds.Select(kind => kind.Name))}");
    }

    private static SaeSettings Settings(JsonConfigSection config, ConfigSection metadata, Kind kind, int features, string? hookPoint)
    {
        string hookIn = hookPoint ?? metadata.Text("hook_name|hook_point");
        if (metadata.Has("hook_head_index|hook_point_head_index"))
            throw metadata.Error("hook_head_index|hook_point_head_index", "the number of one head", "null: an autoencoder reads all heads");
        string reshape = config.Text("reshape_activations", "none");
        if (reshape is not ("none" or "hook_z"))
            throw config.Error("reshape_activations", $"the string \"{Utf8Text.Show(reshape)}\"", "none or hook_z");
        ConfigSection counts = config.Section("activation_fn_kwargs") is { } old && old.Has("k") ? old : config;
        return new SaeSettings
        {
            HookIn = hookIn,
            HookOut = kind.Transcodes ? metadata.Text("hook_name_out") : hookIn,
            IsTranscoder = kind.Transcodes,
            Activation = kind.Activation,
            K = kind.Activation == SaeActivation.TopK ? counts.Count("k", least: 1, most: features) : 0,
            Normalization = Normalization(config),
            SubtractsDecoderBias = !kind.Transcodes && config.Flag("apply_b_dec_to_input", true),
            RescalesByDecoderNorm = config.Flag("rescale_acts_by_decoder_norm", false),
            Notes = Notes(config, metadata, kind),
        };
    }

    private static SaeNormalization Normalization(JsonConfigSection config)
    {
        const string Key = "normalize_activations";
        if (!config.IsText(Key) && config.Has(Key))
        {
            config.Flag(Key); // before there were names: true is expected_average_only_in
            return SaeNormalization.None;
        }
        string name = config.Text(Key, "none");
        return s_normalizations.TryGetValue(name, out SaeNormalization found) ? found
            : throw config.Error(Key, $"the string \"{Utf8Text.Show(name)}\"", $"one of {string.Join(", ", s_normalizations.Keys)}");
    }

    private static Dictionary<string, string> Notes(JsonConfigSection config, ConfigSection metadata, Kind kind)
    {
        var notes = new Dictionary<string, string> { ["layout"] = "SAELens", ["architecture"] = kind.Name };
        foreach (string key in (string[])["model_name", "sae_lens_version", "neuronpedia_id"])
            if (metadata.Has(key) && metadata is JsonConfigSection json && json.IsText(key))
                notes[key] = metadata.Text(key);
        if (config.IsText("normalize_activations") && config.Text("normalize_activations") == "expected_average_only_in")
            notes["normalization"] = "expected_average_only_in: a scale of training; inputs are taken as they are, unless it is folded in";
        return notes;
    }

    private static SaeWeights Weights(SaeTensors tensors, Kind kind, int inputs, int outputs, int features)
    {
        bool gated = kind.Activation == SaeActivation.Gated;
        string threshold = tensors.Has("topk_threshold") ? "topk_threshold" : "threshold";
        var weights = new SaeWeights
        {
            Encoder = tensors.TakeTransposed("W_enc", inputs, features),
            EncoderBias = tensors.Take(gated ? "b_gate" : "b_enc", features),
            Decoder = tensors.Take("W_dec", features, outputs),
            DecoderBias = tensors.Take("b_dec", outputs),
            Threshold = kind.Activation == SaeActivation.JumpRelu ? tensors.TakeThreshold(threshold, features) : null,
            MagnitudeScale = gated ? tensors.TakeExp("r_mag", features) : null,
            MagnitudeBias = gated ? tensors.Take("b_mag", features) : null,
            ActivationScale = tensors.TakeScale(tensors.Has("finetuning_scaling_factor") ? "finetuning_scaling_factor" : "scaling_factor", features),
            Skip = kind.Skips ? tensors.Take("W_skip", outputs, inputs) : null,
        };
        tensors.Finish();
        return weights;
    }

    private sealed record Kind(string Name, SaeActivation Activation, bool Transcodes = false, bool Skips = false);
}
