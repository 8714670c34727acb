using System.Text.Json;
using Managed.Loader;
using Managed.Loader.Tokenizers;

namespace Managed.Conversion;

/// <summary>A BPE tokenizer.json, of bytes or with byte fallback, becomes `tokenizer.ggml.*`; the file itself travels along, so that the way back is exact.</summary>
internal sealed class VocabularyToGguf
{
    /// <summary>The whole of tokenizer.json: a key that the GGUF specification names.</summary>
    public const string WholeFileKey = "tokenizer.huggingface.json";

    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";
    private const string AnyCase = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string SpeltOut = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";

    /// <summary>Where names mean the same, the usual one.</summary>
    private static readonly string[] s_usual = ["gpt-2", "smollm", "llama-bpe", "dbrx", "qwen2", "granite-docling"];

    private readonly string _file;
    private readonly JsonElement _root;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    private VocabularyToGguf(string file, JsonElement root)
    {
        _file = file;
        _root = root;
    }

    /// <summary>Adds the vocabulary of a folder to the metadata; `none` where the folder has no tokenizer.</summary>
    public static void Add(string folder, ConfigSection config, int vocabularySize, IDictionary<string, GgufValue> metadata, Action<string> note)
    {
        string file = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(file))
        {
            if (File.Exists(Path.Combine(folder, "tokenizer.model")))
                throw new CheckpointException(folder, "tokenizer.json", null, "tokenizer.model alone", "tokenizer.json, which can be converted");
            metadata["tokenizer.ggml.model"] = GgufValue.From("none");
            note("no tokenizer.json: the file gets no vocabulary");
            return;
        }
        Tokenizer.Open(file); // refuses what is malformed, with the place
        string text = File.ReadAllText(file);
        using JsonDocument document = JsonDocument.Parse(text);
        new VocabularyToGguf(file, document.RootElement).Fill(folder, config, vocabularySize, metadata, note);
        metadata[WholeFileKey] = GgufValue.From(text);
    }

    private void Fill(string folder, ConfigSection config, int vocabularySize, IDictionary<string, GgufValue> metadata, Action<string> note)
    {
        JsonElement model = _root.GetProperty("model");
        if (model.GetProperty("type").GetString() != "BPE")
            throw Error("model", $"a {model.GetProperty("type").GetString()} model", "BPE, of bytes or with byte fallback; other vocabularies cannot be converted");
        bool pieces = Flag(model, "byte_fallback");
        var (tokens, types) = Tokens(model, vocabularySize);
        SpecialTokens special = SpecialTokens.Read(folder, config, _ids);
        metadata["tokenizer.ggml.model"] = GgufValue.From(pieces ? "llama" : "gpt2");
        metadata["tokenizer.ggml.pre"] = GgufValue.From(pieces ? "default" : NameOfSplitting(Flag(model, "ignore_merges"), special.CleansSpaces, note));
        metadata["tokenizer.ggml.tokens"] = GgufValue.From(tokens);
        metadata["tokenizer.ggml.token_type"] = GgufValue.From(types);
        if (pieces)
            metadata["tokenizer.ggml.scores"] = GgufValue.From(PieceMerges.Scores(tokens, Merges(model)));
        else
            metadata["tokenizer.ggml.merges"] = GgufValue.From(Merges(model));
        special.WriteTo(metadata);
        (bool begin, bool end) = Added();
        metadata["tokenizer.ggml.add_bos_token"] = GgufValue.From(begin);
        metadata["tokenizer.ggml.add_eos_token"] = GgufValue.From(end);
        metadata["tokenizer.ggml.add_space_prefix"] = GgufValue.From(pieces && PutsSpaceInFront(_root));
        if (special.ChatTemplate is { } template)
            metadata["tokenizer.chat_template"] = GgufValue.From(template);
    }

    private (string[] Tokens, int[] Types) Tokens(JsonElement model, int vocabularySize)
    {
        foreach (JsonProperty token in model.GetProperty("vocab").EnumerateObject())
            _ids[token.Name] = token.Value.GetInt32();
        var added = new Dictionary<int, bool>();
        if (_root.TryGetProperty("added_tokens", out JsonElement list) && list.ValueKind == JsonValueKind.Array)
            foreach (JsonElement token in list.EnumerateArray())
            {
                _ids[token.GetProperty("content").GetString()!] = token.GetProperty("id").GetInt32();
                added[token.GetProperty("id").GetInt32()] = Flag(token, "special");
            }
        int most = _ids.Values.Max();
        if (most >= vocabularySize)
            throw Error("vocab", $"a token with id {most}", $"ids below vocab_size, {vocabularySize}");
        string[] tokens = [.. Enumerable.Range(0, vocabularySize).Select(id => $"[PAD{id}]")];
        int[] types = [.. Enumerable.Repeat((int)PieceType.Unused, vocabularySize)];
        foreach ((string token, int id) in _ids)
        {
            tokens[id] = token;
            types[id] = (int)(!added.TryGetValue(id, out bool special) ? PieceType.Normal : special ? PieceType.Control : PieceType.UserDefined);
            if (Flag(model, "byte_fallback") && ByteTokens.Parse(token) is not null)
                types[id] = (int)PieceType.Byte;
            else if (model.TryGetProperty("unk_token", out JsonElement unknown) && unknown.ValueKind == JsonValueKind.String && unknown.GetString() == token)
                types[id] = (int)PieceType.Unknown;
        }
        return (tokens, types);
    }

    private static string[] Merges(JsonElement model) =>
    [
        .. model.GetProperty("merges").EnumerateArray().Select(merge =>
            merge.ValueKind == JsonValueKind.String ? merge.GetString()! : $"{merge[0].GetString()} {merge[1].GetString()}"),
    ];

    private string NameOfSplitting(bool ignoresMerges, bool? cleansSpaces, Action<string> note)
    {
        if (_root.TryGetProperty("normalizer", out JsonElement normalizer) && normalizer.ValueKind == JsonValueKind.Object)
        {
            if (normalizer.GetProperty("type").GetString() != "NFC")
                throw Error("normalizer", $"{normalizer.GetProperty("type").GetString()}", "none or NFC; GGUF has no key for others");
            note("GGUF has no key for the normaliser NFC; other readers of the file leave it out");
        }
        string[] patterns = [.. Patterns(_root.TryGetProperty("pre_tokenizer", out JsonElement splitting) ? splitting : default)];
        string[] names = [.. s_usual.Concat(GgufPreTokenizers.Names).Where(name => GgufPreTokenizers.Find(name) is { } known
            && known.Patterns.SequenceEqual(patterns) && known.IgnoreMerges == ignoresMerges)];
        return names.FirstOrDefault(name => cleansSpaces is null || GgufPreTokenizers.Find(name)!.CleanSpaces == cleansSpaces) ?? names.FirstOrDefault()
            ?? throw Error("pre_tokenizer", $"a splitting by {string.Join(" and ", patterns)}", "one that GGUF has a name for");
    }

    private IEnumerable<string> Patterns(JsonElement splitting)
    {
        if (splitting.ValueKind != JsonValueKind.Object)
            throw Error("pre_tokenizer", "none", "byte level");
        switch (splitting.GetProperty("type").GetString())
        {
            case "Sequence":
                return splitting.GetProperty("pretokenizers").EnumerateArray().SelectMany(Patterns).ToArray();
            case "ByteLevel" when !Flag(splitting, "add_prefix_space"):
                return !splitting.TryGetProperty("use_regex", out JsonElement uses) || uses.GetBoolean() ? [Gpt2] : [];
            case "Digits":
                return [Flag(splitting, "individual_digits") ? @"\p{N}" : @"\p{N}+"];
            case "Split" when splitting.GetProperty("pattern").TryGetProperty("Regex", out JsonElement regex):
                string pattern = regex.GetString()!.Replace(AnyCase, SpeltOut, StringComparison.Ordinal);
                return [pattern == Gpt2 + @"|\s+" ? Gpt2 : pattern];
            case var other:
                throw Error("pre_tokenizer", $"{other}", "a splitting that GGUF has a name for");
        }
    }

    // A vocabulary of pieces writes a space as U+2581 and, usually, one in front of the text.
    private bool PutsSpaceInFront(JsonElement root)
    {
        bool Look(JsonElement part)
        {
            if (part.ValueKind != JsonValueKind.Object)
                return false;
            switch (part.GetProperty("type").GetString())
            {
                case "Sequence":
                    return part.GetProperty(part.TryGetProperty("normalizers", out _) ? "normalizers" : "pretokenizers").EnumerateArray().Select(Look).ToArray().Contains(true);
                case "Prepend":
                    return true;
                case "Replace":
                    return false;
                case "Metaspace":
                    return part.TryGetProperty("prepend_scheme", out JsonElement scheme) ? scheme.GetString() != "never" : Flag(part, "add_prefix_space");
                case var other:
                    throw Error("normalizer", $"{other}", "the handling of spaces that SentencePiece has");
            }
        }
        bool normalized = root.TryGetProperty("normalizer", out JsonElement normalizer) && Look(normalizer);
        return (root.TryGetProperty("pre_tokenizer", out JsonElement splitting) && Look(splitting)) || normalized;
    }

    /// <summary>Whether encoding puts a token in front and one behind.</summary>
    private (bool Begin, bool End) Added()
    {
        JsonElement? template = _root.TryGetProperty("post_processor", out JsonElement post) ? Template(post) : null;
        if (template is not { } found)
            return (false, false);
        JsonElement[] single = [.. found.GetProperty("single").EnumerateArray()];
        int text = Array.FindIndex(single, item => item.TryGetProperty("Sequence", out _));
        if (text > 1 || single.Length - text > 2)
            throw Error("post_processor", "several tokens around the text", "at most one in front and one behind");
        return (text == 1, single.Length - text == 2);
    }

    private static JsonElement? Template(JsonElement post)
    {
        if (post.ValueKind != JsonValueKind.Object)
            return null;
        return post.GetProperty("type").GetString() switch
        {
            "TemplateProcessing" => post,
            "Sequence" => post.GetProperty("processors").EnumerateArray().Select(Template).FirstOrDefault(template => template is not null),
            _ => null,
        };
    }

    private static bool Flag(JsonElement element, string key) => element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private CheckpointException Error(string field, string found, string expected) => new(_file, field, null, found, expected);
}
