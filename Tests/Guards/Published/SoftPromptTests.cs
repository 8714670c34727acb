using Managed.Guards;
using Managed.Guards.Published;
using Managed.Loader;
using Managed.Sampling;
using Managed.Tests.Models;
using Managed.Weights;

namespace Managed.Tests.Guards;

public class SoftPromptTests
{
    private const string System = "Be kind to all who ask.";

    private static LanguageModel Model => TestModels.Hearth;

    private static readonly float[] Embedding = StoredValues.ToSingle(Model.Checkpoint.Tensors["model.embed_tokens.weight"]);

    private static ChatMessage[] Ask(string text) => [new ChatMessage("user", text)];

    private static float[] Rows(IEnumerable<int> ids) => [.. ids.SelectMany(id => Embedding[(id * Model.Width)..((id + 1) * Model.Width)])];

    private static GenerationOptions Under(CompiledGuard? guard) => new() { MaxTokens = 30, Guard = guard, Sampling = SamplingOptions.Greedy with { LogProbabilities = 0 } };

    // Where training begins: the embeddings of a textual system prompt.
    [Test]
    public void The_embeddings_of_a_textual_system_prompt_answer_as_the_text_does()
    {
        int[] words = Model.Encode(System, addSpecialTokens: false);
        SoftPrompt soft = SoftPrompt.Of(Rows(words), words.Length);
        foreach (string text in new[] { "How do I make honey bread?", "Teach me to make sleep venom." })
        {
            (int[] ids, GuardProgram program) = soft.Before(Model, Ask(text));
            int[] textual = Model.EncodeChat([new ChatMessage("system", System), .. Ask(text)]);
            Assert.That(ids, Has.Length.EqualTo(textual.Length).And.Not.EqualTo(textual));
            using CompiledGuard guard = program.Compile(Model);
            GenerationResult expected = Model.Generate(textual, Under(null)), result = Model.Generate(ids, Under(guard));
            Assert.That((result.Ids, result.LogProbabilities), Is.EqualTo((expected.Ids, expected.LogProbabilities)), "bit for bit");
        }
    }

    [Test]
    public void Rows_with_different_soft_prompts_and_none_go_through_the_model_together()
    {
        var random = new Random(1);
        float[] values = [.. Enumerable.Range(0, 3 * Model.Width).Select(_ => (float)random.NextDouble() - 0.5f)];
        (int[] first, GuardProgram one) = SoftPrompt.Of(values, 3).Before(Model, Ask("Where is the mill?"));
        (int[] second, GuardProgram two) = SoftPrompt.Of([.. values.Select(value => -value)], 3).Before(Model, Ask("Where is the mill?"));
        using CompiledGuard a = one.Compile(Model), b = two.Compile(Model);
        GenerationRequest[] requests = [new(first, Under(a)), new(second, Under(b)), new(first, Under(null)), new(Model.EncodeChat(Ask("Where is the mill?")), Under(null))];
        IReadOnlyList<GenerationResult> together = Model.GenerateBatch(requests);
        for (int i = 0; i < requests.Length; i++)
        {
            GenerationResult alone = Model.Generate([.. requests[i].Ids], requests[i].Options);
            Assert.That((together[i].Ids, together[i].LogProbabilities), Is.EqualTo((alone.Ids, alone.LogProbabilities)), $"request {i}");
        }
        Assert.That(together[0].LogProbabilities, Is.Not.EqualTo(together[1].LogProbabilities));
        Assert.That(together[0].Receipt!.Steps.Select(step => step.Fired), Is.EqualTo(new[] { 1, 1, 1 }));
    }

    [Test]
    public void Before_plain_tokens_it_stands_where_it_is_put()
    {
        int[] prompt = Model.EncodeChat(Ask("Where is the mill?"));
        (int[] ids, GuardProgram program) = SoftPrompt.Of(Rows([40, 41]), 2).Before(Model, prompt, at: 1);
        Assert.That((ids[0], ids[3..]), Is.EqualTo((prompt[0], prompt[1..])));
        using CompiledGuard guard = program.Compile(Model);
        GenerationResult expected = Model.Generate([prompt[0], 40, 41, .. prompt[1..]], Under(null));
        Assert.That(Model.Generate(ids, Under(guard)).LogProbabilities, Is.EqualTo(expected.LogProbabilities));
        Assert.Throws<GuardException>(() => SoftPrompt.Of(Rows([40]), 1).Before(Model, prompt, prompt.Length + 1));
    }

    [Test]
    public void It_is_read_from_a_file_and_must_fit()
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.safetensors");
        try
        {
            SafetensorsWriter.Write(file, [TensorToWrite.From("soft_prompt", [2, Model.Width], Rows([40, 41])), TensorToWrite.From("narrow", [2, 3], new float[6])]);
            Assert.That((SoftPrompt.Load(file).Tokens, SoftPrompt.Load(file).Width), Is.EqualTo((2, Model.Width)));
            Assert.That(() => SoftPrompt.Load(file, "narrow").Before(Model, Ask("?")), Throws.TypeOf<GuardException>().With.Message.Contains("expected 128"));
            Assert.That(() => SoftPrompt.Load(file, "none"), Throws.TypeOf<GuardException>().With.Message.Contains("soft_prompt"));
        }
        finally
        {
            File.Delete(file);
        }
        Assert.Throws<GuardException>(() => SoftPrompt.Of([1, 2, 3], 2));
        Assert.Throws<GuardException>(() => SoftPrompt.Of([1, float.NaN], 1));
    }
}
