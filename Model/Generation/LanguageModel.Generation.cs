using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Managed.Cache;
using Managed.Constraints;
using Managed.Kernels;
using Managed.Loader;
using Managed.Loader.Templates;
using Managed.Loader.Tokenizers;
using Managed.Sampling;

namespace Managed;

public sealed partial class LanguageModel
{
    /// <summary>Tokens of a prompt that go through the model in one step; more steps give the same bits.</summary>
    private const int PromptChunk = 512;

    private Candidates? candidates;
    private TokenMasker? masker;
    private ChatTemplate? template;
    private readonly int[] configuredEndTokens;
    private int[]? endTokens;

    /// <summary>Token ids that end a text: those of config.json, generation_config.json, the GGUF file and the tokenizer.</summary>
    public IReadOnlyList<int> EndTokens => endTokens ??=
        [.. configuredEndTokens.Concat(HasTokenizer && Tokenizer.EndId is { } end ? [end] : []).Distinct()];

    /// <summary>Whether the checkpoint can turn text into tokens.</summary>
    public bool HasTokenizer { get; }

    /// <summary>Continues a prompt and returns the new text.</summary>
    /// <param name="prompt">The text; the tokenizer's special tokens are added.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    public string Generate(string prompt, GenerationOptions? options = null) => Generate(Encode(prompt), options).Text;

    /// <summary>Continues token ids.</summary>
    /// <param name="ids">The prompt.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <param name="onToken">Takes each token as it comes.</param>
    /// <param name="cancellation">Ends the generation after the current token; what there is is returned.</param>
    public GenerationResult Generate(
        ReadOnlySpan<int> ids, GenerationOptions? options = null, Action<GeneratedToken>? onToken = null, CancellationToken cancellation = default)
    {
        using Sequence sequence = Transformer.Cache.Create();
        return Generate(sequence, ids, options ?? new GenerationOptions(), onToken, cancellation);
    }

    /// <summary>Continues a prompt, token by token as they come.</summary>
    /// <param name="prompt">The text; the tokenizer's special tokens are added.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <param name="cancellation">Ends the stream.</param>
    public IAsyncEnumerable<GeneratedToken> StreamAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        StreamAsync(Encode(prompt), options, cancellation);

    /// <inheritdoc cref="StreamAsync(string, GenerationOptions?, CancellationToken)"/>
    public async IAsyncEnumerable<GeneratedToken> StreamAsync(
        int[] ids, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var channel = Channel.CreateUnbounded<GeneratedToken>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        Task work = Task.Run(() =>
        {
            try
            {
                Generate(ids, options, token => channel.Writer.TryWrite(token), abandoned.Token);
                channel.Writer.Complete();
            }
            catch (Exception failure)
            {
                channel.Writer.Complete(failure); // rethrown to the reader
            }
        }, CancellationToken.None);
        try
        {
            await foreach (GeneratedToken token in channel.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
                yield return token;
        }
        finally
        {
            await abandoned.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(false);
        }
    }

    /// <summary>Continues token ids on a sequence that may hold a part of them already.</summary>
    internal GenerationResult Generate(
        Sequence sequence, ReadOnlySpan<int> ids, GenerationOptions generation, Action<GeneratedToken>? onToken, CancellationToken cancellation)
    {
        if (ids.IsEmpty)
            throw new ArgumentException("There is nothing to continue: the prompt has no tokens.");
        sequence.Adapter = generation.Adapter;
        GenerationRow row = Begin(sequence, ids, generation);
        Precision before = Transformer.Precision;
        Transformer.Precision = generation.Precision ?? options.Precision ?? Precision.Fast;
        var text = new StringBuilder();
        var logProbabilities = new List<double>();
        long start = Stopwatch.GetTimestamp(), first = start;
        try
        {
            Rows logits = Prefill(sequence, ids);
            while (generation.MaxTokens > 0)
            {
                GeneratedToken token = row.Choose(Transformer.View(logits).Row(0), out ReadOnlySpan<char> passed);
                if (row.Reason == StopReason.Constraint)
                    break;
                text.Append(passed);
                if (row.NewIds.Length == 1)
                    first = Stopwatch.GetTimestamp();
                if (generation.Sampling.LogProbabilities is not null)
                    logProbabilities.Add(token.LogProbability);
                onToken?.Invoke(token);
                if (row.Reason != StopReason.None)
                    break;
                if (cancellation.IsCancellationRequested)
                {
                    row.Cancel();
                    break;
                }
                logits = Transformer.Forward([new StepInput(sequence, row.Newest)], LogitsWanted.Last, hooks);
            }
            long end = Stopwatch.GetTimestamp();
            string rest = row.Flush();
            text.Append(rest);
            if (rest.Length > 0)
                onToken?.Invoke(new GeneratedToken(-1, rest, sequence.Length, double.NaN));
            return new GenerationResult
            {
                Ids = row.NewIds.ToArray(),
                Text = text.ToString(),
                PromptTokens = ids.Length,
                Reason = row.Reason,
                LogProbabilities = [.. logProbabilities],
                PrefillSeconds = Stopwatch.GetElapsedTime(start, first).TotalSeconds,
                DecodeSeconds = Stopwatch.GetElapsedTime(first, end).TotalSeconds,
                Precision = Transformer.Precision,
            };
        }
        finally
        {
            Transformer.Precision = before;
        }
    }

    /// <summary>The ids of a conversation, ready for the model's reply.</summary>
    /// <exception cref="CheckpointException">The checkpoint has no chat template.</exception>
    internal int[] EncodeChat(IReadOnlyList<ChatMessage> messages)
    {
        template ??= FindTemplate();
        string text = template.Render(messages, Token(Tokenizer.BeginId), Token(Tokenizer.EndId), addGenerationPrompt: true);
        return Encode(text, addSpecialTokens: false); // the template writes them itself

        string? Token(int? id) => id is { } known ? Tokenizer.IdToToken(known) : null;
    }

    internal GenerationRow Begin(Sequence sequence, ReadOnlySpan<int> ids, GenerationOptions generation, int rowIndex = 0)
    {
        candidates ??= new Candidates(VocabularySize);
        var stop = new StopCondition(generation.MaxTokens, generation.StopStrings, generation.IgnoreEndTokens ? [] : EndTokens, generation.StopIds);
        var sampler = new Sampler(generation.Sampling, candidates, EndTokens, rowIndex);
        if (generation.Constraint is not null)
            masker ??= new TokenMasker([.. Enumerable.Range(0, VocabularySize).Select(Tokenizer.TokenBytes)], EndTokens);
        sequence.Reserve(ids.Length + Math.Min(generation.MaxTokens, 4096));
        return new GenerationRow(sequence, ids, generation, stop, sampler, HasTokenizer ? Tokenizer.CreateStream() : null, masker);
    }

    // What the cache already holds of the prompt is kept; at least the last token goes through the model for its logits.
    private Rows Prefill(Sequence sequence, ReadOnlySpan<int> ids)
    {
        sequence.Truncate(Math.Min(sequence.Tokens.CommonPrefixLength(ids), ids.Length - 1));
        ReadOnlyMemory<int> rest = ids[sequence.Length..].ToArray();
        for (; rest.Length > PromptChunk; rest = rest[PromptChunk..])
            Transformer.Forward([new StepInput(sequence, rest[..PromptChunk])], LogitsWanted.None, hooks);
        return Transformer.Forward([new StepInput(sequence, rest)], LogitsWanted.Last, hooks);
    }

    private ChatTemplate FindTemplate()
    {
        ChatTemplates templates = checkpoint.Gguf is { } gguf
            ? ChatTemplates.Find(key => gguf.Metadata.ContainsKey(key) ? checkpoint.Config.Text(key) : null)
            : ChatTemplates.Find(checkpoint.Path);
        return templates.TryParse() ?? throw new CheckpointException(checkpoint.Path, "chat template", null, "none",
            "chat_template.jinja, tokenizer_config.json's chat_template or GGUF's tokenizer.chat_template; without one, run without --chat");
    }

    private static IEnumerable<int> EndTokensOf(Checkpoint checkpoint, int vocabularySize)
    {
        foreach (ConfigSection? section in new[] { checkpoint.Config, checkpoint.Generation })
            foreach (string key in new[] { "eos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id" })
                foreach (long id in section?.Integers(key) ?? [])
                {
                    if (id >= 0 && id < vocabularySize)
                        yield return (int)id;
                    else if (checkpoint.Gguf is null) // GGUF files write 4294967295 and the like for "none"
                        throw section!.Error(key, $"{id}", $"ids from 0 to {vocabularySize - 1}, the rows of the embedding");
                }
    }
}
