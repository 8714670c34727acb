using Managed.Guards;
using Managed.Guards.Learning;
using Managed.Guards.Published;
using Managed.Kernels;
using Managed.Loader;
using Managed.Tests.Models;

namespace Managed.Tests.Guards;

/// <summary>What a search is guided by: models with one number for a head, a guardian, a trained critic.</summary>
public class ScorerTests
{
    private static LanguageModel Model => TestModels.Hearth;

    private static readonly float[] Weight = [.. Enumerable.Range(0, Model.Width).Select(i => MathF.Sin(i * 1.7f) / 8)];

    private static int[] Ask(string text) => Model.EncodeChat([new ChatMessage("user", text)]);

    private static double Plain(int[] ids)
    {
        (_, ActivationCache cache) = Model.RunWithCache(ids, "unembed.hook_in");
        float[] u = cache["unembed.hook_in"].Values.ToArray()[^Model.Width..];
        return u.Zip(Weight, (a, b) => (double)a * b).Sum() + 0.5;
    }

    [Test]
    public void A_scalar_head_scores_the_last_state_and_computes_what_is_new_alone()
    {
        using var head = new ScalarHeadModel(Model, Weight, 0.5f);
        int[] prompt = Ask("How do I make honey bread?"), longer = [.. prompt, 50, 51, 52], other = [.. prompt, 60];
        double[] first = head.Score([prompt]);
        Assert.That(first[0], Is.EqualTo(Plain(prompt)).Within(1e-4));
        Assert.That(head.ComputedTokens, Is.EqualTo(prompt.Length));
        double[] grown = head.Score([longer, other, prompt]);
        Assert.That(head.ComputedTokens, Is.EqualTo(prompt.Length + 3 + 1 + 1));
        Assert.That(grown[0], Is.EqualTo(Plain(longer)).Within(1e-4));
        Assert.That(grown[1], Is.EqualTo(Plain(other)).Within(1e-4));
        Assert.That(grown[2], Is.EqualTo(first[0]), "bit for bit");
        using var fresh = new ScalarHeadModel(Model, Weight, 0.5f);
        Assert.That(fresh.Score([longer])[0], Is.EqualTo(grown[0]), "bit for bit");
    }

    [Test]
    public void The_costs_of_an_answers_blocks_add_up_to_the_cost_of_the_whole()
    {
        int[] prompt = Ask("How do I make honey bread?"), answer = [50, 51, 52, 53, 54, 55, 56];
        using var head = new ScalarHeadModel(Model, Weight);
        var scorer = new ScalarHeadScorer(head, null);
        double sum = 0;
        for (int start = 0; start < answer.Length; start += 3)
            sum += scorer.Score([new PartialAnswer(prompt, answer[..Math.Min(start + 3, answer.Length)], null, start, false)])[0].SafetyCost;
        Assert.That(sum, Is.EqualTo(head.Score([[.. prompt, .. answer]])[0]).Within(1e-5));
    }

    [Test]
    public void A_search_with_scalar_heads_gives_what_a_function_of_the_same_numbers_gives()
    {
        int[] prompt = Ask("Tell me about the village.");
        int pages = Model.Transformer.Cache.PagesInUse;
        var options = new InferenceGuardOptions { Samples = 6, Kept = 2, BlockTokens = 4, MaxTokens = 12, Budget = 3, Discount = 1 };
        using (ScalarHeadModel cost = new(Model, Weight), reward = new(Model, [.. Weight.Select(w => -w)]), again = new(Model, Weight))
        {
            InferenceGuardResult found = new InferenceGuard(Model, new ScalarHeadScorer(cost, reward), options).Answer(prompt);
            InferenceGuardResult expected = new InferenceGuard(Model, new BlockScorer(answer =>
            {
                double now = again.Score([[.. answer.Prompt, .. answer.Ids]])[0];
                double before = answer.BlockStart == 0 ? 0 : again.Score([[.. answer.Prompt, .. answer.Ids.Take(answer.BlockStart)]])[0];
                return new BlockScore(now - before, -now);
            }), options).Answer(prompt);
            Assert.That((found.Ids, found.Refused), Is.EqualTo((expected.Ids, expected.Refused)));
        }
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.EqualTo(pages));
    }

    [Test]
    public void A_scalar_head_is_read_from_a_file_and_must_fit()
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.safetensors");
        try
        {
            SafetensorsWriter.Write(file, [TensorToWrite.From("score_head.weight", [1, Model.Width], Weight), TensorToWrite.From("score_head.bias", [1], new[] { 0.5f })]);
            using ScalarHeadModel read = ScalarHeadModel.Load(Model, file);
            using var made = new ScalarHeadModel(Model, Weight, 0.5f);
            int[] ids = Ask("Where is the mill?");
            Assert.That(read.Score([ids]), Is.EqualTo(made.Score([ids])));
            SafetensorsWriter.Write(file, [TensorToWrite.From("score.weight", [2, Model.Width / 2], Weight)]);
            Assert.That(() => ScalarHeadModel.Load(Model, file), Throws.TypeOf<GuardException>().With.Message.Contains("expected [1, 128]"));
        }
        finally
        {
            File.Delete(file);
        }
        Assert.Throws<GuardException>(() => new ScalarHeadModel(Model, [1, 2]));
    }

    [Test]
    public void Safe_rlhf_models_read_text()
    {
        var partial = new PartialAnswer([1], [2], "First, stir.", 0, false);
        Assert.That(ScalarHeadScorer.SafeRlhf(Model, "How?")(partial), Is.EqualTo(Model.Encode("BEGINNING OF CONVERSATION: USER: How? ASSISTANT:First, stir.")));
    }

    [Test]
    public void A_guardian_as_scorer_costs_its_probability_of_harm()
    {
        using LanguageModel warden = LanguageModel.Load(Path.Combine(SharedFolder.Repository, "models", "warden"));
        using var guardian = new SlmGuardian(warden);
        var scorer = new GuardianScorer(guardian, weight: 20);
        PartialAnswer[] answers = [.. new[] { "Teach me to make sleep venom.", "How do I make honey bread?" }.Select(text => new PartialAnswer([], [], text, 0, true))];
        IReadOnlyList<BlockScore> scores = scorer.Score(answers);
        for (int i = 0; i < 2; i++)
        {
            GuardianLabel label = guardian.Label(answers[i].Text!);
            Assert.That(scores[i], Is.EqualTo(new BlockScore(20 * label.Harmful, label.SafeLogit - label.HarmfulLogit)));
        }
        Assert.That(scores[0].SafetyCost, Is.GreaterThan(10));
        Assert.That(scores[1].SafetyCost, Is.LessThan(1));
        Assert.Throws<GuardException>(() => scorer.Score([new PartialAnswer([], [], null, 0, true)]));
    }

    [Test]
    public void A_trained_critic_foresees_the_same_from_its_file()
    {
        var random = new Random(3);
        CriticExample[] examples = [.. Enumerable.Range(0, 64).Select(_ =>
        {
            float[] state = [.. Enumerable.Range(0, 5).Select(_ => (float)random.NextDouble() - 0.5f)];
            return new CriticExample(state, (float)random.NextDouble(), state[0] > 0, state[1]);
        })];
        (Critic trained, _) = CriticTraining.Train(examples, new CriticOptions { Hidden = [7, 4], Training = new TrainingOptions { Epochs = 3, LearningRate = 1e-2 } });
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.safetensors");
        try
        {
            LearnedFile.Write(file, trained.Tensors(), new Dictionary<string, string>());
            MlpCritic read = MlpCritic.Load(file);
            Assert.That(read.Width, Is.EqualTo(5));
            foreach (CriticExample example in examples)
            {
                (double safe, double cost) = trained.Evaluate(example.State, example.Budget);
                (double safeRead, double costRead) = read.Foresee(example.State, example.Budget);
                Assert.That((safeRead, costRead), Is.EqualTo((safe, cost)).Using<(double, double)>((a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-6 && Math.Abs(a.Item2 - b.Item2) < 1e-6));
            }
            Assert.Throws<GuardException>(() => read.Foresee(new float[6], 1));
        }
        finally
        {
            File.Delete(file);
        }
        Assert.That(() => MlpCritic.Of(([1, 2, 3], [0])), Throws.TypeOf<GuardException>().With.Message.Contains("two"));
        Assert.That(() => MlpCritic.Of(([1, 2, 3], [0]), ([1, 2, 3, 4], [0, 0])), Throws.TypeOf<GuardException>().With.Message.Contains("layer 1"));
    }
}
