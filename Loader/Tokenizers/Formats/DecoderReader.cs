namespace Managed.Loader.Tokenizers;

/// <summary>Builds the steps of the decoder that a tokenizer.json describes. Steps have state: every decoding gets its own.</summary>
internal static class DecoderReader
{
    private static readonly Dictionary<string, Func<JsonField, Func<DecoderStage[]>>> Kinds = new()
    {
        ["Sequence"] = ReadSequence,
        ["ByteLevel"] = _ => () => [new ByteLevelStage()],
        ["ByteFallback"] = _ => () => [new ByteFallbackStage()],
        ["Fuse"] = _ => () => [new FuseStage()],
        ["Metaspace"] = ReadMetaspace,
        ["WordPiece"] = ReadWordPiece,
        ["BPEDecoder"] = ReadSuffix,
        ["CTC"] = ReadCtc,
        ["Strip"] = ReadStrip,
        ["Replace"] = ReadReplace,
    };

    /// <summary>Makes the steps, in order; each call makes new ones.</summary>
    public static Func<DecoderStage[]> Read(JsonField field) => ComponentReader.Read(field, Kinds);

    private static Func<DecoderStage[]> ReadSequence(JsonField field)
    {
        Func<DecoderStage[]>[] parts = [.. field["decoders"].Items().Select(Read)];
        return () => [.. parts.SelectMany(part => part())];
    }

    private static Func<DecoderStage[]> ReadMetaspace(JsonField field)
    {
        string replacement = char.ConvertFromUtf32(field["replacement"].Character());
        var scheme = PreTokenizerReader.Scheme(field);
        return () => [MapStage.Metaspace(replacement, scheme)];
    }

    private static Func<DecoderStage[]> ReadWordPiece(JsonField field)
    {
        string prefix = field["prefix"].Text();
        bool cleanUp = field["cleanup"].Flag();
        return () => [MapStage.WordPiece(prefix, cleanUp)];
    }

    private static Func<DecoderStage[]> ReadSuffix(JsonField field)
    {
        string suffix = field["suffix"].Text();
        return () => [new SuffixStage(suffix)];
    }

    private static Func<DecoderStage[]> ReadCtc(JsonField field)
    {
        (string blank, string delimiter) = (field["pad_token"].Text(), field["word_delimiter_token"].Text());
        bool cleanUp = field["cleanup"].Flag();
        return () => [new CtcStage(blank, delimiter, cleanUp)];
    }

    private static Func<DecoderStage[]> ReadStrip(JsonField field)
    {
        string content = char.ConvertFromUtf32(field["content"].Character());
        (int start, int stop) = (field["start"].Integer(0, int.MaxValue), field["stop"].Integer(0, int.MaxValue));
        return () => [MapStage.Strip(content, start, stop)];
    }

    private static Func<DecoderStage[]> ReadReplace(JsonField field)
    {
        var pattern = PatternReader.Read(field["pattern"]);
        string content = field["content"].Text();
        return () => [MapStage.Replace(pattern, content)];
    }
}
