using Managed.Tests.Models;

namespace Managed.Tests.CliTests;

/// <summary>What goes wrong in the first hour: each answer is one line on the error stream that says what to do, and exit code 2.</summary>
public class NewcomerTests
{
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    // A copy of hearth to spoil.
    private string Copy()
    {
        foreach (string file in Directory.GetFiles(TestModels.HearthPath))
            File.Copy(file, At(Path.GetFileName(file)));
        return folder;
    }

    private static string Run(string model, params string[] more) => CommandLine.RunRefused(["run", model, .. more]);

    [Test]
    public void A_path_that_does_not_exist() => Assert.That(Run("/no/such/model", "--prompt", "x"), Is.EqualTo("managed: /no/such/model: no such file or directory.\n"));

    [Test]
    public void A_model_that_was_not_pulled_yet() => Assert.That(Run("bees/honey", "--prompt", "x"), Does.Contain("`managed pull bees/honey` fetches it"));

    [Test]
    public void A_folder_without_a_configuration() => Assert.That(Run(folder, "--prompt", "x"), Does.Contain("config.json").And.Contain("Hugging Face layout"));

    [Test]
    public void The_weights_alone() =>
        Assert.That(Run(Path.Combine(TestModels.HearthPath, "model.safetensors"), "--prompt", "x"), Does.Contain("a folder with config.json and safetensors files, or a GGUF file"));

    [Test]
    public void A_file_that_was_cut_off()
    {
        string model = Copy();
        using (FileStream weights = File.OpenWrite(At("model.safetensors")))
            weights.SetLength(100_000);
        Assert.That(Run(model, "--prompt", "x"), Does.Contain("model.safetensors").And.Contain("past the end of the file"));
        Assert.That(CommandLine.RunRefused("inspect", model), Does.Contain("past the end of the file"));
    }

    [Test]
    public void A_GGUF_file_that_was_cut_off()
    {
        CommandLine.RunWell("convert", TestModels.HearthPath, At("hearth.gguf"));
        using (FileStream file = File.OpenWrite(At("hearth.gguf")))
            file.SetLength(file.Length / 2);
        Assert.That(Run(At("hearth.gguf"), "--prompt", "x"), Does.Contain("hearth.gguf").And.Contain("end"));
    }

    [Test]
    public void A_missing_tokenizer()
    {
        string model = Copy();
        File.Delete(At("tokenizer.json"));
        Assert.That(Run(model, "--prompt", "x"), Does.Contain("tokenizer.json"));
        Assert.That(CommandLine.RunRefused("capture", model, "--text", "x", "--out", At("x")), Does.Contain("tokenizer.json"));
    }

    [Test]
    public void A_missing_chat_template()
    {
        string model = Copy();
        File.Delete(At("chat_template.jinja"));
        Assert.That(Run(model, "--chat", "--prompt", "x"), Does.Contain("chat_template.jinja"));
    }

    [Test]
    public void An_empty_prompt()
    {
        Assert.That(Run(TestModels.HearthPath, "--prompt", ""), Does.Contain("the prompt has no tokens").Or.Contain("empty"));
        Assert.That(CommandLine.RunRefused("capture", TestModels.HearthPath, "--text", "", "--out", At("x")), Does.Contain("no tokens"));
    }

    [Test]
    public void A_prompt_that_is_longer_than_the_context() =>
        Assert.That(Run(TestModels.HearthPath, "--context", "4", "--prompt", "How do I make honey bread?"), Does.Contain("tokens").And.Contain("4").And.Contain("context"));

    [TestCase("--ids", "1,two", "'two'")]
    [TestCase("--ids", "1,5000", "5000")]
    [TestCase("--ids", "-1", "-1")]
    [TestCase("--ids", ",", "no tokens")]
    [TestCase("--ids-from", "nowhere.safetensors", "nowhere.safetensors")]
    public void Ids_that_are_none(string option, string value, string named) => Assert.That(Run(TestModels.HearthPath, option, value), Does.Contain(named));

    [TestCase("--device", "gpu", "found 'gpu'; expected auto, cpu, cuda[:n], opencl[:n] or debug")]
    [TestCase("--device", "opencl:99", "device opencl:99: this machine has")]
    [TestCase("--precision", "half", "found 'half'; expected exact or fast")]
    [TestCase("--max-tokens", "many", "found 'many'; expected a whole number")]
    [TestCase("--temperature", "warm", "found 'warm'; expected a number")]
    [TestCase("--threads", "-2", "found -2; expected at least 0")]
    [TestCase("--max-tokens", "-3", "found -3")]
    [TestCase("--temperature", "-1", "found -1")]
    [TestCase("--top-p", "3", "found 3")]
    [TestCase("--regex", "(", "regex")]
    [TestCase("--grammar", "nowhere.gbnf", "nowhere.gbnf")]
    public void A_value_that_an_option_cannot_have(string option, string value, string said) =>
        Assert.That(Run(TestModels.HearthPath, "--prompt", "x", option, value), Does.Contain(said));

    [TestCase("--promt", "did you mean --prompt?")]
    [TestCase("--max-token", "did you mean --max-tokens?")]
    [TestCase("--zzzzzzzz", "'--zzzzzzzz' was not understood; see")]
    public void A_misspelt_option(string option, string said) => Assert.That(Run(TestModels.HearthPath, option, "x"), Does.Contain(said));

    [TestCase("run")]
    [TestCase("chat")]
    [TestCase("inspect")]
    [TestCase("capture")]
    [TestCase("bench")]
    [TestCase("pull")]
    public void A_verb_without_its_model(string verb) => Assert.That(CommandLine.RunRefused(verb), Does.Contain($"managed: {verb} needs <model>").And.Contain($"managed {verb} --help"));

    [TestCase("dump", "hearth", "--tensor", "model.norm.weight", "--out")]
    [TestCase("convert", "hearth")]
    public void A_folder_to_write_to_that_does_not_exist(params string[] arguments) =>
        Assert.That(CommandLine.RunRefused([.. arguments, At("no/such/file.gguf")]), Does.Contain("cannot be written: there is no folder").And.Contain(At("no/such")));

    [TestCase("dump", "hearth", "--tensor", "model.norm.weight", "--out")]
    [TestCase("capture", "hearth", "--ids", "1", "--out")]
    public void A_folder_instead_of_a_file_to_write(params string[] arguments) =>
        Assert.That(CommandLine.RunRefused([.. arguments, folder]), Does.Contain($"{folder} is a folder"));

    [Test]
    public void A_folder_that_takes_no_files()
    {
        if (!Directory.Exists("/proc/self"))
            Assert.Ignore("skipped: needs /proc, a folder that nobody can write to, whoever runs the tests.");
        Assert.That(CommandLine.RunRefused("capture", "hearth", "--ids", "1", "--out", "/proc/self/x"), Does.StartWith("managed: /proc/self/x cannot be written: "));
    }

    [Test]
    public void A_file_that_is_there_already_is_not_converted_over()
    {
        File.WriteAllText(At("x.gguf"), "precious");
        Assert.That(CommandLine.RunRefused("convert", "hearth", At("x.gguf")), Does.Contain("--force"));
        Assert.That(File.ReadAllText(At("x.gguf")), Is.EqualTo("precious"));
    }

    [Test]
    public void A_folder_where_a_file_is_read() =>
        Assert.That(CommandLine.RunRefused("template", folder, "--input", folder), Is.EqualTo($"managed: {folder} is a folder; expected a file\n"));

    [Test]
    public void A_name_that_is_no_hub_id() => Assert.That(CommandLine.RunRefused("pull", "not an id"), Does.Contain("owner/name"));

    [Test]
    public void A_model_that_came_with_the_program_has_a_short_name() =>
        Assert.That(CommandLine.RunWell("inspect", "hearth"), Does.Contain("1.24 M parameters"));
}
