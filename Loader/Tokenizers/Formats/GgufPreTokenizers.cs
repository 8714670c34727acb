namespace Managed.Loader.Tokenizers;

/// <summary>How a byte-level vocabulary of a GGUF file wants its texts split, and what else its name implies.</summary>
/// <param name="Patterns">Regular expressions, each applied to the pieces that the one before has left.</param>
/// <param name="IgnoreMerges">A piece that is a token is taken whole.</param>
/// <param name="AddBegin">The begin token goes in front unless the file says otherwise.</param>
/// <param name="CleanSpaces">Decoding takes away the spaces before punctuation.</param>
internal sealed record GgufPreTokenizer(string[] Patterns, bool IgnoreMerges = false, bool AddBegin = false, bool CleanSpaces = true);

/// <summary>The pre-tokenisers that GGUF files name in `tokenizer.ggml.pre`, as llama.cpp defines them.</summary>
internal static class GgufPreTokenizers
{
    private const string Contractions = @"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";
    private const string WordEnd = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Llama3 = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + WordEnd;
    private const string Qwen2 = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + WordEnd;
    private const string Qwen35 = Contractions +
        @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string SlashEnd = @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Tekken = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + @"+|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower + @"*|\p{N}" + SlashEnd;
    private const string CasedWords = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + "+" + Contractions +
        @"?|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower + "*" + Contractions + "?";

    private const string Gpt4o = CasedWords + @"|\p{N}{1,3}" + SlashEnd;
    private const string UpperNotHan = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]";
    private const string LowerNotHan = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]";
    private const string KimiK2 = @"\p{Han}+|[^\r\n\p{L}\p{N}]?" + UpperNotHan + "*" + LowerNotHan + "+" + Contractions +
        @"?|[^\r\n\p{L}\p{N}]?" + UpperNotHan + "+" + LowerNotHan + "*" + Contractions + @"?|\p{N}{1,3}" + WordEnd;

    private const string DefaultPunctuation = @"[\p{P}\$\+<=>\^~\|]+";
    private const string ChineseJapanese = @"[\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+";
    private const string ChineseKorean = @"[\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+";
    private const string AsciiWords = @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+" +
        @"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Bloom = @" ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{964}\x{6D4}\x{60C})]+";
    private const string YoutuScripts = @"[\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+" +
        @"|[\x{FF01}\x{2026}\x{201C}\x{201D}\x{2018}\x{2019}\x{2014}\x{FF1A}\x{FF1B}\x{FF0C}\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+" +
        @"|[\x{3105}-\x{312F}]+|" + ChineseJapanese;

    private const string AsianScripts = @"[\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{F900}-\x{FAFF}\x{3040}-\x{309F}\x{30A0}-\x{30FF}" +
        @"\x{FF65}-\x{FF9F}\x{2F00}-\x{2FDF}\x{E40}-\x{E7F}\x{E80}-\x{EFF}\x{1780}-\x{17FF}\x{1000}-\x{109F}\x{AA60}-\x{AA7F}" +
        @"\x{A9E0}-\x{A9FF}\x{AC00}-\x{D7AF}\x{1100}-\x{11FF}]+";

    // The cased letters that DeepSeek's own tokenizer lists.
    private const string DeepSeekLetters = @"\s?[" +
        @"A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF}" +
        @"\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}" +
        @"\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}" +
        @"\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}" +
        @"\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D}" +
        @"\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}" +
        @"\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}" +
        @"\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}" +
        @"\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}" +
        @"\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}" +
        @"\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}" +
        @"\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}" + @"]+";

    private static readonly Dictionary<string, GgufPreTokenizer> ByName = Build(
        (new([DefaultPunctuation, Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"]), "default"),
        (new([Llama3], IgnoreMerges: true, AddBegin: true),
            "llama3 llama-v3 llama-bpe laguna falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano"),
        (new([Llama3]), "dbrx smaug-bpe glm4 chatglm-bpe"),
        (new([Qwen2]), "stablelm2 megrez"),
        (new([Qwen2], CleanSpaces: false), "qwen2 deepseek-r1-qwen kormo openpangu f2llmv2 hunyuan solar-open grok-2"),
        (new([Qwen35], CleanSpaces: false), "qwen35"),
        (new([Gpt2]), "gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert " +
            "jina-v1-en jina-v2-code roberta-bpe mpt olmo jais exaone4"),
        (new([Gpt2], CleanSpaces: false), "trillion granite-docling"),
        (new([@"\p{N}", Gpt2]), "starcoder refact codeshell exaone minerva-7b mellum2"),
        (new([@"\p{N}", Gpt2], CleanSpaces: false), "smollm command-r cohere2_moe"),
        (new([@"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]"]), "falcon"),
        (new([Tekken], IgnoreMerges: true, AddBegin: true, CleanSpaces: false), "tekken"),
        (new([Gpt4o], CleanSpaces: false), "gpt-4o llama4 kanana2 minimax-m2"),
        (new([@"\d{1,3}(?=(?:\d{3})*\b)", Gpt4o], CleanSpaces: false), "tiny_aya"),
        (new([@"[\r\n]", DeepSeekLetters, @"\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+",
            @"\s+\z", ChineseKorean, @"\p{N}+"], CleanSpaces: false), "deepseek-llm"),
        (new([@"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", ChineseKorean, @"\p{N}"], CleanSpaces: false), "deepseek-coder"),
        (new([@"\p{N}{1,3}", ChineseJapanese, AsciiWords], CleanSpaces: false), "deepseek-v3 hunyuan-dense joyai-llm"),
        (new([YoutuScripts, CasedWords + @"|\p{N}" + SlashEnd], IgnoreMerges: true, CleanSpaces: false), "youtu"),
        (new([Bloom], CleanSpaces: false), "poro-chat"),
        (new([Bloom]), "bloom gpt3-finnish"),
        (new([Bloom, @"\p{N}"], CleanSpaces: false), "viking"),
        (new(["<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", @"([\t\n]|    |  )", @"\p{N}", @"[\p{P}!-/:-@\[-`{-~]", Gpt2],
            AddBegin: true, CleanSpaces: false), "chameleon"),
        (new([Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)" +
            @"|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}"]), "jais-2"),
        (new([KimiK2], CleanSpaces: false), "kimi-k2"),
        (new([@"\p{N}+", @"(?=(\d{3})+(?!\d))"], CleanSpaces: false), "superbpe"),
        (new([@"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"],
            CleanSpaces: false), "bailingmoe bailingmoe2 llada-moe"),
        (new([Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"], CleanSpaces: false), "seed-coder"),
        (new([@"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))", AsianScripts, AsciiWords], CleanSpaces: false), "afmoe"),
        (new([Contractions + @"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"]),
            "exaone-moe"),
        (new([@"[^\n]+|[\n]+"]), "gemma4"));

    public static IEnumerable<string> Names => ByName.Keys;

    /// <summary>The pre-tokeniser of that name; null where there is none.</summary>
    public static GgufPreTokenizer? Find(string name) => ByName.GetValueOrDefault(name);

    private static Dictionary<string, GgufPreTokenizer> Build(params (GgufPreTokenizer PreTokenizer, string Names)[] rows)
    {
        var byName = new Dictionary<string, GgufPreTokenizer>();
        foreach (var (preTokenizer, names) in rows)
            foreach (string name in names.Split(' '))
                byName.Add(name, preTokenizer);
        return byName;
    }
}
