using System.Text.Json;
using System.Text.Json.Nodes;
using Managed.Loader;

namespace Managed.Fuzzing;

/// <summary>Sound tokenizers of some thirty tokens, in every format and with every component: small enough to be read ten thousand times a second.</summary>
internal static class SmallTokenizers
{
    /// <summary>Uses what the vocabularies know, and what they don't.</summary>
    public const string Text = " How do I make honey bread?\n<s>I'm  42, \u00e9\u0301\U0001F389 \u65e5\u672c";

    private static readonly string[] s_tokens =
    [
        "<unk>", "<s>", "</s>", "\u2581", "\u0120", " ", "H", "o", "w", "d", "I", "m", "a", "k", "e", "h", "n", "y", "b", "r", "ho", "hon", "ey", "honey", "br", "\u2581h",
        "\u0120h", "##o", "##w", "How", "<0xC3>", "<0xA9>", "\u00e9", "<0x0A>", "bread</w>", "d</w>",
    ];

    private static readonly (string Left, string Right)[] s_merges = [("h", "o"), ("ho", "n"), ("e", "y"), ("hon", "ey"), ("b", "r"), ("\u2581", "h"), ("\u0120", "h")];

    private static readonly string[] s_postProcessors =
    [
        """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}""",
        """{"type":"TemplateProcessing","single":"<s>:0 $A:0 </s>:0","pair":"$A $B","special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[2],"tokens":["</s>"]}}}""",
        """{"type":"BertProcessing","sep":["</s>",2],"cls":["<s>",1]}""",
        """{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",1],"trim_offsets":true,"add_prefix_space":true}""",
        """{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}""",
        """{"type":"Sequence","processors":[{"type":"ByteLevel","trim_offsets":true}]}""",
    ];

    /// <summary>One tokenizer.json for each component in `goldens` (tiny-components), with the models and post-processors in turn.</summary>
    public static IEnumerable<byte[]> Json(string goldens)
    {
        int number = 0;
        foreach (JsonNode? entry in JsonNode.Parse(File.ReadAllBytes(goldens))!["components"]!.AsArray())
        {
            string post = s_postProcessors[number % s_postProcessors.Length];
            var root = new JsonObject
            {
                ["version"] = "1.0",
                ["truncation"] = null,
                ["padding"] = null,
                ["added_tokens"] = AddedTokens(),
                ["normalizer"] = null,
                ["pre_tokenizer"] = null,
                ["post_processor"] = JsonNode.Parse(post),
                ["decoder"] = null,
                ["model"] = Model(number++),
            };
            root[entry!["kind"]!.GetValue<string>()] = entry["component"]!.DeepClone();
            yield return JsonSerializer.SerializeToUtf8Bytes(root);
        }
    }

    /// <summary>SentencePiece models: BPE and unigram, with and without bytes, maps and symbols of the user's own.</summary>
    public static IEnumerable<byte[]> SentencePiece()
    {
        foreach (int kind in (int[])[1, 2])
            foreach (bool bytes in (bool[])[false, true])
                yield return [.. Pieces(bytes), .. Message(2, [.. Number(3, kind), .. Number(35, bytes ? 1 : 0), .. Bytes(44, " \u2047 "u8)]), .. Normalizer(bytes)];
    }

    /// <summary>GGUF files with a vocabulary and no tensor, one for each kind.</summary>
    public static IEnumerable<byte[]> Gguf()
    {
        foreach (string kind in (string[])["gpt2", "llama", "bert", "t5", "gemma4"])
        {
            var metadata = new Dictionary<string, GgufValue>
            {
                ["general.architecture"] = GgufValue.From("llama"),
                ["tokenizer.ggml.model"] = GgufValue.From(kind),
                ["tokenizer.ggml.tokens"] = GgufValue.From(s_tokens),
                ["tokenizer.ggml.scores"] = GgufValue.From(s_tokens.Select((_, id) => -(float)id).ToArray()),
                ["tokenizer.ggml.token_type"] = GgufValue.From(s_tokens.Select((_, id) => (int)TypeOf(id)).ToArray()),
                ["tokenizer.ggml.bos_token_id"] = GgufValue.From(1u),
                ["tokenizer.ggml.eos_token_id"] = GgufValue.From(2u),
                ["tokenizer.ggml.unknown_token_id"] = GgufValue.From(0u),
                ["tokenizer.ggml.add_bos_token"] = GgufValue.From(true),
                ["tokenizer.chat_template"] = GgufValue.From("{{ messages[0].content }}"),
            };
            if (kind is "gpt2" or "gemma4")
                metadata["tokenizer.ggml.merges"] = GgufValue.From(s_merges.Select(merge => $"{merge.Left} {merge.Right}").ToArray());
            if (kind == "gpt2")
                metadata["tokenizer.ggml.pre"] = GgufValue.From("llama-bpe");
            if (kind == "t5")
                metadata["tokenizer.ggml.precompiled_charsmap"] = GgufValue.From(CharsMap());
            var stream = new MemoryStream();
            GgufWriter.Write(stream, metadata, []);
            yield return stream.ToArray();
        }
    }

    private static JsonArray AddedTokens()
    {
        var tokens = new JsonArray();
        foreach (int id in (int[])[0, 1, 2, 40])
        {
            tokens.Add(new JsonObject
            {
                ["id"] = id,
                ["content"] = id < s_tokens.Length ? s_tokens[id] : "<more>",
                ["single_word"] = id == 40,
                ["lstrip"] = id == 1,
                ["rstrip"] = id == 2,
                ["normalized"] = id == 40,
                ["special"] = id < 3,
            });
        }

        return tokens;
    }

    private static JsonObject Model(int number)
    {
        var vocabulary = new JsonObject(s_tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)JsonValueOf(id))));
        return (number % 4) switch
        {
            0 => new JsonObject
            {
                ["type"] = "BPE",
                ["unk_token"] = "<unk>",
                ["continuing_subword_prefix"] = number % 8 == 0 ? "##" : null,
                ["end_of_word_suffix"] = number % 12 == 0 ? "</w>" : null,
                ["fuse_unk"] = true,
                ["byte_fallback"] = true,
                ["ignore_merges"] = number % 3 == 0,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. s_merges.Select(merge => number % 8 == 0 ? (JsonNode)$"{merge.Left} {merge.Right}" : new JsonArray(merge.Left, merge.Right))]),
            },
            1 => new JsonObject
            {
                ["type"] = "Unigram",
                ["unk_id"] = 0,
                ["vocab"] = new JsonArray([.. s_tokens.Select((token, id) => new JsonArray(token, -(double)id))]),
                ["byte_fallback"] = number % 8 == 1,
            },
            2 => new JsonObject { ["type"] = "WordPiece", ["unk_token"] = "<unk>", ["continuing_subword_prefix"] = "##", ["max_input_chars_per_word"] = 100, ["vocab"] = vocabulary },
            _ => new JsonObject { ["type"] = "WordLevel", ["vocab"] = vocabulary, ["unk_token"] = "<unk>" },
        };
    }

    private static System.Text.Json.Nodes.JsonValue JsonValueOf(int number) => System.Text.Json.Nodes.JsonValue.Create(number);

    private static Loader.Tokenizers.PieceType TypeOf(int id) => s_tokens[id] switch
    {
        "<unk>" => Loader.Tokenizers.PieceType.Unknown,
        "<s>" or "</s>" => Loader.Tokenizers.PieceType.Control,
        "How" => Loader.Tokenizers.PieceType.UserDefined,
        "hon" => Loader.Tokenizers.PieceType.Unused,
        var token when token.StartsWith("<0x", StringComparison.Ordinal) => Loader.Tokenizers.PieceType.Byte,
        _ => Loader.Tokenizers.PieceType.Normal,
    };

    private static IEnumerable<byte> Pieces(bool bytes)
    {
        for (int id = 0; id < s_tokens.Length; id++)
        {
            if (!bytes && TypeOf(id) == Loader.Tokenizers.PieceType.Byte)
                continue;
            byte[] piece = [.. Bytes(1, System.Text.Encoding.UTF8.GetBytes(s_tokens[id])), 0x15, .. BitConverter.GetBytes(-(float)id), .. Number(3, (int)TypeOf(id))];
            foreach (byte value in Message(1, piece))
                yield return value;
        }
    }

    private static byte[] Normalizer(bool map) =>
        [.. Message(3, [.. Bytes(1, "nfkc"u8), .. map ? Bytes(2, CharsMap()) : [], .. Number(3, 1), .. Number(4, map ? 0 : 1), .. Number(5, 1)])];

    /// <summary>A map of "a" to "b": a double array of units with room for one edge, then the replacement.</summary>
    private static byte[] CharsMap()
    {
        var units = new uint[512];
        units[0] = 256u << 10;                       // the root's children start at 256 ^ label
        units[256 ^ 'a'] = 'a' | (1u << 8) | (1u << 10); // a leaf follows, at offset 1 from here
        units[(256 ^ 'a') ^ 1] = 0x80000000u;        // the leaf: the replacement at 0
        var bytes = new List<byte>(BitConverter.GetBytes(units.Length * 4));
        foreach (uint unit in units)
            bytes.AddRange(BitConverter.GetBytes(unit));
        bytes.AddRange("b\0"u8);
        return [.. bytes];
    }

    private static byte[] Number(int field, int value) => [.. Varint((uint)(field << 3)), .. Varint((uint)value)];

    private static byte[] Message(int field, byte[] content) => Bytes(field, content);

    private static byte[] Bytes(int field, ReadOnlySpan<byte> content) => [.. Varint((uint)((field << 3) | 2)), .. Varint((uint)content.Length), .. content];

    private static byte[] Varint(uint value)
    {
        var bytes = new List<byte>();
        for (; value > 0x7F; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
