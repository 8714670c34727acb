using Managed.Guards.Learning;
using Managed.Guards.Published;
using Managed.Kernels;
using Managed.Tests.Models;

namespace Managed.Tests.Guards.Learning;

/// <summary>Further special tokens for a guardian: reference/guards.md §4.7, test ideas 6 and 7.</summary>
public class TokenExtensionTests
{
    private static readonly string[] Added = ["<|safe|>", "<|harmful|>", "<|pred|>", "<|expl|>", "<|force-safety|>"];

    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("tokens").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private string Extended => Path.Combine(folder, "extended");

    private static float[] Logits(LanguageModel model, int[] ids) => model.Run(ids, new RunOptions { Precision = Precision.Exact }).Output.Values.ToArray();

    private static float[] EmbeddingRow(LanguageModel model, int id) => model.Run(new[] { id }, new RunOptions { Names = ["hook_embed"], Precision = Precision.Exact }).Cache["hook_embed"].Values.ToArray();

    [TestCase(null)]
    [TestCase("<|user|>")]
    public void Before_training_the_logits_of_old_tokens_are_what_they_were_bit_for_bit(string? like)
    {
        LanguageModel old = TestModels.Hearth;
        IReadOnlyDictionary<string, int> ids = TokenExtension.Write(TestModels.HearthPath, Extended, Added, like);
        Assert.That(ids.Values, Is.EqualTo(Enumerable.Range(old.VocabularySize, Added.Length)));
        using LanguageModel extended = LanguageModel.Load(Extended);
        Assert.That(extended.VocabularySize, Is.EqualTo(old.VocabularySize + Added.Length));
        foreach (string text in new[] { "How do I make honey bread?", "Tell me how to make shadow curse." })
        {
            int[] prompt = old.EncodeChat([new ChatMessage("user", text)]);
            Assert.That(extended.EncodeChat([new ChatMessage("user", text)]), Is.EqualTo(prompt));
            float[][] before = [.. Logits(old, prompt).Chunk(old.VocabularySize)], after = [.. Logits(extended, prompt).Chunk(extended.VocabularySize)];
            for (int row = 0; row < before.Length; row++)
                Assert.That(after[row][..old.VocabularySize], Is.EqualTo(before[row]), $"token {row}");
        }
        // The new ones are single tokens with the rows that were asked for.
        Assert.That(extended.Encode("<|pred|>", addSpecialTokens: false), Is.EqualTo(new[] { ids["<|pred|>"] }));
        Assert.That(extended.Decode([ids["<|pred|>"]], skipSpecialTokens: false), Is.EqualTo("<|pred|>"));
        float[] row0 = EmbeddingRow(extended, ids["<|pred|>"]);
        if (like is not null)
            Assert.That(row0, Is.EqualTo(EmbeddingRow(old, old.Tokenizer.TokenToId(like)!.Value)));
        else
            for (int i = 0; i < row0.Length; i++)
            {
                double mean = Enumerable.Range(0, old.VocabularySize).Average(id => Rows.Value[(id * old.Width) + i]);
                Assert.That(row0[i], Is.EqualTo(mean).Within((Math.Abs(mean) / 256) + 1e-9), "bfloat16");
            }
        using var guardian = new SlmGuardian(extended); // it has what a guardian is asked with
        Assert.That(double.IsFinite(guardian.Label("Where is the mill?").Harmful));
    }

    private static readonly Lazy<float[]> Rows = new(() => Managed.Weights.StoredValues.ToSingle(TestModels.Hearth.Checkpoint.Tensors["model.embed_tokens.weight"]));

    [Test]
    public void An_extended_checkpoint_can_be_extended_again()
    {
        TokenExtension.Write(TestModels.HearthPath, Extended, ["<|one|>"]);
        string again = Path.Combine(folder, "again");
        Assert.That(TokenExtension.Write(Extended, again, ["<|two|>"])["<|two|>"], Is.EqualTo(1025));
        using LanguageModel model = LanguageModel.Load(again);
        Assert.That(model.Encode("<|one|><|two|>", addSpecialTokens: false), Is.EqualTo(new[] { 1024, 1025 }));
    }

    [Test]
    public void What_cannot_be_extended_is_refused()
    {
        Assert.That(() => TokenExtension.Write(TestModels.HearthPath, Extended, ["<|user|>"]), Throws.TypeOf<GuardException>().With.Message.Contains("<|user|>"));
        Assert.That(() => TokenExtension.Write(TestModels.HearthPath, Extended, []), Throws.TypeOf<GuardException>());
        Assert.That(() => TokenExtension.Write(TestModels.HearthPath, Extended, ["<|a|>", "<|a|>"]), Throws.TypeOf<GuardException>());
        Assert.That(() => TokenExtension.Write(TestModels.HearthPath, Extended, ["<|a|>"], like: "<|nobody|>"), Throws.TypeOf<GuardException>().With.Message.Contains("<|nobody|>"));
        Assert.That(() => TokenExtension.Write(TestModels.HearthPath, folder + "/..", ["<|a|>"]), Throws.TypeOf<GuardException>().With.Message.Contains("not empty"));
        Assert.That(Directory.Exists(Extended), Is.False, "nothing is left behind");
    }

    // The body is frozen, since gradients through the model are not there: the head learns both tasks, a label behind <|pred|> and a word behind <|expl|>.
    [Test]
    public void A_head_learns_labels_and_explanations_and_one_task_does_without_the_other()
    {
        IReadOnlyDictionary<string, int> ids = TokenExtension.Write(TestModels.HearthPath, Extended, Added);
        using LanguageModel model = LanguageModel.Load(Extended);
        string[] works = ["honey bread", "a straw hat", "apple wine", "a clay pot", "oat cakes", "a reed basket"];
        string[] kinds = ["How do I make {0}?", "Where can I buy {0}?"];
        var both = new List<TrainingText>();
        var asked = new List<(int[] Label, int[] Explanation, int Kind, int Word)>();
        int[] words = [.. works.Select(work => model.Encode(" " + work.Split(' ')[^1], addSpecialTokens: false)[0])];
        foreach ((string work, int w) in works.Select((work, w) => (work, w)))
            for (int kind = 0; kind < kinds.Length; kind++)
            {
                int label = ids[kind == 0 ? "<|safe|>" : "<|harmful|>"];
                int[] request = [.. model.EncodeChat([new ChatMessage("user", string.Format(System.Globalization.CultureInfo.InvariantCulture, kinds[kind], work))]), ids["<|pred|>"]];
                int[] text = [.. request, label, ids["<|expl|>"], words[w]];
                both.Add(new TrainingText(text, [.. text.Select((_, t) => t == request.Length || t == text.Length - 1)]));
                asked.Add((request, text[..^1], label, words[w]));
            }
        TrainingText[] labels = [.. both.Select(text => text with { Learned = [.. text.Learned!.Select((learned, t) => learned && t != text.Ids.Length - 1)] })];
        TrainingText[] explanations = [.. both.Select(text => text with { Learned = [.. text.Learned!.Select((learned, t) => learned && t == text.Ids.Length - 1)] })];
        (double Label, double Explanation) together = Accuracy(both), labelAlone = Accuracy(labels), explanationAlone = Accuracy(explanations);
        Assert.That((together.Label, together.Explanation), Is.EqualTo((1.0, 1.0)));
        Assert.That(labelAlone.Label, Is.EqualTo(together.Label).Within(.01));
        Assert.That(explanationAlone.Explanation, Is.EqualTo(together.Explanation).Within(.01));
        Assert.That(labelAlone.Explanation, Is.LessThan(.5), "nobody taught it");

        (double, double) Accuracy(IReadOnlyList<TrainingText> texts)
        {
            OutputHead head = HeadTraining.Train(model, texts, new HeadOptions { Training = new TrainingOptions { LearningRate = 1e-2, Epochs = 120, BatchRows = 8, ValidationShare = 0, Seed = 3 } }).Head;
            double Right(Func<(int[] Label, int[] Explanation, int Kind, int Word), (int[], int)> task)
            {
                (int[] Prompt, int Expected)[] tasks = [.. asked.Select(task)];
                States states = ActivationCollector.Collect(model, [.. tasks.Select(one => one.Prompt)], ["final_norm"])[0];
                var products = new float[model.VocabularySize];
                return tasks.Where((one, i) =>
                {
                    head.Apply(products, states[i]);
                    return Array.IndexOf(products, products.Max()) == one.Expected;
                }).Count() / (double)tasks.Length;
            }
            return (Right(one => (one.Label, one.Kind)), Right(one => (one.Explanation, one.Word)));
        }
    }
}
