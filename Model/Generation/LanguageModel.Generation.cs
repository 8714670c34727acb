using System.Runtime.ExceptionServices;
using Managed.Loader;

namespace Managed;

public sealed partial class LanguageModel
{
    private readonly int[] configuredEndTokens;

    /// <summary>Token ids that end a text, from all sources together: see <see cref="EndTokenSources"/>.</summary>
    public IReadOnlyList<int> EndTokens => Builder.EndTokens;

    /// <summary>Whether the checkpoint can turn text into tokens.</summary>
    public bool HasTokenizer { get; }

    /// <summary>What the guard of the last text did; null: it had none. Of a batch, the last of its texts.</summary>
    public GuardReceipt? LastReceipt { get; private set; }

    private RunBuilder Builder => builder ??= new RunBuilder(this, configuredEndTokens, options);

    /// <summary>Continues a prompt and returns the new text.</summary>
    /// <param name="prompt">The text; the tokenizer's special tokens are added.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <exception cref="GenerationException">The text cannot be generated: logits that are not numbers, no token that may come.</exception>
    /// <exception cref="ArgumentException">Options out of range, or a prompt longer than the cache.</exception>
    public string Generate(string prompt, GenerationOptions? options = null) => Generate(Encode(prompt), options).Text;

    /// <summary>Writes the reply in a conversation.</summary>
    /// <param name="chat">The turns so far, put through the model's chat template.</param>
    /// <inheritdoc cref="Generate(ReadOnlySpan{int}, GenerationOptions?, Action{GeneratedToken}?, CancellationToken)"/>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <param name="onToken">Takes each token as it comes.</param>
    /// <param name="cancellation">Ends the generation after the current token; what there is is returned.</param>
    public GenerationResult Generate(
        IReadOnlyList<ChatMessage> chat, GenerationOptions? options = null, Action<GeneratedToken>? onToken = null, CancellationToken cancellation = default) =>
        Generate(EncodeChat(chat), options, onToken, cancellation);

    /// <summary>Continues token ids.</summary>
    /// <param name="ids">The prompt.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <param name="onToken">Takes each token as it comes.</param>
    /// <param name="cancellation">Ends the generation after the current token; what there is is returned.</param>
    /// <exception cref="GenerationException">The text cannot be generated: logits that are not numbers, no token that may come.</exception>
    /// <exception cref="ArgumentException">Options out of range, or a prompt longer than the cache.</exception>
    public GenerationResult Generate(
        ReadOnlySpan<int> ids, GenerationOptions? options = null, Action<GeneratedToken>? onToken = null, CancellationToken cancellation = default) =>
        Generate(Builder.Create(ids, options ?? new GenerationOptions(), onToken), cancellation);

    /// <summary>Continues several prompts together, which costs much less than one after the other.</summary>
    /// <param name="prompts">The texts; the tokenizer's special tokens are added.</param>
    /// <param name="options">How all of them are continued; null: greedy, at most 128 tokens.</param>
    /// <param name="cancellation">Ends all of them after the current token; what there is is returned.</param>
    /// <returns>A result for each prompt, in their order, bit for bit what the prompt gives alone.</returns>
    public IReadOnlyList<GenerationResult> GenerateBatch(
        IReadOnlyList<string> prompts, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        GenerateBatch([.. prompts.Select(prompt => new GenerationRequest(Encode(prompt), options))], null, cancellation);

    /// <summary>Continues several texts together, each with options, seed, adapter, constraint and end of its own.</summary>
    /// <param name="requests">The texts. Those with beams or a draft model make their steps by themselves.</param>
    /// <param name="onToken">Takes each token as it comes, with the number of its request.</param>
    /// <param name="cancellation">Ends all of them after the current token; what there is is returned.</param>
    /// <returns>
    /// A result for each request, in their order, bit for bit what the request gives alone. One that fails says why in its
    /// <see cref="GenerationResult.Failure"/>, and the others go on.
    /// </returns>
    public IReadOnlyList<GenerationResult> GenerateBatch(
        IReadOnlyList<GenerationRequest> requests, Action<int, GeneratedToken>? onToken = null, CancellationToken cancellation = default)
    {
        using GenerationBatch batch = CreateBatch(requests, onToken);
        Finish(batch, cancellation);
        return [.. batch.Runs.Select(run => run.Result!)];
    }

    /// <summary>The token ids of a conversation, ready for the model's reply.</summary>
    /// <exception cref="CheckpointException">The checkpoint has no chat template.</exception>
    public int[] EncodeChat(IReadOnlyList<ChatMessage> chat) => Builder.Chat.Encode(chat);

    /// <summary>Begins a conversation that keeps its cache from turn to turn.</summary>
    /// <param name="system">The system message; null: none.</param>
    public ChatSession StartChat(string? system = null) => new(this) { System = system };

    /// <summary>Continues token ids on a sequence that may hold a part of them already.</summary>
    internal GenerationResult Generate(GenerationRun run, CancellationToken cancellation)
    {
        using var batch = new GenerationBatch(this);
        batch.Add(run);
        Finish(batch, cancellation);
        return Succeeded(run);
    }

    /// <summary>Keeps the receipt of a text that has ended.</summary>
    internal void Note(GenerationResult result) => LastReceipt = result.Receipt;

    /// <summary>A run on sequences that are kept afterwards.</summary>
    internal GenerationRun CreateRun(ReadOnlySpan<int> ids, GenerationOptions generation, Action<GeneratedToken>? onToken, ConversationCache kept) =>
        Builder.Create(ids, generation, onToken, kept);

    /// <summary>Text of tokens that continue a prompt.</summary>
    internal AnswerText CreateText(ReadOnlySpan<int> prompt, GenerationOptions generation) => Builder.CreateText(prompt, generation);

    /// <summary>Requests whose steps the caller makes.</summary>
    internal GenerationBatch CreateBatch(IReadOnlyList<GenerationRequest> requests, Action<int, GeneratedToken>? onToken)
    {
        var batch = new GenerationBatch(this);
        try
        {
            for (int i = 0; i < requests.Count; i++)
            {
                int row = i;
                batch.Add(Builder.Create([.. requests[i].Ids], requests[i].Options ?? new GenerationOptions(),
                    onToken is null ? null : token => onToken(row, token), row: i));
            }
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    private static void Finish(GenerationBatch batch, CancellationToken cancellation)
    {
        do
            if (cancellation.IsCancellationRequested)
            {
                batch.Cancel();
                return;
            }
        while (batch.Step());
    }

    private static GenerationResult Succeeded(GenerationRun run)
    {
        if (run.Result!.Failure is { } failure)
            ExceptionDispatchInfo.Throw(failure);
        return run.Result;
    }
}
