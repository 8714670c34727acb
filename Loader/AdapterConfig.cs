using System.Text.RegularExpressions;

namespace Managed.Loader;

/// <summary>adapter_config.json of a LoRA adapter: what is adapted, at which rank, with which scale.</summary>
internal sealed class AdapterConfig
{
    private const string AllLinear = "all-linear";
    private const int HighestRank = 1 << 16;

    /// <summary>Settings that change what an adapter computes; each must be absent, null, false or empty.</summary>
    private static readonly (string Key, string What)[] s_refused =
    [
        ("use_dora", "weight-decomposed adapters (DoRA)"),
        ("use_qalora", "quantisation-aware adapters (QALoRA)"),
        ("use_bdlora", "block-diagonal adapters"),
        ("lora_bias", "a bias inside the adapter"),
        ("modules_to_save", "layers that were trained in full"),
        ("layer_replication", "replicated layers"),
        ("trainable_token_indices", "trained token embeddings"),
        ("target_parameters", "adapted bare parameters"),
        ("alora_invocation_tokens", "adapters that a token invokes (aLoRA)"),
        ("arrow_config", "routed adapters (Arrow)"),
        ("kasa_config", "knowledge-aware adapters (KaSA)"),
        ("monteclora_config", "Monte Carlo adapters"),
        ("velora_config", "VeLoRA"),
    ];

    /// <summary>Sections that only say how training began.</summary>
    private static readonly string[] s_harmless = ["corda_config", "eva_config", "loftq_config", "lora_ga_config", "megatron_config"];

    /// <summary>Initialisations that also change the base model's weights, so that the adapter alone doesn't fit the original.</summary>
    private static readonly string[] s_changesBase = ["pissa", "olora", "corda", "loftq", "lora_ga"];

    private readonly string[] _targets;
    private readonly Regex? _targetPattern;
    private readonly List<(Regex Pattern, double Value)> _ranks;
    private readonly List<(Regex Pattern, double Value)> _alphas;

    private AdapterConfig(ConfigSection config)
    {
        Rank = config.Count("r", least: 1, most: HighestRank);
        Alpha = config.Number("lora_alpha", 8);
        IsRankStabilised = config.Flag("use_rslora", false);
        BaseModel = config.Has("base_model_name_or_path") ? config.Text("base_model_name_or_path") : null;
        _targets = [];
        if (config is JsonConfigSection { } json && json.IsText("target_modules"))
        {
            string text = config.Text("target_modules");
            _targetPattern = text == AllLinear ? null : Compile(config, "target_modules", $@"^(?:{text})\z");
        }
        else
        {
            _targets = config.Texts("target_modules") ?? [];
        }

        _ranks = Patterns(config, "rank_pattern", $"a rank from 1 to {HighestRank}", value => value.AsInteger() is { } rank && rank >= 1 && rank <= HighestRank ? (int)rank : null);
        _alphas = Patterns(config, "alpha_pattern", "a finite number", value => value.AsNumber());
    }

    /// <summary>The rank of every layer that no pattern names.</summary>
    public int Rank { get; }

    public double Alpha { get; }

    public bool IsRankStabilised { get; }

    /// <summary>What the adapter was trained on, as its author wrote it.</summary>
    public string? BaseModel { get; }

    public static AdapterConfig Read(ConfigSection config)
    {
        string type = config.Text("peft_type");
        if (type != "LORA")
            throw config.Error("peft_type", Utf8Text.Show(type), "LORA; other kinds of adapter are not supported");
        string bias = config.Text("bias", "none");
        if (bias != "none")
            throw config.Error("bias", Utf8Text.Show(bias), "none; adapters that carry biases are not supported");
        foreach (var (key, what) in s_refused)
            if (config is JsonConfigSection json && json.IsSet(key))
                throw config.Error(key, what, "the setting absent or off; it is not supported");
        RefuseUnknown(config);
        if (config is JsonConfigSection root && root.IsText("init_lora_weights"))
        {
            string start = config.Text("init_lora_weights");
            if (s_changesBase.Any(name => start.StartsWith(name, StringComparison.OrdinalIgnoreCase)))
                throw config.Error("init_lora_weights", $"{Utf8Text.Show(start)}, which also changes the base model's weights", "an adapter that was converted to plain LoRA");
        }

        return new AdapterConfig(config);
    }

    /// <summary>Kinds of adapter that are younger than this project: each is switched on by a flag `use_…` or by a section `…_config`.</summary>
    private static void RefuseUnknown(ConfigSection config)
    {
        if (config is not JsonConfigSection json)
            return;
        foreach (string key in json.Members.Keys)
        {
            bool changes = (key.StartsWith("use_", StringComparison.Ordinal) && key != "use_rslora") || (key.EndsWith("_config", StringComparison.Ordinal) && !s_harmless.Contains(key));
            if (changes && json.IsSet(key))
                throw config.Error(key, "a setting that is not known here", "it absent or off: it may change what the adapter computes");
        }
    }

    /// <summary>Whether `target_modules` names the layer: in full, by the end of its path, or by a pattern of the whole path.</summary>
    public bool Targets(string module) =>
        _targetPattern is not null ? _targetPattern.IsMatch(module)
        : _targets.Length == 0 || _targets.Any(target => IsPathEnd(module, target));

    public int RankOf(string module) => (int)ValueOf(_ranks, module, Rank);

    public float ScaleOf(string module)
    {
        double alpha = ValueOf(_alphas, module, Alpha), rank = RankOf(module);
        return (float)(alpha / (IsRankStabilised ? Math.Sqrt(rank) : rank));
    }

    private static double ValueOf(List<(Regex Pattern, double Value)> patterns, string module, double otherwise)
    {
        foreach (var (pattern, value) in patterns)
            if (pattern.IsMatch(module))
                return value;
        return otherwise;
    }

    private static bool IsPathEnd(string module, string target) =>
        module == target || (module.Length > target.Length && module.EndsWith(target, StringComparison.Ordinal) && module[^(target.Length + 1)] == '.');

    private static List<(Regex Pattern, double Value)> Patterns(ConfigSection config, string key, string expected, Func<JsonValue, double?> read)
    {
        var patterns = new List<(Regex, double)>();
        if (config.Section(key) is JsonConfigSection section)
            foreach (var (pattern, value) in section.Members)
                patterns.Add((Compile(config, key, $@"^(?:.*\.)?(?:{pattern})\z"),
                    read(value) ?? throw new CheckpointException(config.File, $"{key}: {Utf8Text.Show(pattern)}", value.Offset, value.Describe(), expected)));
        return patterns;
    }

    /// <summary>Patterns come from a file that nobody vouches for: only those that match in linear time are taken.</summary>
    private static Regex Compile(ConfigSection config, string key, string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new CheckpointException(config.File, key, null, "a pattern that cannot be used: " + e.Message, "a regular expression without look-around and back-references", e);
        }
    }
}
