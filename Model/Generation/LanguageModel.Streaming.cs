using System.Runtime.CompilerServices;

namespace Managed;

public sealed partial class LanguageModel
{
    /// <summary>Continues a prompt, token by token as they come.</summary>
    /// <param name="prompt">The text; the tokenizer's special tokens are added.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <param name="cancellation">Ends the stream.</param>
    public IAsyncEnumerable<GeneratedToken> StreamAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        StreamAsync(Encode(prompt), options, cancellation);

    /// <summary>Writes the reply in a conversation, token by token as they come.</summary>
    /// <param name="chat">The turns so far, put through the model's chat template.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <param name="cancellation">Ends the stream.</param>
    public IAsyncEnumerable<GeneratedToken> StreamAsync(
        IReadOnlyList<ChatMessage> chat, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        StreamAsync(EncodeChat(chat), options, cancellation);

    /// <inheritdoc cref="StreamAsync(string, GenerationOptions?, CancellationToken)"/>
    /// <param name="ids">The prompt.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <param name="cancellation">Ends the stream.</param>
    public async IAsyncEnumerable<GeneratedToken> StreamAsync(
        int[] ids, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await foreach ((_, GeneratedToken token) in StreamBatchAsync([new GenerationRequest(ids, options)], cancellation).ConfigureAwait(false))
            yield return token;
    }

    /// <summary>Continues several texts together and hands out each token as it comes, with the number of its request.</summary>
    /// <param name="requests">The texts, as in <see cref="GenerateBatch(IReadOnlyList{GenerationRequest}, Action{int, GeneratedToken}?, CancellationToken)"/>.</param>
    /// <param name="cancellation">Ends the stream.</param>
    /// <exception cref="GenerationException">A text failed; it is thrown when all others have ended.</exception>
    /// <remarks>The model computes while the caller waits for a token, and not while the caller works with one.</remarks>
    public async IAsyncEnumerable<(int Row, GeneratedToken Token)> StreamBatchAsync(
        IReadOnlyList<GenerationRequest> requests, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var tokens = new Queue<(int, GeneratedToken)>();
        using GenerationBatch batch = CreateBatch(requests, (row, token) => tokens.Enqueue((row, token)));
        for (bool more = true; more;)
        {
            cancellation.ThrowIfCancellationRequested();
            more = await Task.Run(batch.Step, CancellationToken.None).ConfigureAwait(false);
            while (tokens.TryDequeue(out (int, GeneratedToken) next))
                yield return next;
        }
        foreach (GenerationRun run in batch.Runs)
            Succeeded(run);
    }
}
