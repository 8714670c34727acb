namespace Managed.Loader.Tokenizers;

/// <summary>Builds the normaliser that a tokenizer.json describes.</summary>
internal static class NormalizerReader
{
    private static readonly Dictionary<string, Func<JsonField, INormalizer>> Kinds = new()
    {
        ["Sequence"] = field => new NormalizerSequence([.. field["normalizers"].Items().Select(Read)]),
        ["NFC"] = _ => new UnicodeNormalizer(compose: true, compatibility: false),
        ["NFD"] = _ => new UnicodeNormalizer(compose: false, compatibility: false),
        ["NFKC"] = _ => new UnicodeNormalizer(compose: true, compatibility: true),
        ["NFKD"] = _ => new UnicodeNormalizer(compose: false, compatibility: true),
        ["Lowercase"] = _ => PointNormalizer.Lowercase,
        ["StripAccents"] = _ => PointNormalizer.StripAccents,
        ["Nmt"] = _ => PointNormalizer.Nmt,
        ["ByteLevel"] = _ => PointNormalizer.ByteLevel,
        ["Strip"] = field => new StripNormalizer(field["strip_left"].Flag(), field["strip_right"].Flag()),
        ["Prepend"] = field => new PrependNormalizer(field["prepend"].Text()),
        ["Replace"] = field => new ReplaceNormalizer(PatternReader.Read(field["pattern"]), field["content"].Text()),
        ["Precompiled"] = ReadPrecompiled,
        ["BertNormalizer"] = field => new BertNormalizer(field["clean_text"].Flag(true), field["handle_chinese_chars"].Flag(true),
            field["strip_accents"].IsPresent ? field["strip_accents"].Flag() : null, field["lowercase"].Flag(true)),
    };

    public static INormalizer Read(JsonField field) => ComponentReader.Read(field, Kinds);

    private static INormalizer ReadPrecompiled(JsonField field)
    {
        var map = field["precompiled_charsmap"];
        if (!map.IsPresent || map.Text().Length == 0)
            return new NormalizerSequence([]);
        byte[] bytes = new byte[map.Text().Length];
        if (!Convert.TryFromBase64String(map.Text(), bytes, out int count))
            throw map.Error("text that is not base64", "a character map in base64");
        return new CharsMapNormalizer(CharsMap.Parse(bytes.AsSpan(0, count), map.Error));
    }
}

/// <summary>Picks the reader of a component by its "type".</summary>
internal static class ComponentReader
{
    public static T Read<T>(JsonField field, Dictionary<string, Func<JsonField, T>> kinds)
    {
        var type = field["type"];
        return kinds.TryGetValue(type.Text(), out var read)
            ? read(field)
            : throw type.Error($"\"{type.Text()}\"", "one of " + string.Join(", ", kinds.Keys));
    }
}

/// <summary>Builds the pattern of a Split or a Replace: a fixed text or a regular expression.</summary>
internal static class PatternReader
{
    public static ITextPattern Read(JsonField field)
    {
        if (field.IsText)
            return new LiteralPattern(AlignedText.PointsOf(field.Text()));
        if (field["String"].IsPresent)
            return new LiteralPattern(AlignedText.PointsOf(field["String"].Text()));
        if (!field["Regex"].IsPresent)
            throw field.Error(field.Found(), "{\"String\": …} or {\"Regex\": …}");
        return KnownPatterns.Find(field["Regex"].Text()) ?? RegexPattern.Parse(field["Regex"].Text(), field["Regex"].Error);
    }
}
