namespace Managed.Loader.Tokenizers;

/// <summary>Builds the pre-tokeniser that a tokenizer.json describes.</summary>
internal static class PreTokenizerReader
{
    private static readonly Dictionary<string, SplitBehavior> Behaviors =
        Enum.GetValues<SplitBehavior>().ToDictionary(behavior => behavior.ToString());

    private static readonly Dictionary<string, Func<JsonField, IPreTokenizer>> Kinds = new()
    {
        ["Sequence"] = field => new PreTokenizerSequence([.. field["pretokenizers"].Items().Select(Read)]),
        ["ByteLevel"] = field => new ByteLevelPreTokenizer(field["add_prefix_space"].Flag(), field["use_regex"].Flag(true)),
        ["Whitespace"] = _ => new SplitPreTokenizer(new WordRunPattern(), SplitBehavior.Removed, invert: true),
        ["WhitespaceSplit"] = _ => Split(UnicodeFacts.IsWhiteSpace, SplitBehavior.Removed),
        ["BertPreTokenizer"] = _ => new PreTokenizerSequence([
            Split(UnicodeFacts.IsWhiteSpace, SplitBehavior.Removed), Split(UnicodeFacts.IsBertPunctuation, SplitBehavior.Isolated)]),
        ["Punctuation"] = field => Split(UnicodeFacts.IsBertPunctuation,
            field["behavior"].IsPresent ? Behavior(field["behavior"]) : SplitBehavior.Isolated),
        ["Digits"] = field => Split(UnicodeFacts.IsNumber,
            field["individual_digits"].Flag() ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
        ["CharDelimiterSplit"] = field =>
            new SplitPreTokenizer(new LiteralPattern([field["delimiter"].Character()]), SplitBehavior.Removed, invert: false),
        ["Split"] = field => new SplitPreTokenizer(
            PatternReader.Read(field["pattern"]), Behavior(field["behavior"]), field["invert"].Flag(false)),
        ["Metaspace"] = field => new MetaspacePreTokenizer(
            field["replacement"].Character(), Scheme(field), field["split"].Flag(true)),
        ["UnicodeScripts"] = _ => new ScriptPreTokenizer(),
        ["FixedLength"] = field => new FixedLengthPreTokenizer(field["length"].Integer(1, int.MaxValue)),
    };

    public static IPreTokenizer Read(JsonField field) => ComponentReader.Read(field, Kinds);

    /// <summary>When a Metaspace puts its sign in front; older files only say whether.</summary>
    public static PrependScheme Scheme(JsonField metaspace)
    {
        var scheme = metaspace["prepend_scheme"];
        if (!scheme.IsPresent)
            return metaspace["add_prefix_space"].Flag(true) ? PrependScheme.Always : PrependScheme.Never;
        return scheme.Text() switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            var other => throw scheme.Error($"\"{other}\"", "always, first or never"),
        };
    }

    private static SplitBehavior Behavior(JsonField field) => Behaviors.TryGetValue(field.Text(), out var behavior)
        ? behavior
        : throw field.Error($"\"{field.Text()}\"", "one of " + string.Join(", ", Behaviors.Keys));

    private static SplitPreTokenizer Split(Func<int, bool> predicate, SplitBehavior behavior) =>
        new(new PointPattern(predicate), behavior, invert: false);
}
