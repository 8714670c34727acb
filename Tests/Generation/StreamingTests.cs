using Managed.Sampling;
using Managed.Tests.Models;

namespace Managed.Tests.Generation;

public class StreamingTests
{
    private static readonly IReadOnlyList<ChatMessage> Chat = [new ChatMessage("user", "How do I make honey bread?")];

    private static LanguageModel Model => TestModels.Hearth;

    private static async Task<List<GeneratedToken>> Collect(IAsyncEnumerable<GeneratedToken> stream)
    {
        var tokens = new List<GeneratedToken>();
        await foreach (GeneratedToken token in stream)
            tokens.Add(token);
        return tokens;
    }

    [Test]
    public async Task A_stream_gives_what_a_generation_gives()
    {
        var options = new GenerationOptions { MaxTokens = 40, Sampling = SamplingOptions.Greedy with { LogProbabilities = 2 } };
        GenerationResult whole = Model.Generate(Chat, options);
        List<GeneratedToken> tokens = await Collect(Model.StreamAsync(Chat, options));
        List<GeneratedToken> real = tokens.FindAll(token => token.Id >= 0);
        Assert.That(real.ConvertAll(token => token.Id), Is.EqualTo(whole.Ids));
        Assert.That(string.Concat(tokens.Select(token => token.Text)), Is.EqualTo(whole.Text));
        Assert.That(real.ConvertAll(token => token.LogProbability), Is.EqualTo(whole.LogProbabilities));
        Assert.That(real.ConvertAll(token => token.Best.ToArray()), Is.EqualTo(whole.BestTokens));
        Assert.That(real.ConvertAll(token => token.Position), Is.EqualTo(Enumerable.Range(whole.PromptTokens, whole.Ids.Length)));
    }

    [Test]
    public async Task Work_on_a_token_may_use_the_model()
    {
        List<int> ids = [];
        await foreach (GeneratedToken token in Model.StreamAsync(Chat, new GenerationOptions { MaxTokens = 10 }))
        {
            Model.Generate([1, 2, token.Id], new GenerationOptions { MaxTokens = 2 });
            ids.Add(token.Id);
        }
        Assert.That(ids, Is.EqualTo(Model.Generate(Chat, new GenerationOptions { MaxTokens = 10 }).Ids));
    }

    [Test]
    public async Task A_stream_that_is_left_frees_its_pages()
    {
        await foreach (GeneratedToken _ in Model.StreamAsync(Chat))
            break;
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.Zero);
    }

    [Test]
    public void A_cancelled_stream_ends_with_the_exception_that_says_so()
    {
        using var source = new CancellationTokenSource();
        int count = 0;
        Assert.ThrowsAsync<OperationCanceledException>(async () =>
        {
            await foreach (GeneratedToken _ in Model.StreamAsync(Chat, null, source.Token))
                if (++count == 3)
                    source.Cancel();
        });
        Assert.That(count, Is.EqualTo(3));
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.Zero);
    }

    [Test]
    public void A_failure_reaches_the_reader() =>
        Assert.ThrowsAsync<GenerationException>(() => Collect(Model.StreamAsync(
            Chat, new GenerationOptions { Sampling = SamplingOptions.Greedy with { SuppressTokens = [.. Enumerable.Range(0, Model.VocabularySize)] } })));

    [Test]
    public async Task A_batch_streams_every_row()
    {
        GenerationRequest[] requests = [new(Model.EncodeChat(Chat), new() { MaxTokens = 9 }), new([1, 3, 430], new() { MaxTokens = 4 })];
        var ids = new List<int>[] { [], [] };
        await foreach ((int row, GeneratedToken token) in Model.StreamBatchAsync(requests))
            ids[row].Add(token.Id);
        IReadOnlyList<GenerationResult> batch = Model.GenerateBatch(requests);
        Assert.That(ids, Is.EqualTo(batch.Select(result => result.Ids)));
    }
}
