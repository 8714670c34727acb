using FsCheck;
using FsCheck.Fluent;
using Managed.Sampling;

namespace Managed.Tests.Sampling;

/// <summary>The state machine on made-up models, against the rule written down plainly with whole texts and full sorts.</summary>
public class BeamSearchTests
{
    private const int End = 2;

    [Test]
    public void Beam_search_follows_its_rule_on_any_model()
    {
        var cases = from vocabulary in Gen.Choose(3, 12)
                    from beams in Gen.Choose(1, 5)
                    from limit in Gen.Choose(1, 8)
                    from penalty in Gen.Elements(0.0, 0.5, 0.8, 1.0, 1.5)
                    from early in Gen.Elements(true, false)
                    from seed in Gen.Choose(0, int.MaxValue)
                    select (vocabulary, options: new BeamSearchOptions { Beams = beams, LengthPenalty = penalty, EarlyStopping = early, MaxNewTokens = limit, EndTokens = [End] }, seed);
        Prop.ForAll(Arb.From(cases), one =>
        {
            float[] Model(IReadOnlyList<int> text) => Logits(text, one.vocabulary, one.seed);
            (int[] Ids, double Score)[] found = Search(one.options, Model), expected = Plainly(one.options, Model);
            return found.Length == expected.Length
                && found.Zip(expected).All(pair => pair.First.Ids.SequenceEqual(pair.Second.Ids) && Math.Abs(pair.First.Score - pair.Second.Score) < 1e-9);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(600));
    }

    [Test]
    public void With_beams_enough_for_every_text_the_best_text_is_found()
    {
        float[] Model(IReadOnlyList<int> text) => Logits(text, 3, 7);
        var options = new BeamSearchOptions { Beams = 200, LengthPenalty = 0, MaxNewTokens = 4, EndTokens = [End] };
        double best = Best([], 0);
        Assert.That(Search(options, Model)[0].Score, Is.EqualTo(best).Within(1e-9));

        double Best(int[] text, double sum)
        {
            if (text.Length == 4 || (text.Length > 0 && text[^1] == End))
                return sum;
            float[] logits = Model(text);
            double total = LogitFunctions.LogSumExp(logits);
            return Enumerable.Range(0, 3).Max(token => Best([.. text, token], sum + logits[token] - total));
        }
    }

    [Test]
    public void One_beam_is_greedy()
    {
        float[] Model(IReadOnlyList<int> text) => Logits(text, 9, 5);
        var options = new BeamSearchOptions { Beams = 1, MaxNewTokens = 6, EndTokens = [], LengthPenalty = 1 };
        var greedy = new List<int>();
        while (greedy.Count < 6)
            greedy.Add(LogitFunctions.IndexOfHighest(Model(greedy)));
        Assert.That(Search(options, Model)[0].Ids, Is.EqualTo(greedy));
    }

    private static (int[] Ids, double Score)[] Search(BeamSearchOptions options, Func<IReadOnlyList<int>, float[]> model)
    {
        var search = new BeamSearch(options);
        List<int[]> texts = [[]];
        while (!search.IsDone)
        {
            search.Advance([.. texts.SelectMany(model)]);
            var next = new List<int[]>();
            for (int beam = 0; beam < search.Running; beam++)
                next.Add([.. texts[search.Parents[beam]], search.Tokens[beam]]);
            texts = next;
        }
        return [.. search.Finished.Select(beam => (beam.Ids, beam.Score))];
    }

    private static (int[] Ids, double Score)[] Plainly(BeamSearchOptions options, Func<IReadOnlyList<int>, float[]> model)
    {
        List<(int[] Ids, double Sum)> running = [([], 0)];
        List<(int[] Ids, double Score)> finished = [];
        double Score((int[] Ids, double Sum) text) => text.Sum / Math.Pow(text.Ids.Length, options.LengthPenalty);
        while (true)
        {
            var best = running
                .SelectMany((beam, order) =>
                {
                    float[] logits = model(beam.Ids);
                    double total = LogitFunctions.LogSumExp(logits);
                    return logits.Select((logit, token) => (order, text: (Ids: (int[])[.. beam.Ids, token], Sum: beam.Sum + (logit - total))));
                })
                .OrderByDescending(one => one.text.Sum).ThenBy(one => one.order).ThenBy(one => one.text.Ids[^1])
                .Take(2 * options.Beams).Select(one => one.text).ToList();
            bool Done((int[] Ids, double Sum) text) => text.Ids[^1] == End && options.EndTokens.Contains(End) || text.Ids.Length == options.MaxNewTokens;
            finished = [.. finished.Concat(best.Take(options.Beams).Where(Done).Select(text => (text.Ids, Score(text)))).OrderByDescending(text => text.Item2).Take(options.Beams)];
            running = [.. best.Where(text => !Done(text)).Take(options.Beams)];
            if (running.Count == 0 || (finished.Count == options.Beams && (options.EarlyStopping || Score(running[0]) <= finished[^1].Score)))
                return [.. finished];
        }
    }

    // A made-up model: logits that depend on the whole text and on nothing else.
    private static float[] Logits(IReadOnlyList<int> text, int vocabulary, int seed)
    {
        uint mixed = text.Aggregate((uint)seed, (sum, token) => (sum * 31) + (uint)token + 1);
        var random = new CounterRandom(mixed, 0);
        return [.. Enumerable.Range(0, vocabulary).Select(id => (float)(6 * random.Uniform(id, RandomPurpose.Token)))];
    }
}
