using System.Globalization;
using System.Text.RegularExpressions;
using Managed.GpuPerf;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Loader;

namespace Managed.Peers;

/// <summary>A llama-shaped GGUF file, perhaps with experts, with random weights and a made-up vocabulary, written tensor by tensor.</summary>
internal static unsafe partial class SyntheticGguf
{
    private const ulong Seed = 20251126;
    private const int Shifts = 4093; // where weights begin in the block of random ones: a prime, so that neighbours differ
    private const int Unknown = 2, Control = 3, Normal = 1, Byte = 6; // kinds of tokens
    private const float NormEpsilon = 1e-5f, RopeBase = 10000f;

    // general.file_type
    private static readonly Dictionary<WeightType, uint> s_fileTypes = new() { [WeightType.F16] = 1, [WeightType.Q4_0] = 2, [WeightType.Q8_0] = 7, [WeightType.Q4_K] = 14, [WeightType.BF16] = 32 };

    private static readonly (string From, string To)[] s_names =
    [
        ("model.embed_tokens", "token_embd"), ("lm_head", "output"), ("model.norm", "output_norm"), ("model.layers", "blk"),
        ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
        ("block_sparse_moe.gate", "ffn_gate_inp"), ("block_sparse_moe.experts.w1", "ffn_gate_exps"), ("block_sparse_moe.experts.w3", "ffn_up_exps"), ("block_sparse_moe.experts.w2", "ffn_down_exps"),
        ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"), ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
    ];

    /// <summary>Writes the file.</summary>
    /// <param name="path">Where.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="type">The type of all matrices: F16, BF16, Q8_0, Q4_0 or Q4_K.</param>
    public static void Write(string path, ModelShape shape, WeightType type)
    {
        if (!s_fileTypes.TryGetValue(type, out uint fileType))
            throw new ArgumentException($"--type: found {type}; expected {string.Join(", ", s_fileTypes.Keys)}.");
        long largest = shape.Matrices().Max(matrix => (long)matrix.Rows * matrix.Columns);
        using var block = new RandomBlock(type, largest + (2L * Shifts * RandomBlock.ElementsOf(type)), Seed);
        var tensors = new List<TensorToWrite>();
        int matrices = 0;
        foreach (var tensor in shape.Matrices().GroupBy(matrix => GgufName(matrix.Name)))
        {
            (_, int rows, int columns) = tensor.First();
            nint[] parts = [.. tensor.Select(_ => (nint)(block.Data + ((long)matrices++ * 911 % Shifts * 2 * block.UnitBytes)))];
            long bytes = rows * BlockFormats.RowBytes(type, columns);
            long[] sizes = parts.Length > 1 ? [parts.Length, rows, columns] : [rows, columns]; // experts lie one below the other
            tensors.Add(new TensorToWrite(tensor.Key, (TensorType)(int)type, sizes, stream => Array.ForEach(parts, part => Copy(stream, (byte*)part, bytes))));
        }
        float[] gain = [.. Enumerable.Range(0, shape.Width).Select(i => 0.9f + (0.2f * (i * 37 % 101) / 100))];
        foreach (string norm in shape.Norms())
            tensors.Add(TensorToWrite.From(GgufName(norm), [shape.Width], gain));
        GgufWriter.Write(path, [.. Metadata(shape, fileType).Select(pair => KeyValuePair.Create(pair.Key, GgufValue.From(pair.Value)))], tensors);
    }

    private static string GgufName(string name) =>
        s_names.Aggregate(ExpertNumber().Replace(name, ""), (result, pair) => result.Replace(pair.From, pair.To, StringComparison.Ordinal));

    [GeneratedRegex(@"(?<=experts)\.\d+")]
    private static partial Regex ExpertNumber();

    private static void Copy(Stream stream, byte* data, long bytes)
    {
        const int Piece = 1 << 20;
        for (long at = 0; at < bytes; at += Piece)
            stream.Write(new ReadOnlySpan<byte>(data + at, (int)Math.Min(Piece, bytes - at)));
    }

    private static IEnumerable<(string Key, object Value)> Metadata(ModelShape shape, uint fileType)
    {
        yield return ("general.architecture", "llama");
        yield return ("general.name", $"random weights, {shape.Name}");
        yield return ("general.file_type", fileType);
        yield return ("llama.vocab_size", (uint)shape.Vocabulary);
        yield return ("llama.context_length", (uint)shape.Context);
        yield return ("llama.embedding_length", (uint)shape.Width);
        yield return ("llama.block_count", (uint)shape.Layers);
        yield return ("llama.feed_forward_length", (uint)shape.MlpWidth);
        if (shape.Experts > 0)
        {
            yield return ("llama.expert_count", (uint)shape.Experts);
            yield return ("llama.expert_used_count", (uint)shape.Chosen);
        }
        yield return ("llama.attention.head_count", (uint)shape.Heads);
        yield return ("llama.attention.head_count_kv", (uint)shape.KeyHeads);
        yield return ("llama.attention.key_length", (uint)shape.HeadDimension);
        yield return ("llama.attention.value_length", (uint)shape.HeadDimension);
        yield return ("llama.attention.layer_norm_rms_epsilon", NormEpsilon);
        yield return ("llama.rope.dimension_count", (uint)shape.HeadDimension);
        yield return ("llama.rope.freq_base", RopeBase);
        (string[] tokens, int[] kinds) = Vocabulary(shape.Vocabulary);
        yield return ("tokenizer.ggml.model", "llama");
        yield return ("tokenizer.ggml.tokens", tokens);
        yield return ("tokenizer.ggml.scores", Enumerable.Range(0, tokens.Length).Select(id => -(float)id).ToArray());
        yield return ("tokenizer.ggml.token_type", kinds);
        yield return ("tokenizer.ggml.bos_token_id", 1u);
        yield return ("tokenizer.ggml.eos_token_id", 2u);
        yield return ("tokenizer.ggml.unknown_token_id", 0u);
    }

    // A SentencePiece vocabulary: special tokens, bytes where they fit, words that only this file has.
    private static (string[] Tokens, int[] Kinds) Vocabulary(int size)
    {
        const int Special = 3, Bytes = 256;
        string[] tokens = new string[size];
        int[] kinds = new int[size];
        (tokens[0], tokens[1], tokens[2]) = ("<unk>", "<s>", "</s>");
        (kinds[0], kinds[1], kinds[2]) = (Unknown, Control, Control);
        int bytes = size >= Special + Bytes ? Bytes : 0;
        for (int id = Special; id < size; id++)
        {
            bool isByte = id - Special < bytes;
            tokens[id] = isByte ? $"<0x{(id - Special).ToString("X2", CultureInfo.InvariantCulture)}>" : "▁w" + id.ToString(CultureInfo.InvariantCulture);
            kinds[id] = isByte ? Byte : Normal;
        }
        return (tokens, kinds);
    }
}
