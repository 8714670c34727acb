namespace Managed.Loader.Tokenizers;

/// <summary>Builds the post-processor that a tokenizer.json describes.</summary>
internal static class PostProcessorReader
{
    private static readonly Dictionary<string, Func<JsonField, IPostProcessor>> Kinds = new()
    {
        ["Sequence"] = field => new PostProcessorSequence([.. field["processors"].Items().Select(Read)]),
        ["TemplateProcessing"] = ReadTemplate,
        ["BertProcessing"] = Frame,
        ["RobertaProcessing"] = ReadRoberta,
        ["ByteLevel"] = field => field["trim_offsets"].Flag(true)
            ? new TrimOffsetsPostProcessor(field["add_prefix_space"].Flag(true))
            : new PostProcessorSequence([]),
    };

    public static IPostProcessor Read(JsonField field) => ComponentReader.Read(field, Kinds);

    private static FramePostProcessor Frame(JsonField field) => new([IdOf(field["cls"])], [IdOf(field["sep"])]);

    private static IPostProcessor ReadRoberta(JsonField field) => field["trim_offsets"].Flag(true)
        ? new PostProcessorSequence([new TrimOffsetsPostProcessor(field["add_prefix_space"].Flag(true)), Frame(field)])
        : Frame(field);

    /// <summary>A pair of a token and its id.</summary>
    private static int IdOf(JsonField pair)
    {
        var items = pair.Items().ToArray();
        if (items.Length != 2)
            throw pair.Error(pair.Found(), "a token and its id");
        items[0].Text();
        return items[1].Integer(0, Vocabulary.MaxId);
    }

    private static TemplatePostProcessor ReadTemplate(JsonField field)
    {
        var special = new Dictionary<string, int[]>();
        if (field["special_tokens"].IsPresent)
            foreach (var (name, token) in field["special_tokens"].Members())
                special[name] = [.. token["ids"].Items().Select(id => id.Integer(0, Vocabulary.MaxId))];
        var parts = field["single"].IsText
            ? field["single"].Text().Split(' ').Select(part => ReadShortPart(field["single"], part, special))
            : field["single"].Items().Select(part => ReadPart(part, special));
        return new TemplatePostProcessor([.. parts]);
    }

    /// <summary>The ids of a special token, or null for the text itself.</summary>
    private static int[]? ReadPart(JsonField part, Dictionary<string, int[]> special)
    {
        if (part.IsText)
            return ReadShortPart(part, part.Text(), special);
        if (part["Sequence"].IsPresent)
            return part["Sequence"]["id"].Text() == "A" ? null : throw part.Error(part.Found(), "the sequence A alone in \"single\"");
        if (!part["SpecialToken"].IsPresent)
            throw part.Error(part.Found(), "a SpecialToken or a Sequence");
        return Ids(part, part["SpecialToken"]["id"].Text(), special);
    }

    /// <summary>The short form: `$A:0`, `$0`, `[CLS]:0`.</summary>
    private static int[]? ReadShortPart(JsonField field, string part, Dictionary<string, int[]> special)
    {
        int colon = part.LastIndexOf(':');
        string name = colon > 0 && int.TryParse(part.AsSpan(colon + 1), out _) ? part[..colon] : part;
        if (name.StartsWith('$'))
            return name is "$" or "$A" or "$a" || int.TryParse(name.AsSpan(1), out _) ? null : throw field.Error($"\"{part}\"", "$A");
        return Ids(field, name, special);
    }

    private static int[] Ids(JsonField field, string name, Dictionary<string, int[]> special) =>
        special.TryGetValue(name, out int[]? ids) ? ids : throw field.Error($"\"{name}\"", "a name of special_tokens");
}
