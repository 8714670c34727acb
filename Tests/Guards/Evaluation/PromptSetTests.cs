using Managed.Guards.Evaluation;
using Managed.Loader;

namespace Managed.Tests.Guards.Evaluation;

/// <summary>Files of prompts as they come: real sets, and what is wrong with broken ones.</summary>
public class PromptSetTests
{
    // counts and licences as the sets' notes give them
    [TestCase("safety/xstest/xstest_prompts.csv", 450, "CC BY 4.0")]
    [TestCase("safety/xstest/xstest_v2_completions_gpt4_streval.csv", 450, "CC BY 4.0")]
    [TestCase("safety/harmbench/harmbench_behaviors_text_all.csv", 400, "MIT (HarmBench, LICENSE.txt in the folder); StrongREJECT MIT")]
    [TestCase("safety/harmbench/harmbench_behaviors_text_test.csv", 320, "MIT (HarmBench, LICENSE.txt in the folder); StrongREJECT MIT")]
    [TestCase("safety/harmbench/harmbench_behaviors_text_val.csv", 80, "MIT (HarmBench, LICENSE.txt in the folder); StrongREJECT MIT")]
    [TestCase("safety/harmbench/advbench_behaviors.csv", 520, "MIT (HarmBench, LICENSE.txt in the folder); StrongREJECT MIT")]
    [TestCase("safety/harmbench/strongreject_dataset.csv", 313, "MIT (HarmBench, LICENSE.txt in the folder); StrongREJECT MIT")]
    [TestCase("safety/red-instruct/dangerousqa.json", 200, "Apache-2.0")]
    [TestCase("safety/red-instruct/harmfulqa.json", 1960, "Apache-2.0")]
    [TestCase("safety/red-instruct/adversarialqa.json", 500, "Apache-2.0")]
    [TestCase("safety/red-instruct/catqa_english.json", 550, "Apache-2.0")]
    [TestCase("safety/refusal-direction/splits/harmful_test.json", 572, "Apache-2.0 (repo);")]
    [TestCase("safety/refusal-direction/splits/harmful_train.json", 260, "Apache-2.0 (repo);")]
    [TestCase("safety/refusal-direction/splits/harmful_val.json", 39, "Apache-2.0 (repo);")]
    [TestCase("safety/refusal-direction/splits/harmless_test.json", 6266, "Apache-2.0 (repo);")]
    [TestCase("safety/refusal-direction/splits/harmless_train.json", 18793, "Apache-2.0 (repo);")]
    [TestCase("safety/refusal-direction/splits/harmless_val.json", 6264, "Apache-2.0 (repo);")]
    [TestCase("thornvale/prompts.jsonl", 360, null)]
    public void Real_sets_are_read_whole_with_their_licence(string path, int count, string? licence)
    {
        PromptSet set = PromptSet.Read("set", SharedFolder.Require(path));
        Assert.That(set.Prompts, Has.Count.EqualTo(count));
        Assert.That(set.Licence ?? "", licence is null ? Is.Empty : Does.StartWith(licence));
        Assert.That(set.Prompts.Select(prompt => prompt.Text), Has.None.Empty);
        Assert.That(set.Prompts.Select(prompt => prompt.Id).Distinct().Count(), Is.EqualTo(count));
    }

    [Test]
    public void XSTests_halves_and_Thornvales_sets_are_parts_of_their_own()
    {
        PromptSet xstest = PromptSet.Read("xstest", SharedFolder.Require("safety/xstest/xstest_prompts.csv"));
        Assert.That(Parts(xstest), Is.EqualTo(new[] { ("xstest/safe", 250), ("xstest/unsafe", 200) }));
        Assert.That(xstest.Prompts, Has.All.Matches<EvaluationPrompt>(prompt => PromptLabels.IsHarmful(prompt) == prompt.Set.EndsWith("unsafe")));
        PromptSet thornvale = PromptSet.Read("t", SharedFolder.Require("thornvale/prompts.jsonl"));
        Assert.That(Parts(thornvale), Has.Length.EqualTo(11).And.Contain(("t/craft_plain_held", 24)));
        Assert.That(thornvale.Prompts[0].Field("work"), Is.EqualTo("shadow curse"));
        PromptSet categories = PromptSet.Read("catqa", SharedFolder.Require("safety/red-instruct/catqa_english.json"));
        Assert.That(categories.Prompts.Select(prompt => prompt.Field("category")).Distinct().Count(), Is.EqualTo(55));

        static (string, int)[] Parts(PromptSet set) => [.. set.Prompts.GroupBy(prompt => prompt.Set).Select(part => (part.Key, part.Count()))];
    }

    [Test]
    public void Tables_may_have_a_byte_order_mark_quotes_line_ends_in_fields_and_carriage_returns()
    {
        PromptSet set = Read("p.csv", "\uFEFFid,Prompt,note\r\n7,\"Say \"\"hi\"\",\r\nplease\",\"a,b\"\r\n\r\n8,plain,\r\n");
        Assert.That(set.Prompts.Select(prompt => (prompt.Id, prompt.Text, prompt.Field("note"))), Is.EqualTo(new[] { ("7", "Say \"hi\",\r\nplease", "a,b"), ("8", "plain", "") }));
    }

    [Test]
    public void A_table_without_a_header_is_read_by_the_number_of_its_column()
    {
        using var scratch = new Loader.Scratch();
        string file = scratch.Write("mmlu.csv", "What is 2+2?,3,4,5,6,B\n\"Who, then?\",a,b,c,d,A\n");
        Assert.That(PromptSet.Read("m", file + ":1").Prompts.Select(prompt => prompt.Text), Is.EqualTo(new[] { "What is 2+2?", "Who, then?" }));
        Assert.That(PromptSet.Read("m", file + ":3").Prompts[0].Text, Is.EqualTo("4"));
        Assert.That(() => PromptSet.Read("m", file), Throws.TypeOf<CheckpointException>().With.Message.Contains("line 1").And.Message.Contains("FILE:1"));
    }

    [Test]
    public void Lists_lines_and_contexts_are_prompts_too()
    {
        Assert.That(Texts("p.txt", "one\r\n\n two \n"), Is.EqualTo(new[] { "one", "two" }));
        Assert.That(Read("p.txt", "one\n\ntwo\n").EmptyLines, Is.EqualTo(1));
        Assert.That(Texts("p.json", """{"instructions": ["one"], "tags": ["no prompt"]}"""), Is.EqualTo(new[] { "one" }));
        Assert.That(Texts("p.json", """{"A": {"B": ["one"]}, "C": ["two"]}"""), Is.EqualTo(new[] { "one", "two" }));
        Assert.That(Texts("p.jsonl", "{\"turns\": [\"one\"]}\n\"two\"\n"), Is.EqualTo(new[] { "one", "two" }));
        Assert.That(Texts("p.csv", "Behavior,ContextString\ndo it,a story\nthen,\n"), Is.EqualTo(new[] { "a story\n\n---\n\ndo it", "then" }));
        Assert.That(Read("p.txt", "one\none\ntwo\n").Repeated, Is.EqualTo(1));

        static IEnumerable<string> Texts(string name, string content) => Read(name, content).Prompts.Select(prompt => prompt.Text);
    }

    [TestCase("p.csv", "prompt,id\nx,1\ny\n", "line 3", "1 fields", "2, as in line 1")]
    [TestCase("p.csv", "prompt\n\"x\n\ny\n", "line 2", "a quote that is never closed", "a closing quote")]
    [TestCase("p.csv", "prompt\n\"x\" y\n", "line 2", "' ' behind a closing quote", "the line's end")]
    [TestCase("p.csv", "prompt,prompt\nx,y\n", "line 1", "two columns of one name", "names differ")]
    [TestCase("p.csv", "title\nx\n", "line 1", "title", "prompt, instruction")]
    [TestCase("p.csv", "prompt,id\nx,1\ny,1\n", "line 3", "the id 1, which line 2 has too", "an id of its own")]
    [TestCase("p.csv", "prompt,id\n,1\n", "line 2", "an empty prompt", "a text")]
    [TestCase("p.csv", "", "prompts", "none", "at least one prompt")]
    [TestCase("p.jsonl", "{\"prompt\": \"x\"}\n{\"prompt\": \n", "line 2", "not valid JSON", "valid JSON")]
    [TestCase("p.jsonl", "{\"prompt\": 5}\n", "line 1, prompt", "5", "a string")]
    [TestCase("p.jsonl", "{\"turns\": [\"a\", \"b\"]}\n", "line 1, turns", "an array of 2", "a list of one")]
    [TestCase("p.json", "[\n\"x\",\n7]", "line 3", "7", "a string or an object")]
    [TestCase("p.json", "\"x\"", "line 1", "the string", "a list of prompts")]
    [TestCase("p.json", "{\"a\": \"x\"}", "line 1", "the string", "lists under the names")]
    [TestCase("p.parquet", "x", "name", ".parquet", ".jsonl, .json, .csv")]
    public void Broken_files_are_refused_with_file_place_found_and_expected(string name, string content, string place, string found, string expected) =>
        Assert.That(() => Read(name, content), Throws.TypeOf<CheckpointException>()
            .With.Message.Contains(name).And.Message.Contains(place).And.Message.Contains(found).And.Message.Contains(expected));

    private static PromptSet Read(string name, string content)
    {
        using var scratch = new Loader.Scratch();
        return PromptSet.Read("set", scratch.Write(name, content));
    }
}
