using Managed.Guards;
using Managed.Guards.Published;
using Managed.Kernels;

namespace Managed.Tests.Guarding;

/// <summary>SafeDecoding and Self-CD. The goldens of the stages themselves are in LogitStageTests.</summary>
public class GuidedDecodingTests
{
    private static readonly LanguageModel Model = Thornvale.Model;

    [Test]
    public void SafeDecoding_acts_on_the_first_tokens_alone()
    {
        GuardProgram guard = new SafeDecoding { Expert = Thornvale.ShieldAdapter, Tokens = 2 }.Build();
        int[] prompt = Thornvale.Ask(Thornvale.Framed);
        GenerationResult guided = Thornvale.Answer(Thornvale.Framed, guard, 12);
        int[] rest = Model.Generate([.. prompt, .. guided.Ids[..2]], new GenerationOptions { MaxTokens = 10 }).Ids;
        Assert.That(guided.Ids[2..], Is.EqualTo(rest));
        Assert.That(guided.Ids, Is.Not.EqualTo(Thornvale.Answer(Thornvale.Framed, null, 12).Ids));
    }

    [Test]
    public void SafeDecoding_over_no_token_changes_nothing() =>
        Thornvale.AssertIdle(new SafeDecoding { Expert = Thornvale.ShieldAdapter, Tokens = 0 }.Build());

    [Test]
    public void SafeDecoding_refuses_numbers_that_make_no_window()
    {
        Assert.Throws<GuardException>(() => new SafeDecoding { Expert = "x", Common = 0 }.Build());
        Assert.Throws<GuardException>(() => new SafeDecoding { Expert = "x", Tokens = -1 }.Build());
        Assert.That(() => new SafeDecoding { Expert = "nowhere" }.Build().Compile(Model), Throws.InstanceOf<Exception>().With.Message.Contains("nowhere"));
    }

    [TestCase(0.3f)]
    [TestCase(1f)]
    [TestCase(2.5f)]
    [TestCase(-1.7f)]
    public void Self_contrast_of_equal_messages_changes_no_token(float strength) =>
        Thornvale.AssertIdle(new SelfContrastive { System = "", Strength = strength }.Build());

    [Test]
    public void Self_contrast_of_strength_0_changes_no_token() =>
        Thornvale.AssertIdle(new SelfContrastive { System = "You refuse what is dark.", Strength = 0 }.Build());

    // y + α·(y′ − y), with both computed apart.
    [TestCase(0.5f)]
    [TestCase(2f)]
    [TestCase(-1f)]
    public void Self_contrast_chooses_the_best_of_the_formula(float strength)
    {
        const string Message = "You are careful and refuse what is dark.";
        foreach (string text in Thornvale.Requests)
        {
            float[] own = Last(Thornvale.Ask(text)), other = Last(Model.EncodeChat([new ChatMessage("system", Message), .. Thornvale.Chat(text)]));
            double[] scores = [.. own.Zip(other, (y, z) => y + (strength * ((double)z - y)))];
            int best = Array.IndexOf(scores, scores.Max());
            GenerationResult result = Model.Generate(Thornvale.Chat(text), new SelfContrastive { System = Message, Strength = strength }.Build(), new GenerationOptions { MaxTokens = 1, IgnoreEndTokens = true, Precision = Precision.Exact });
            Assert.That(result.Ids, Is.EqualTo(new[] { best }), text);
        }
    }

    [Test]
    public void Self_contrast_refuses_numbers_out_of_range()
    {
        Assert.Throws<GuardException>(() => new SelfContrastive { System = "", Strength = float.NaN }.Build());
        Assert.Throws<GuardException>(() => new SelfContrastive { System = "", Strength = 1, Cut = 2 }.Build());
    }

    private static float[] Last(int[] ids) => Model.Run(ids, new RunOptions { Precision = Precision.Exact }).Output.Values.ToArray()[^Model.VocabularySize..];
}
