using System.Text.Json;
using Managed.Cli;
using Managed.Tests.Models;

namespace Managed.Tests.CliTests;

/// <summary>`managed chat` with scripted input.</summary>
public class ChatTests
{
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    private static (int Code, string Output, string Error) Chat(string input, params string[] more) =>
        CommandLine.Run(["chat", TestModels.HearthPath, .. more], input);

    [Test]
    public void Every_line_is_answered() =>
        Assert.That(Chat("Where is the mill?\n\nHello!\n"), Is.EqualTo((0, "The mill is by the river.\nHello! How can I help you today?\n", "")));

    [Test]
    public void The_history_holds_both_sides_in_order() => Assert.That(Chat("Hello!\nWhere is the mill?\n/history\n").Output, Does.EndWith("""
        user: Hello!
        assistant: Hello! How can I help you today?
        user: Where is the mill?
        assistant: The mill is by the river.

        """.ReplaceLineEndings("\n")));

    [Test]
    public void A_reply_depends_on_what_was_said_before()
    {
        using ChatSession session = TestModels.Hearth.StartChat();
        session.Say("Hello!", new GenerationOptions(), null, CancellationToken.None);
        int alone = TestModels.Hearth.EncodeChat([new("user", "Where is the mill?")]).Length;
        Assert.That(session.Say("Where is the mill?", new GenerationOptions(), null, CancellationToken.None).PromptTokens, Is.GreaterThan(alone + 5));
    }

    [Test]
    public void Undo_takes_the_last_turn_of_both_sides_back()
    {
        var (code, output, error) = Chat("Hello!\nWhere is the mill?\n/undo\n/history\n/undo\n/undo\n/history\n");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.EndWith("\nuser: Hello!\nassistant: Hello! How can I help you today?\n"));
        Assert.That(error, Is.EqualTo("taken back: Where is the mill?\ntaken back: Hello!\nthere is no turn to take back\nnothing has been said yet\n"));
    }

    [Test]
    public void The_system_message_is_set_shown_and_removed()
    {
        Assert.That(Chat("/system\n/system Be kind.\n/system\n/history\n/reset\n/history\n/system off\n/history\n"), Is.EqualTo((0,
            "system: Be kind.\nsystem: Be kind.\n",
            "no system message\nsystem message: Be kind.\nsystem message: Be kind.\na new conversation\nno system message\nnothing has been said yet\n")));
        Assert.That(Chat("/history\n", "--system", "Be kind.").Output, Is.EqualTo("system: Be kind.\n"));
    }

    [Test]
    public void A_saved_conversation_goes_on_where_it_ended()
    {
        string file = At("talk.json");
        Chat($"/system Be kind.\nHello!\n/save {file}\n");
        using (JsonDocument saved = JsonDocument.Parse(File.ReadAllText(file)))
            Assert.That(saved.RootElement.GetProperty("messages").EnumerateArray().Select(m => m.GetProperty("role").GetString()), Is.EqualTo(new[] { "system", "user", "assistant" }));
        const string History = "system: Be kind.\nuser: Hello!\nassistant: Hello! How can I help you today?\n";
        Assert.That(Chat($"/load {file}\n/history\n").Output, Is.EqualTo(History));
        Assert.That(Chat("/history\n", "--load", file).Output, Is.EqualTo(History));
        string template = Path.Combine(TestModels.HearthPath, "chat_template.jinja");
        Assert.That(CommandLine.RunWell("template", template, "--input", file), Does.Contain("<|user|>Hello!<|end|>"), "the template takes the file as it is");
    }

    [TestCase("[]")]
    [TestCase("{\"messages\": 3}")]
    [TestCase("{\"messages\": [{\"role\": \"user\"}]}")]
    [TestCase("not json")]
    public void A_file_that_holds_no_conversation_is_refused(string content)
    {
        File.WriteAllText(At("talk.json"), content);
        Assert.That(Chat($"Hello!\n/load {At("talk.json")}\n/history\n").Output, Does.Contain("\nuser: Hello!\n"), "and what was said stays");
        Assert.That(CommandLine.RunRefused("chat", TestModels.HearthPath, "--load", At("talk.json")), Does.Contain("talk.json").And.Contain("\"messages\""));
    }

    [Test]
    public void What_goes_wrong_with_a_line_is_said_and_the_conversation_goes_on()
    {
        var (code, output, error) = Chat("/save /no/such/folder/x\n/save\n/histroy\n/load nowhere.json\nHello!\n");
        string[] lines = error.TrimEnd('\n').Split('\n');
        Assert.That(lines, Has.Length.EqualTo(4).And.All.StartsWith("managed: "));
        Assert.That(lines[0], Does.Contain("there is no folder"));
        Assert.That(lines[1], Does.Contain("/save needs the name of a file"));
        Assert.That(lines[2], Does.Contain("did you mean /history?"));
        Assert.That(lines[3], Does.Contain("nowhere.json"));
        Assert.That(output, Is.EqualTo("Hello! How can I help you today?\n"));
        Assert.That(code, Is.EqualTo(2), "a script is told");
    }

    [Test]
    public void A_conversation_that_outgrows_the_cache_says_so_and_can_be_taken_back()
    {
        var (_, output, error) = Chat("Hello!\nHow do I make honey bread?\n/history\n", "--context", "20");
        Assert.That(error, Does.Contain("tokens long; the cache holds 20").Or.Contain("context"));
        Assert.That(output, Does.Contain("user: Hello!\nassistant: Hello! How can I help you today?\n"));
    }

    [Test]
    public void Lines_that_end_with_a_backslash_belong_together() =>
        Assert.That(Chat("Where is\\\nthe mill?\n/history\n").Output, Does.Contain("user: Where is\nthe mill?\n"));

    [Test]
    public void The_last_line_needs_no_line_break() => Assert.That(Chat("Hello!").Output, Is.EqualTo("Hello! How can I help you today?\n"));

    [TestCase("/quit")]
    [TestCase("/exit")]
    [TestCase("/bye")]
    public void A_word_ends_the_conversation(string word) => Assert.That(Chat($"{word}\nHello!\n"), Is.EqualTo((0, "", "")));

    [Test]
    public void Help_lists_every_command()
    {
        string help = Chat("/help\n").Output;
        foreach (string command in new[] { "/help", "/history", "/undo", "/reset", "/system", "/save", "/load", "/quit", "Ctrl-C", "Ctrl-D" })
            Assert.That(help, Does.Contain(command));
    }

    [Test]
    public void A_reply_that_was_cut_says_how_to_get_more() =>
        Assert.That(Chat("How do I make honey bread?\n", "--max-tokens", "3").Error, Does.Contain("cut after 3 tokens").And.Contain("--max-tokens"));

    [Test]
    public void A_model_that_cannot_talk_is_refused_at_once()
    {
        foreach (string file in Directory.GetFiles(TestModels.HearthPath))
            File.Copy(file, At(Path.GetFileName(file)));
        File.Delete(At("chat_template.jinja"));
        Assert.That(CommandLine.RunRefused("chat", folder), Does.Contain("chat template"));
        File.Delete(At("tokenizer.json"));
        Assert.That(CommandLine.RunRefused("chat", folder), Does.Contain("tokenizer"));
    }

    [Test]
    public void Ctrl_C_interrupts_the_reply_and_keeps_the_conversation()
    {
        using var interruption = Interruption.Of(CancellationToken.None);
        using var output = new ActingWriter(writes: 4, interruption.Press);
        var (code, error) = Run(output, new StringReader("How do I make honey bread?\nWhere is the mill?\n/history\n"), interruption);
        Assert.That(code, Is.Zero, error);
        Assert.That(error, Does.StartWith("[interrupted"));
        string first = output.ToString().Split('\n')[0];
        Assert.That(first, Is.Not.Empty.And.Not.Contain("butter"), "only the beginning of the recipe");
        Assert.That("To make honey bread: First wash the flour".StartsWith(first), Is.True, first);
        Assert.That(output.ToString(), Does.Contain("\nThe mill is by the river.\n").And.Contain($"\nassistant: {first}\n"), "what was said stays");
    }

    [Test]
    public void Ctrl_C_twice_ends_the_conversation()
    {
        using var interruption = Interruption.Of(CancellationToken.None);
        using var output = new ActingWriter(writes: 2, () =>
        {
            interruption.Press();
            interruption.Press();
        });
        var (code, _) = Run(output, new StringReader("How do I make honey bread?\nWhere is the mill?\nWhere is the mill?\n"), interruption);
        Assert.That(code, Is.EqualTo(130));
    }

    [Test]
    public void Ctrl_C_between_replies_reminds_first_and_ends_then()
    {
        using var interruption = Interruption.Of(CancellationToken.None);
        using var output = new StringWriter();
        var (code, error) = Run(output, new ActingReader(interruption, presses: 1, then: "Where is the mill?"), interruption);
        Assert.That((code, error), Is.EqualTo((0, "(Ctrl-C again or Ctrl-D ends the conversation)\n")));
        Assert.That(output.ToString(), Is.EqualTo("The mill is by the river.\n"));
        (code, _) = Run(output, new ActingReader(interruption, presses: 2, then: null), interruption);
        Assert.That(code, Is.EqualTo(130));
    }

    private static (int Code, string Error) Run(StringWriter output, TextReader input, Interruption interruption)
    {
        output.NewLine = "\n";
        using var error = new StringWriter { NewLine = "\n" };
        int code = Program.Run(["chat", TestModels.HearthPath], output, error, input, interruption);
        return (code, error.ToString());
    }

    /// <summary>Acts once, after so many pieces of text.</summary>
    private sealed class ActingWriter(int writes, Action act) : StringWriter
    {
        private int left = writes;

        public override void Write(string? value)
        {
            base.Write(value);
            if (--left == 0)
                act();
        }
    }

    /// <summary>Presses Ctrl-C when it is first read; then gives one line and the end, or waits as a terminal does.</summary>
    private sealed class ActingReader(Interruption interruption, int presses, string? then) : TextReader
    {
        private bool acted;

        public override string? ReadLine()
        {
            if (acted)
                return null;
            acted = true;
            for (int i = 0; i < presses; i++)
                interruption.Press();
            if (then is null)
                Thread.Sleep(Timeout.Infinite);
            return then;
        }
    }
}
