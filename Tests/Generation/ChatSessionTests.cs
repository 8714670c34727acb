using Managed.Kernels;
using Managed.Sampling;
using Managed.Tests.Models;

namespace Managed.Tests.Generation;

public class ChatSessionTests
{
    private const string First = "How do I make honey bread?", Second = "And rye bread?";

    private static readonly GenerationOptions Short = new() { MaxTokens = 24 };

    private static LanguageModel Model => TestModels.Hearth;

    // What a model that remembers nothing replies.
    private static GenerationResult Fresh(ChatSession chat, string question, GenerationOptions options)
    {
        List<ChatMessage> turns = [.. chat.Messages, new ChatMessage("user", question)];
        return Model.Generate(chat.System is null ? turns : [new ChatMessage("system", chat.System), .. turns], options);
    }


    [Test]
    public void A_second_turn_computes_only_what_is_new()
    {
        using ChatSession chat = Model.StartChat();
        int tokens = 0;
        GenerationResult first = null!, second = null!;
        using (Model.Hook("resid_post0", (stream, _) => tokens += stream.Rows))
        {
            first = chat.Say(First, Short);
            Assert.That(first.Reason, Is.EqualTo(StopReason.EndToken));
            tokens = 0;
            second = chat.Say(Second, Short);
        }
        // The first prompt and reply are cached but for the end token, which nothing followed yet.
        Assert.That(second.CachedTokens, Is.EqualTo(first.PromptTokens + first.Ids.Length - 1));
        Assert.That(tokens, Is.EqualTo(second.PromptTokens - second.CachedTokens + second.Ids.Length - 1));
        using ChatSession same = Model.StartChat();
        same.Say(First, Short);
        Assert.That(second.Ids, Is.EqualTo(Fresh(same, Second, Short).Ids));
    }

    [Test]
    public void Any_course_of_a_conversation_gives_the_replies_of_a_model_that_remembers_nothing()
    {
        var random = new Random(2);
        string[] questions = [First, Second, "Hello!", "Who bakes?", "How do I dye wool with walnut?"];
        using ChatSession chat = Model.StartChat();
        using Adapter dark = Model.LoadAdapter(Path.Combine(SharedFolder.Repository, "models", "hearth-dark"));
        IDisposable? hook = null;
        var direction = new float[Model.Width];
        direction[3] = 4;
        for (int turn = 0; turn < 60; turn++)
        {
            switch (random.Next(12))
            {
                case 0:
                    chat.Undo();
                    break;
                case 1:
                    chat.Reset();
                    break;
                case 2:
                    chat.System = random.Next(2) == 0 ? null : "Be brief.";
                    break;
                case 3: // hooks that come or go make cached keys those of another model
                    hook?.Dispose();
                    hook = hook is null ? Model.Hook("resid_post2", (stream, _) => { for (int row = 0; row < stream.Rows; row++) stream.Row(row).AddScaled(1, direction); }) : null;
                    break;
                default:
                    GenerationOptions options = Short with
                    {
                        MaxTokens = 1 + random.Next(24),
                        Adapter = random.Next(4) == 0 ? dark : null,
                        Precision = random.Next(4) == 0 ? Precision.Exact : null,
                        Sampling = new() { Seed = turn, Temperature = random.Next(2) },
                    };
                    string question = questions[random.Next(questions.Length)];
                    GenerationResult expected = Fresh(chat, question, options), found = chat.Say(question, options);
                    Assert.That(found.Ids, Is.EqualTo(expected.Ids), $"turn {turn}, {chat.Messages.Count} messages");
                    if (chat.Messages.Count > 10)
                        chat.Reset();
                    break;
            }
        }
        hook?.Dispose();
    }

    [Test]
    public void An_interrupted_reply_stays_as_far_as_it_came_and_the_conversation_goes_on()
    {
        using ChatSession chat = Model.StartChat();
        using var source = new CancellationTokenSource();
        int count = 0;
        GenerationResult reply = chat.Say(First, Short, _ =>
        {
            if (++count == 4)
                source.Cancel();
        }, source.Token);
        Assert.That((reply.Reason, reply.Ids.Length), Is.EqualTo((StopReason.Cancelled, 4)));
        Assert.That(chat.Messages[^1], Is.EqualTo(new ChatMessage("assistant", reply.Text)));
        GenerationResult expected = Fresh(chat, Second, Short), next = chat.Say(Second, Short);
        Assert.That(next.Ids, Is.EqualTo(expected.Ids));
        Assert.That(next.CachedTokens, Is.GreaterThanOrEqualTo(reply.PromptTokens + 3), "what was said before the interruption is still there");
    }

    [Test]
    public void A_reply_that_fails_leaves_the_conversation_as_it_was()
    {
        using ChatSession chat = Model.StartChat();
        chat.Say(First, Short);
        int positions = 0;
        using (Model.Hook("resid_post3", (_, at) =>
        {
            if (++positions > 3)
                throw new HookPointException("enough");
        }))
            Assert.That(() => chat.Say(Second, Short), Throws.TypeOf<HookPointException>());
        Assert.That(chat.Messages, Has.Count.EqualTo(2));
        GenerationResult expected = Fresh(chat, Second, Short);
        Assert.That(chat.Say(Second, Short).Ids, Is.EqualTo(expected.Ids));
    }

    [Test]
    public void Undo_takes_a_turn_back_and_reuses_what_came_before_it()
    {
        using ChatSession chat = Model.StartChat("Be brief.");
        GenerationResult first = chat.Say(First, Short);
        GenerationResult second = chat.Say(Second, Short);
        Assert.That(chat.Undo(), Is.True);
        GenerationResult again = chat.Say(Second, Short);
        Assert.That(again.Ids, Is.EqualTo(second.Ids));
        Assert.That(again.CachedTokens, Is.EqualTo(again.PromptTokens - 1), "all but the token whose logits are wanted");
        chat.Undo();
        chat.Undo();
        Assert.That(chat.Undo(), Is.False);
        Assert.That(chat.Say(First, Short).Ids, Is.EqualTo(first.Ids));
    }

    [Test]
    public void A_conversation_frees_its_pages()
    {
        int before = Model.Transformer.Cache.PagesInUse;
        using (ChatSession chat = Model.StartChat())
        {
            chat.Say(First, Short with { Draft = Model });
            Assert.That(Model.Transformer.Cache.PagesInUse, Is.GreaterThan(before));
        }
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.EqualTo(before));
    }
}
