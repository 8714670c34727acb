using Managed.Guards.Learning;
using Managed.Tests.Models;

namespace Managed.Tests.Guards.Learning;

/// <summary>Collected states are what a run of each prompt alone shows, bit for bit.</summary>
public class CollectorTests
{
    private static int[][] Prompts(int count)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, 1 + random.Next(60)).Select(_ => random.Next(1024)).ToArray())];
    }

    [Test]
    public void Last_all_and_mean_are_those_of_a_run_alone()
    {
        int[][] prompts = Prompts(70); // more tokens than one step takes
        string[] hooks = ["blocks.2.hook_resid_post", "blocks.4.attn.hook_z"];
        IReadOnlyList<States> last = ActivationCollector.Collect(TestModels.Hearth, prompts, hooks);
        IReadOnlyList<States> all = ActivationCollector.Collect(TestModels.Hearth, prompts, hooks, StatePositions.All);
        IReadOnlyList<States> mean = ActivationCollector.Collect(TestModels.Hearth, prompts, hooks, StatePositions.Mean);
        Assert.That(last.Select(states => states.HookPoint), Is.EqualTo(hooks));
        for (int prompt = 0; prompt < prompts.Length; prompt++)
        {
            ActivationCache cache = TestModels.Hearth.RunWithCache(prompts[prompt], hooks).Cache;
            for (int point = 0; point < hooks.Length; point++)
            {
                Activation alone = cache[hooks[point]];
                Assert.That(last[point][prompt].ToArray(), Is.EqualTo(alone[^1].ToArray()));
                (int first, int end) = all[point].RowsOf(prompt);
                Assert.That(end - first, Is.EqualTo(prompts[prompt].Length));
                for (int row = first; row < end; row++)
                    Assert.That(all[point][row].ToArray(), Is.EqualTo(alone[row - first].ToArray()));
                for (int i = 0; i < 128; i++)
                {
                    double sum = 0;
                    for (int row = 0; row < end - first; row++)
                        sum += alone[row][i];
                    Assert.That(mean[point][prompt][i], Is.EqualTo((float)(sum / (end - first))));
                }
            }
        }
    }

    [Test]
    public void The_final_norm_and_registered_hooks_are_seen()
    {
        using LanguageModel model = TestModels.Load(TestModels.HearthPath);
        int[][] prompts = Prompts(3);
        using (model.Hook("blocks.5.hook_resid_post", (stream, _) => stream.Row(^1).Fill(1)))
        {
            IReadOnlyList<States> states = ActivationCollector.Collect(model, prompts, ["resid_post.5", "ln_final.hook_out"]);
            Assert.That(states[0][2].ToArray(), Is.All.EqualTo(1f));
            Assert.That(states[1][0].ToArray(), Is.EqualTo(states[1][2].ToArray()));
        }
    }

    [TestCase("pattern.2")]
    [TestCase("attn_scores.0")]
    public void Points_whose_rows_are_not_tokens_are_refused(string hook) =>
        Assert.That(() => ActivationCollector.Collect(TestModels.Hearth, Prompts(1), [hook]), Throws.TypeOf<GuardException>().With.Message.Contains("not the prompt's tokens"));

    [Test]
    public void A_prompt_without_tokens_is_refused() =>
        Assert.That(() => ActivationCollector.Collect(TestModels.Hearth, [[1], []], ["resid_post"]), Throws.TypeOf<GuardException>().With.Message.Contains("prompt 1"));
}
