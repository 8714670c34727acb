using System.Text.Json;
using Managed.Tests.Models;

namespace Managed.Tests.CliTests;

/// <summary>`managed run`: what it prints for people and for machines.</summary>
public class RunContractTests
{
    private static int[] Ids(JsonElement reply) => [.. reply.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];

    [Test]
    public void A_prompt_through_the_chat_template_is_answered()
    {
        var (code, output, error) = CommandLine.Run(["run", TestModels.HearthPath, "--chat", "--prompt", "Where is the mill?"]);
        Assert.That((code, output), Is.EqualTo((0, "The mill is by the river.\n")));
        Assert.That(error, Does.Contain("prompt tokens").And.Contain("precision"));
    }

    [Test]
    public void Machines_get_snake_case_fields_and_only_the_new_ids()
    {
        JsonElement reply = CommandLine.RunJson("run", TestModels.HearthPath, "--chat", "--prompt", "Where is the mill?");
        string[] fields = [.. reply.EnumerateObject().Select(field => field.Name)];
        Assert.That(fields, Is.SupersetOf(new[] { "text", "ids", "prompt_tokens", "tokens_per_second", "precision", "receipt" }).And.All.Match("^[a-z_]+$"));
        Assert.That(reply.GetProperty("text").GetString(), Is.EqualTo("The mill is by the river."));
        int[] prompt = TestModels.Hearth.EncodeChat([new("user", "Where is the mill?")]);
        Assert.That(reply.GetProperty("prompt_tokens").GetInt32(), Is.EqualTo(prompt.Length));
        int[] expected = [.. TestModels.Hearth.Encode("The mill is by the river."), TestModels.Hearth.EndTokens[0]];
        Assert.That(Ids(reply), Is.EqualTo(expected), "the new ids, the end token included");
    }

    [Test]
    public void Ids_work_without_a_tokenizer_and_ignoring_the_end_gives_the_whole_number()
    {
        string model = SharedFolder.Fixture("arch/llama-llama3");
        JsonElement reply = CommandLine.RunJson("run", model, "--ids-from", Path.Combine(model, "expected.safetensors"), "--max-tokens", "8", "--temperature", "0", "--ignore-eos", "--precision", "exact");
        JsonElement listed = CommandLine.RunJson("run", model, "--ids-from", Path.Combine(model, "expected.safetensors") + ":input_ids", "--max-tokens", "8", "--ignore-eos", "--precision", "exact");
        Assert.That(Ids(reply), Has.Length.EqualTo(8).And.EqualTo(Ids(listed)));
        Assert.That(reply.GetProperty("precision").GetString(), Is.EqualTo("Exact").IgnoreCase);
    }

    [Test]
    public void Without_a_tokenizer_people_see_the_ids()
    {
        string[] arguments = ["run", SharedFolder.Fixture("arch/gpt2"), "--ids", "1,2,3", "--max-tokens", "4", "--ignore-eos", "--precision", "exact"];
        Assert.That(CommandLine.Run(arguments).Output.Trim(), Is.EqualTo(string.Join(' ', Ids(CommandLine.RunJson(arguments)))));
    }

    [Test]
    public void Interrupted_it_ends_with_130()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.That(CommandLine.Run(["run", TestModels.HearthPath, "--prompt", "x"], cancellation: source.Token).Code, Is.EqualTo(130));
    }

    [Test]
    public void Nothing_and_two_sources_of_a_prompt_are_refused()
    {
        Assert.That(CommandLine.RunRefused("run", TestModels.HearthPath), Does.Contain("--prompt").And.Contain("none was given"));
        Assert.That(CommandLine.RunRefused("run", TestModels.HearthPath, "--prompt", "x", "--ids", "1"), Does.Contain("--ids"));
        Assert.That(CommandLine.RunRefused("run", TestModels.HearthPath, "hello"), Does.Contain("'hello'").And.Contain("--prompt"));
    }
}
