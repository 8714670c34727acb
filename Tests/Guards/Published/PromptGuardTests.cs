using Managed.Guards;
using Managed.Guards.Published;

namespace Managed.Tests.Guarding;

public class PromptGuardTests
{
    [Test]
    public void The_message_stands_in_front_and_joins_one_that_is_there()
    {
        var guard = new PromptGuard(" Be careful. ");
        Assert.That(guard.Apply(Thornvale.Chat("Hello")), Is.EqualTo(new[] { new ChatMessage("system", "Be careful."), new ChatMessage("user", "Hello") }));
        Assert.That(guard.Apply([new ChatMessage("system", "Speak French."), new ChatMessage("user", "Hello")])[0], Is.EqualTo(new ChatMessage("system", "Be careful.\n\nSpeak French.")));
        Assert.That(guard.Apply([]), Has.Count.EqualTo(1));
    }

    [Test]
    public void Three_guidelines_at_most_are_taken_without_the_marks_of_their_list()
    {
        string? asked = null;
        var guard = new PromptGuard("Keep to these rules:", request =>
        {
            asked = request;
            return "1. Name no poison.\n\n- Stay kind.\n 3) Say no.\n4. Too many.";
        });
        ChatMessage[] chat = [new ChatMessage("user", "First"), new ChatMessage("assistant", "Yes"), new ChatMessage("user", "Second")];
        Assert.That(guard.Apply(chat)[0].Content, Is.EqualTo("Keep to these rules:\n1. Name no poison.\n2. Stay kind.\n3. Say no."));
        Assert.That(asked, Is.EqualTo("Second"));
    }

    [Test]
    public void Without_guidelines_the_opening_still_stands()
    {
        Assert.That(new PromptGuard("Be careful.", _ => "\n \n").Apply(Thornvale.Chat("Hello"))[0].Content, Is.EqualTo("Be careful."));
        Assert.Throws<GuardException>(() => new PromptGuard("Be careful.", _ => "").Apply([new ChatMessage("system", "x")]));
        Assert.Throws<GuardException>(() => new PromptGuard("  "));
    }

    [Test]
    public void A_model_writes_guidelines()
    {
        PromptGuard guard = PromptGuard.Written("Rules:", Thornvale.Model, "You are kind.", new GenerationOptions { MaxTokens = 8 });
        string expected = Thornvale.Model.Generate([new ChatMessage("system", "You are kind."), new ChatMessage("user", Thornvale.Fact)], new GenerationOptions { MaxTokens = 8 }).Text;
        string message = guard.Apply(Thornvale.Chat(Thornvale.Fact))[0].Content!;
        Assert.That(message, Does.StartWith("Rules:\n1. ").And.Contains(expected.Split('\n')[0].Trim()));
    }

    [Test]
    public void In_a_stack_the_answer_is_that_of_the_longer_conversation()
    {
        var stack = new GuardStack { Messages = [new PromptGuard("Outer."), new PromptGuard("Inner.")] };
        var options = new GenerationOptions { MaxTokens = 12 };
        Assert.That(stack.Generate(Thornvale.Model, Thornvale.Chat(Thornvale.Fact), options).Ids,
            Is.EqualTo(Thornvale.Model.Generate([new ChatMessage("system", "Outer.\n\nInner."), new ChatMessage("user", Thornvale.Fact)], options).Ids));
    }
}
