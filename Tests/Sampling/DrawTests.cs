using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Managed.Sampling;

namespace Managed.Tests.Sampling;

public class DrawTests
{
    [Test]
    public void Draws_equal_the_rule_bit_for_bit()
    {
        JsonElement golden = GoldenCases.Json(GoldenCases.Path("draws.json"));
        var tensors = new GoldenTensors(GoldenCases.Path("draws.safetensors"));
        int draws = 0;
        foreach (JsonElement set in golden.GetProperty("weights").EnumerateArray())
        {
            float[] weights = tensors.Singles(set.GetProperty("weights").GetString()!);
            double[] uniform = tensors.Doubles(set.GetProperty("u").GetString()!);
            var scratch = new LazyRanking(weights.Length);
            int[] drawn = Array.ConvertAll(uniform, u => InverseCdf.Draw(weights, u, scratch));
            Assert.That(drawn, Is.EqualTo(set.GetProperty("token").Ints()), set.GetProperty("name").GetString());
            draws += drawn.Length;
        }
        foreach (JsonElement set in golden.GetProperty("logits").EnumerateArray())
        {
            float[] logits = set.GetProperty("logits").Singles();
            var candidates = new Candidates(logits.Length);
            int[] drawn = Array.ConvertAll(set.GetProperty("u").Doubles(), u =>
            {
                candidates.Load(logits);
                return candidates.Draw(u);
            });
            Assert.That(drawn, Is.EqualTo(set.GetProperty("token").Ints()));
            draws += drawn.Length;
        }
        Assert.That(draws, Is.GreaterThanOrEqualTo(208));
    }

    [Test]
    public void Sorting_only_what_is_needed_never_changes_a_draw()
    {
        // Few distinct weights and numbers u that hit borders: the cases where shortcuts go wrong.
        var weight = Gen.OneOf(Gen.Choose(0, 4).Select(n => n / 4f), Gen.Choose(1, 1000).Select(n => n / 997f), Gen.Constant(0f));
        var uniform = Gen.OneOf(Gen.Choose(0, 63).Select(n => n / 64.0), Gen.Choose(0, 99_999).Select(n => n / 100_000.0));
        var cases = from weights in Gen.Choose(1, 90).SelectMany(n => Gen.ArrayOf(weight, n))
                    from u in uniform
                    select (weights, u);
        Prop.ForAll(Arb.From(cases), one => InverseCdf.Draw(one.weights, one.u, new LazyRanking(one.weights.Length)) == Plainly(one.weights, one.u))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Test]
    public void A_draw_by_temperature_alone_is_the_one_from_scores_of_all_tokens()
    {
        // Equal logits, tokens that cannot come, lengths that are no whole vectors, and numbers u that hit borders.
        var logit = Gen.OneOf(Gen.Choose(-3, 3).Select(n => (float)n), Gen.Choose(-40_000, 9_000).Select(n => n / 997f), Gen.Constant(float.NegativeInfinity));
        var uniform = Gen.OneOf(Gen.Choose(0, 63).Select(n => n / 64.0), Gen.Choose(0, 99_999).Select(n => n / 100_000.0), Gen.Constant(1 - 1e-12));
        var cases = from logits in Gen.Choose(1, 90).SelectMany(n => Gen.ArrayOf(logit, n))
                    from u in uniform
                    from temperature in Gen.Elements(1, 0.7, 0.1, 3)
                    select (logits: (float[])[1f, .. logits], u, temperature);
        int decided = 0, all = 0;
        Prop.ForAll(Arb.From(cases), one =>
        {
            var candidates = new Candidates(one.logits.Length);
            int drawn = candidates.TryDraw(one.logits, one.temperature, one.u);
            candidates.Load(one.logits);
            candidates.Divide(one.temperature);
            all++;
            decided += drawn >= 0 ? 1 : 0;
            return drawn < 0 || drawn == candidates.Draw(one.u);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
        Assert.That(decided, Is.GreaterThan(all / 2), "else nothing is gained");
    }

    [Test]
    public void A_draw_from_behind_the_leading_tokens_is_the_one_from_scores_of_all_tokens([Values(1, 0.8, 2.5)] double temperature)
    {
        // One token far above some thousands that are as likely together.
        var random = new Random(3);
        float[] logits = [.. Enumerable.Range(0, 9001).Select(id => id == 77 ? (float)(9.5 * temperature) : (random.NextSingle() + random.NextSingle()) * (float)temperature)];
        var candidates = new Candidates(logits.Length);
        int decided = 0, behind = 0;
        for (int i = 0; i < 400; i++)
        {
            double u = random.NextDouble();
            int drawn = candidates.TryDraw(logits, temperature, u);
            candidates.Load(logits);
            candidates.Divide(temperature);
            int expected = candidates.Draw(u);
            Assert.That(drawn, Is.AnyOf(-1, expected), $"u = {u}");
            behind += logits[expected] < (9.5 - 8) * temperature ? 1 : 0;
            decided += drawn >= 0 ? 1 : 0;
        }
        Assert.That(behind, Is.GreaterThan(50), "the case that is meant");
        Assert.That(decided, Is.GreaterThan(380));
    }

    [Test]
    public void A_draw_from_thousands_of_tokens_that_may_all_come_is_the_one_from_scores_of_all_tokens(
        [Values(1, 0.8, 2.5)] double temperature, [Values(0f, 0.5f, 4f)] float spread)
    {
        var random = new Random(5);
        float[] logits = [.. Enumerable.Range(0, 9001).Select(id => (random.NextSingle() + random.NextSingle() - 1) * spread * (float)temperature)];
        var candidates = new Candidates(logits.Length);
        int decided = 0;
        foreach (double u in (double[])[0, 1 - 1e-12, 0.5, .. Enumerable.Range(0, 300).Select(_ => random.NextDouble())])
        {
            int drawn = candidates.TryDraw(logits, temperature, u);
            candidates.Load(logits);
            candidates.Divide(temperature);
            Assert.That(drawn, Is.AnyOf(-1, candidates.Draw(u)), $"u = {u}");
            decided += drawn >= 0 ? 1 : 0;
        }
        Assert.That(decided, Is.GreaterThan(295));
    }

    [Test]
    public void Logits_that_cannot_be_drawn_from_are_refused([Values(float.NaN, float.PositiveInfinity)] float bad, [Values(0, 3, 20)] int place)
    {
        var logits = new float[21];
        logits[place] = bad;
        var sampler = new Sampler(new SamplingOptions { Temperature = 1, Seed = 1 }, new Candidates(logits.Length), []);
        Assert.That(() => sampler.Choose(logits, [1], 1), Throws.TypeOf<GenerationException>().With.Message.Contains($"token {place} "));
        Array.Fill(logits, float.NegativeInfinity);
        Assert.That(() => sampler.Choose(logits, [1], 1), Throws.TypeOf<GenerationException>());
    }

    [Test]
    public void A_lazy_ranking_is_the_sorted_order_at_every_rank()
    {
        var cases = from scores in Gen.Choose(1, 400).SelectMany(n => Gen.ArrayOf(Gen.Choose(0, 50).Select(v => (float)v), n))
                    from first in Gen.Choose(0, scores.Length - 1)
                    select (scores, first);
        Prop.ForAll(Arb.From(cases), one =>
        {
            var candidates = new Candidates(one.scores.Length);
            candidates.Load(one.scores);
            int[] expected = [.. Enumerable.Range(0, one.scores.Length).OrderByDescending(id => one.scores[id]).ThenBy(id => id)];
            candidates.Ranked(one.first);
            return Enumerable.Range(0, expected.Length).All(rank => candidates.Ranked(rank) == expected[rank]);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Test]
    public void Philox_gives_the_published_blocks()
    {
        // Known answers of the Random123 distribution.
        Assert.Multiple(() =>
        {
            Assert.That(CounterRandom.Block(0, 0, 0, 0, 0, 0), Is.EqualTo((0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)));
            Assert.That(CounterRandom.Block(~0u, ~0u, ~0u, ~0u, ~0u, ~0u), Is.EqualTo((0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)));
            Assert.That(
                CounterRandom.Block(0xa4093822, 0x299f31d0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344),
                Is.EqualTo((0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)));
        });
    }

    [Test]
    public void Uniform_numbers_fill_the_unit_interval_evenly()
    {
        var random = new CounterRandom(42, 3);
        var bins = new int[16];
        for (int position = 0; position < 16_000; position++)
        {
            double u = random.Uniform(position, RandomPurpose.Token);
            Assert.That(u, Is.InRange(0, 1).And.LessThan(1));
            bins[(int)(u * 16)]++;
        }
        Assert.That(bins.Sum(n => (n - 1000.0) * (n - 1000.0) / 1000), Is.LessThan(37.7)); // χ² of 15 degrees of freedom, 0.1 %
    }

    private static int Plainly(float[] weights, double u)
    {
        int[] order = [.. Enumerable.Range(0, weights.Length).OrderByDescending(id => weights[id]).ThenBy(id => id)];
        double total = 0, running = 0;
        foreach (int id in order)
            total += weights[id];
        foreach (int id in order)
            if ((running += weights[id]) > u * total)
                return id;
        return order.LastOrDefault(id => weights[id] > 0, order[0]);
    }
}
