using Managed.Sampling;

namespace Managed.Tests.Sampling;

/// <summary>Steps that change a few tokens name all of these: where logits lie elsewhere, no others are asked for.</summary>
public class LocalStepTests
{
    private const int Vocabulary = 60, PromptLength = 8;

    private static readonly int[] s_ends = [2, 59, 77]; // the last one is beyond the vocabulary

    private static IEnumerable<TestCaseData> Options()
    {
        (string Name, SamplingOptions Options)[] all =
        [
            ("repetition", new() { RepetitionPenalty = 1.7 }),
            ("presence and frequency", new() { PresencePenalty = 0.5, FrequencyPenalty = -0.25 }),
            ("window", new() { PenaltyWindow = 5, RepetitionPenalty = 1.2, FrequencyPenalty = 0.5 }),
            ("window of all", new() { PenaltyWindow = -1, PresencePenalty = 1 }),
            ("n-grams", new() { NoRepeatNgram = 2 }),
            ("every token once", new() { NoRepeatNgram = 1 }),
            ("dry", new() { DryMultiplier = 1, DryAllowedLength = 1, DryWindow = 9 }),
            ("dry with breakers", new() { DryMultiplier = 1, DryAllowedLength = 1, DryBreakers = [3] }),
            ("bias", new() { LogitBias = [new SequenceBias([4], 3), new SequenceBias([1, 5], -2), new SequenceBias([6], double.NegativeInfinity)] }),
            ("words", new() { BadWords = [[9], [1, 10], [2]] }),
            ("suppressed", new() { SuppressTokens = [0, 33] }),
            ("end tokens", new() { MinNewTokens = 30 }),
        ];
        return all.Select(each => new TestCaseData(each.Options).SetArgDisplayNames(each.Name));
    }

    [TestCaseSource(nameof(Options))]
    public void A_step_changes_no_token_that_it_does_not_name(SamplingOptions options)
    {
        options.Validate(Vocabulary);
        ILogitStep step = SamplingChain.Build(options, s_ends).Single();
        Assert.That(step, Is.InstanceOf<ILocalStep>());
        var random = new Random(4);
        var candidates = new Candidates(Vocabulary);
        int changed = 0;
        for (int round = 0; round < 200; round++)
        {
            int[] text = [.. Enumerable.Range(0, PromptLength + random.Next(30)).Select(_ => random.Next(12))];
            float[] logits = [.. Enumerable.Range(0, Vocabulary).Select(_ => (random.NextSingle() * 10) - 5)];
            var context = new SamplingContext(text, PromptLength);
            int[] named = ((ILocalStep)step).Changes(context).ToArray();
            candidates.Load(logits);
            step.Apply(candidates, context);
            for (int id = 0; id < Vocabulary; id++)
                if (candidates.Score(id) != logits[id])
                {
                    changed++;
                    Assert.That(named, Has.Member(id), $"round {round}, token {id}");
                }
        }
        Assert.That(changed, Is.Positive, "the step does something");
    }

    [Test]
    public void Steps_that_look_at_all_scores_are_not_among_them()
    {
        foreach (SamplingOptions options in new SamplingOptions[]
        {
            new() { Temperature = 0.5 }, new() { TopK = 3 }, new() { TopP = 0.5 }, new() { MinP = 0.1 }, new() { TypicalP = 0.5 }, new() { TopH = 0.5 }, new() { TopNSigma = 1 },
            new() { EpsilonCutoff = 0.01 }, new() { EtaCutoff = 0.01 }, new() { XtcProbability = 0.5 }, new() { MirostatTau = 2 }, new() { DynamicTemperatureRange = 0.5 }, new() { GuidanceScale = 2 },
        })
            Assert.That(SamplingChain.Build(options, s_ends).Single(), Is.Not.InstanceOf<ILocalStep>(), $"{options}");
    }
}
