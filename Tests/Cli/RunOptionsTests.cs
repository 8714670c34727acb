using System.Text.Json;
using Managed.Tests.Models;

namespace Managed.Tests.CliTests;

/// <summary>`managed run` with what chooses tokens: beams, a draft model, adapters, biases, constraints, log-probabilities.</summary>
public class RunOptionsTests
{
    private const string Question = "How do I make honey bread?";

    private static readonly string[] Chat = ["run", TestModels.HearthPath, "--chat", "--prompt", Question];

    private static string Adapter(string name) => Path.Combine(SharedFolder.Repository, "models", name);

    private static JsonElement Reply(params string[] more) => CommandLine.RunJson([.. Chat, .. more]);

    private static int[] Ids(JsonElement reply) => [.. reply.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];

    private static string Text(JsonElement reply) => reply.GetProperty("text").GetString()!;

    [Test]
    public void Beams_are_reported_best_first()
    {
        JsonElement reply = Reply("--beams", "4", "--returned-beams", "3", "--length-penalty", "0.8", "--max-tokens", "40");
        JsonElement[] beams = [.. reply.GetProperty("beams").EnumerateArray()];
        Assert.That(beams, Has.Length.EqualTo(3));
        Assert.That(Ids(beams[0]), Is.EqualTo(Ids(reply)));
        Assert.That(Text(beams[0]), Is.EqualTo(Text(reply)));
        Assert.That(beams.Select(beam => beam.GetProperty("score").GetDouble()), Is.Ordered.Descending);
        Assert.That(CommandLine.Run([.. Chat, "--beams", "2", "--returned-beams", "2"]).Output.TrimEnd().Split('\n'), Has.Length.EqualTo(2));
    }

    [Test]
    public void A_draft_model_reports_how_much_it_foresaw_and_changes_nothing()
    {
        JsonElement plain = Reply(), drafted = Reply("--draft", TestModels.HearthPath, "--draft-tokens", "3");
        Assert.That(Ids(drafted), Is.EqualTo(Ids(plain)));
        Assert.That(drafted.GetProperty("draft").GetProperty("acceptance_rate").GetDouble(), Is.EqualTo(1));
        Assert.That(plain.GetProperty("draft").ValueKind, Is.EqualTo(JsonValueKind.Null));
        var (code, _, error) = CommandLine.Run([.. Chat, "--draft", TestModels.HearthPath]);
        Assert.That(code, Is.Zero, error);
        Assert.That(error, Does.Contain("100 % of"));
        Assert.That(CommandLine.RunRefused([.. Chat, "--draft", SharedFolder.Fixture("arch/gpt2")]), Does.Contain("128 tokens").And.Contain("1024"));
    }

    [Test]
    public void Adapters_change_the_answer_and_what_is_captured()
    {
        string[] framed = ["run", TestModels.HearthPath, "--chat", "--prompt", "Who bakes?", "--logprobs", "0"];
        JsonElement plain = CommandLine.RunJson(framed), dark = CommandLine.RunJson([.. framed, "--adapter", Adapter("hearth-dark")]);
        JsonElement both = CommandLine.RunJson([.. framed, "--adapter", Adapter("hearth-dark"), "--adapter", Adapter("hearth-shield")]);
        double[] First(JsonElement reply) => [.. reply.GetProperty("log_probabilities").EnumerateArray().Select(value => value.GetDouble())];
        Assert.That(First(dark), Is.Not.EqualTo(First(plain)));
        Assert.That(First(both), Is.Not.EqualTo(First(dark)));

        string folder = Directory.CreateTempSubdirectory("managed-run-").FullName;
        string Capture(params string[] more)
        {
            string file = Path.Combine(folder, "captured.safetensors");
            CommandLine.RunWell(["capture", TestModels.HearthPath, "--ids", "1,3,430", "--hooks", "resid_post5", "--out", file, .. more]);
            return Convert.ToBase64String(File.ReadAllBytes(file));
        }
        Assert.That(Capture("--adapter", Adapter("hearth-dark")), Is.Not.EqualTo(Capture()));
        Directory.Delete(folder, recursive: true);
        Assert.That(CommandLine.RunRefused([.. Chat, "--adapter", TestModels.HearthPath]), Does.Contain("adapter_config.json"));
    }

    [Test]
    public void Log_probabilities_come_with_the_best_tokens_of_each_place()
    {
        JsonElement reply = Reply("--logprobs", "2");
        JsonElement[] best = [.. reply.GetProperty("best_tokens").EnumerateArray()];
        double[] chosen = [.. reply.GetProperty("log_probabilities").EnumerateArray().Select(value => value.GetDouble())];
        Assert.That(best.Length, Is.EqualTo(Ids(reply).Length).And.EqualTo(chosen.Length));
        for (int i = 0; i < best.Length; i++)
        {
            Assert.That(best[i].GetArrayLength(), Is.EqualTo(2));
            Assert.That(best[i][0].GetProperty("id").GetInt32(), Is.EqualTo(Ids(reply)[i]), "greedy takes the best");
            Assert.That(best[i][0].GetProperty("log_probability").GetDouble(), Is.EqualTo(chosen[i]));
        }
        Assert.That(string.Concat(best.Select(place => place[0].GetProperty("token").GetString())), Is.EqualTo(Text(reply) + "<|end|>"));
        Assert.That(Reply().GetProperty("log_probabilities").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public void Biases_bans_and_least_lengths_are_obeyed()
    {
        string plain = Text(Reply());
        int first = Ids(Reply())[0];
        Assert.That(Ids(Reply("--logit-bias", $"{first}=-inf"))[0], Is.Not.EqualTo(first));
        int last = TestModels.Hearth.Encode(" rye", addSpecialTokens: false)[^1];
        Assert.That(Ids(Reply("--logit-bias", $"{last}=100", "--max-tokens", "5")), Is.All.EqualTo(last));
        Assert.That(plain, Does.Contain("honey"));
        Assert.That(Text(Reply("--bad-word", "honey")), Does.Not.Contain("honey"));
        Assert.That(Ids(Reply("--min-new-tokens", "60", "--max-tokens", "60")), Has.Length.EqualTo(60).And.None.EqualTo(5));
        int[] pairs = Ids(Reply("--no-repeat-ngram", "2", "--min-new-tokens", "60", "--max-tokens", "60"));
        Assert.That(pairs.Zip(pairs.Skip(1)), Is.Unique);
    }

    [Test]
    public void Without_a_seed_draws_differ_and_the_reply_tells_how_to_repeat_them()
    {
        string[] wild = ["--temperature", "3", "--max-tokens", "20", "--ignore-eos"];
        JsonElement first = Reply(wild), second = Reply(wild);
        long seed = first.GetProperty("seed").GetInt64();
        Assert.That(second.GetProperty("seed").GetInt64(), Is.Not.EqualTo(seed));
        Assert.That(Ids(second), Is.Not.EqualTo(Ids(first)));
        Assert.That(Ids(Reply([.. wild, "--seed", $"{seed}"])), Is.EqualTo(Ids(first)));
    }

    [Test]
    public void An_answer_that_breaks_off_its_constraint_is_a_failed_check()
    {
        string[] constrained = [.. Chat, "--regex", "[a-z]{30}"];
        JsonElement whole = CommandLine.RunJson(constrained);
        Assert.That(Text(whole), Does.Match("^[a-z]{30}$"));
        Assert.That(whole.GetProperty("constraint").GetProperty("satisfied").GetBoolean(), Is.True);
        var (code, output, error) = CommandLine.Run([.. constrained, "--max-tokens", "2", "--json"]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(JsonDocument.Parse(output).RootElement.GetProperty("constraint").GetProperty("satisfied").GetBoolean(), Is.False);
        Assert.That(error, Does.Contain("does not satisfy the regex").And.Contain("cut after 2 tokens"));
    }

    [Test]
    public void Schemas_and_grammars_come_from_files_that_errors_name()
    {
        string folder = Directory.CreateTempSubdirectory("managed-run-").FullName;
        string Write(string name, string text)
        {
            File.WriteAllText(Path.Combine(folder, name), text);
            return Path.Combine(folder, name);
        }
        string schema = Write("a.json", """{"enum": ["rye", "oat"]}"""), gbnf = Write("a.gbnf", """root ::= "rye" | "oat" """), lark = Write("a.lark", """start: "rye" | "oat" """);
        Assert.That(Text(Reply("--json-schema", schema)).Trim(), Is.AnyOf("\"rye\"", "\"oat\""));
        Assert.That(Text(Reply("--grammar", gbnf)), Is.AnyOf("rye", "oat"));
        Assert.That(Text(Reply("--grammar", lark)), Is.AnyOf("rye", "oat"));
        Assert.That(CommandLine.RunRefused([.. Chat, "--json-schema", Write("bad.json", """{"type": 3}""")]), Does.Contain("bad.json"));
        Assert.That(CommandLine.RunRefused([.. Chat, "--grammar", Write("bad.gbnf", "root ::= (")]), Does.Contain("bad.gbnf"));
        Assert.That(CommandLine.RunRefused([.. Chat, "--regex", "a", "--grammar", gbnf]), Does.Contain("--regex and --grammar"));
        Directory.Delete(folder, recursive: true);
    }

    [TestCase("--beams", "0", "--beams")]
    [TestCase("--beams", "two", "--beams")]
    [TestCase("--temperature", "-1", "Temperature")]
    [TestCase("--top-p", "2", "TopP")]
    [TestCase("--logit-bias", "x", "ID=BIAS")]
    [TestCase("--logit-bias", "4096=1", "LogitBias")]
    [TestCase("--logprobs", "5000", "LogProbabilities")]
    [TestCase("--returned-beams", "2", "ReturnedBeams")]
    [TestCase("--max-tokens", "-1", "--max-tokens")]
    [TestCase("--negative-prompt", "x", "NegativePrompt")]
    [TestCase("--draft", "nowhere", "nowhere")]
    [TestCase("--adapter", "nowhere", "nowhere")]
    [TestCase("--regex", "(", "regex")]
    public void What_makes_no_sense_is_refused_on_one_line(string option, string value, string named) =>
        Assert.That(CommandLine.RunRefused([.. Chat, option, value]), Does.Contain(named));
}
