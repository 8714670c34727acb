using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Kernels.Guidance;
using Managed.Sampling;

namespace Managed.Tests.Gpu;

/// <summary>Stages and choices on the device against the host's, on random logits.</summary>
public class GuidanceKernelTests
{
    // Rows of logits: of every kind, so that a row's choice depends on all of its stages.
    private sealed class Case(int vocabulary, int rows, int seed)
    {
        private readonly Random random = new(seed);
        private readonly List<(int Row, List<(LogitStage Stage, int Lane, int[] Ids)> Stages)> wanted = [];

        public float[][] Logits { get; } = Rows(vocabulary, rows, new Random(seed));

        public LogitChoices Choices { get; } = new();

        public void Choose(params LogitStage[] stages) => Choose(0, stages);

        // Rows of coarse numbers have more equals than a list takes.
        public void Choose(int listed, params LogitStage[] stages)
        {
            int row = listed > 0 ? random.Next(2) : random.Next(Logits.Length);
            Choices.Begin(row, listed);
            var own = new List<(LogitStage, int, int[])>();
            foreach (LogitStage given in stages)
            {
                int[] ids = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => random.Next(vocabulary)).Order()];
                if (given.Kind != LogitStageKind.Penalty)
                    ids = [.. ids.Distinct()];
                int[] tokens = [7, 9, .. ids, 3];
                LogitStage stage = given with { FirstId = 2, IdCount = ids.Length };
                int lane = random.Next(Logits.Length);
                own.Add((stage, lane, tokens));
                Choices.Add(stage, lane, tokens);
            }
            wanted.Add((row, own));
        }

        public int[] OnHost() => [.. Enumerable.Range(0, wanted.Count).Select(choice => Highest(ScoresOf(choice)))];

        public float[] ScoresOf(int choice)
        {
            float[] scores = [.. Logits[wanted[choice].Row]];
            foreach ((LogitStage stage, int lane, int[] ids) in wanted[choice].Stages)
                LogitStages.Apply(stage, scores, Logits[lane], ids);
            return scores;
        }

        public int[] On(IDevice device)
        {
            int[] tokens = new int[Choices.Count];
            DeviceBuffer buffer = device.Upload([.. Logits.SelectMany(row => row)]);
            bool isDone = device.TryBest(tokens, new Rows(buffer, 0, Logits.Length, vocabulary, vocabulary), Choices);
            buffer.Dispose();
            Assert.That(isDone, "the device has these stages");
            return tokens;
        }

        // −1: the host refuses, too.
        private static int Highest(float[] scores) =>
            Array.TrueForAll(scores, float.IsNegativeInfinity) || Array.Exists(scores, score => !(score < float.PositiveInfinity)) ? -1 : LogitFunctions.IndexOfHighest(scores);

        // Coarse numbers have equals; some tokens cannot come at all.
        private static float[][] Rows(int vocabulary, int rows, Random random) => [.. Enumerable.Range(0, rows).Select(row => Enumerable.Range(0, vocabulary).Select(_ =>
        {
            float logit = (float)(random.NextDouble() * 12) - 6;
            return row % 4 == 3 && random.Next(4) == 0 ? float.NegativeInfinity : row % 3 == 2 ? MathF.Round(logit) : logit;
        }).ToArray())];
    }

    private static readonly LogitStage[] s_stages =
    [
        new() { Kind = LogitStageKind.Union, Strength = 0.5f },
        new() { Kind = LogitStageKind.Union, Strength = 0.99f },
        new() { Kind = LogitStageKind.Mix, Strength = -0.5f, Keep = 1.5f, Cut = 0.1f },
        new() { Kind = LogitStageKind.Mix, Strength = 0.3f, Keep = 1 },
        new() { Kind = LogitStageKind.Mix, Strength = 0.3f, Keep = 0.6f, Cut = 0.02f },
        new() { Kind = LogitStageKind.Mix, Keep = 2, Cut = 0.5f },
        new() { Kind = LogitStageKind.Penalty, Strength = 3 },
        new() { Kind = LogitStageKind.Penalty, Strength = -3 },
        new() { Kind = LogitStageKind.Mask },
        new() { Kind = LogitStageKind.Allow },
    ];

    private static void Check(IDevice device, Case wanted) => Assert.That(wanted.On(device), Is.EqualTo(wanted.OnHost()));

    [Test]
    public void A_choice_is_the_host_s([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        foreach (int vocabulary in accelerator is Accelerators.Ptx or Accelerators.Cpu ? new[] { 67, 1000 } : new[] { 1, 63, 64, 65, 129, 5003 })
        {
            var each = new Case(vocabulary, 5, vocabulary);
            each.Choose();
            foreach (LogitStage stage in s_stages)
                if (vocabulary > 1 || stage.Kind != LogitStageKind.Mask)
                    each.Choose(stage);
            if (vocabulary > 1000)
                for (int i = 0; i < 40; i++)
                    each.Choose(s_stages[i % s_stages.Length]);
            Check(device, each);
        }
    }

    [Test]
    public void Stages_run_in_their_order([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        var together = new Case(700, 6, 5);
        together.Choose(s_stages[8], s_stages[0], s_stages[6]);
        together.Choose();
        together.Choose(s_stages[2], s_stages[1], s_stages[4], s_stages[8]);
        together.Choose(s_stages[9], s_stages[3]);
        together.Choose(s_stages[6], s_stages[6], s_stages[2]);
        Check(device, together);
        Check(device, together);
        var fewer = new Case(700, 6, 6);
        fewer.Choose(s_stages[2]);
        Check(device, fewer);
    }

    [Test]
    public void What_only_the_host_can_say_is_left_to_it([Values(Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        foreach (float unfit in new[] { float.NaN, float.PositiveInfinity })
        {
            var spoilt = new Case(300, 1, 3);
            spoilt.Choose();
            spoilt.Choose(s_stages[0]);
            spoilt.Choose(s_stages[8], s_stages[2]);
            spoilt.Logits[0][211] = unfit;
            Assert.That(spoilt.On(device), Is.All.EqualTo(-1), $"{unfit}");
        }
        var empty = new Case(300, 1, 3);
        empty.Choose();
        empty.Choose(s_stages[0]);
        Array.Fill(empty.Logits[0], float.NegativeInfinity);
        Assert.That(empty.On(device), Is.All.EqualTo(-1));
        var window = new Case(300, 2, 4);
        window.Choose(new LogitStage { Kind = LogitStageKind.Window, Strength = 3, Common = 2 });
        Assert.That(device.TryBest(new int[1], default, window.Choices), Is.False);
    }

    [Test]
    public void A_processor_s_choice_is_the_host_s_however_many_threads_share_it([Values(1, 2, 3)] int threads, [Values(7, 4096, 4097, 20011)] int vocabulary)
    {
        using var device = new CpuDevice(threads);
        foreach (LogitStage stage in s_stages)
        {
            var one = new Case(vocabulary, 3, vocabulary + 1);
            one.Choose(stage, s_stages[1], s_stages[7], s_stages[4]);
            Check(device, one);
        }
        var window = new Case(vocabulary, 3, 9);
        window.Choose(s_stages[0], new LogitStage { Kind = LogitStageKind.Window, Strength = 3, Common = 4 }, s_stages[6]);
        Check(device, window);
        var many = new Case(vocabulary, 5, 10);
        for (int i = 0; i < 11; i++)
            many.Choose(s_stages[i % s_stages.Length], s_stages[0]);
        many.Choose();
        Check(device, many);
    }

    [Test]
    public void A_processor_leaves_to_the_host_what_only_it_can_say([Values(1, 2)] int threads, [Values(float.NaN, float.PositiveInfinity)] float unfit)
    {
        using var device = new CpuDevice(threads);
        foreach (int choices in new[] { 1, 8 })
        {
            var spoilt = new Case(9000, 1, 3);
            for (int i = 0; i < choices; i++)
                spoilt.Choose(s_stages[0], s_stages[3]);
            spoilt.Logits[0][5211] = unfit;
            Assert.That(spoilt.On(device), Is.All.EqualTo(-1));
            Array.Fill(spoilt.Logits[0], float.NegativeInfinity);
            Assert.That(spoilt.On(device), Is.All.EqualTo(-1));
        }
    }

    [Test]
    public void PTX_assembles_without_spills() => Accelerators.AssertAssembles("guidance", device =>
    {
        var wanted = new Case(300, 2, 1);
        wanted.Choose(5, s_stages[0]);
        wanted.On(device);
    });

    [Test]
    public void Lists_hold_every_token_that_leads([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        int vocabulary = 4099;
        var wanted = new Case(vocabulary, 3, 8);
        wanted.Choose(1);
        wanted.Choose(41);
        wanted.Choose(64);
        wanted.Choose(20, s_stages[6]);
        wanted.Choose();
        int[] best = wanted.On(device);
        Assert.That(best, Is.EqualTo(wanted.OnHost()));
        foreach ((int choice, int count) in new[] { (0, 1), (1, 41), (2, 64), (3, 20) })
        {
            float[] scores = wanted.ScoresOf(choice);
            TokenList list = wanted.Choices.ListOf(choice);
            int[] ids = list.Ids.ToArray();
            float least = list.Scores.ToArray().Min();
            Assert.That(ids, Has.Length.AtLeast(count));
            Assert.That(ids.Order(), Is.EqualTo(Enumerable.Range(0, vocabulary).Where(id => scores[id] >= least)));
            Assert.That(list.Scores.ToArray(), Is.EqualTo(ids.Select(id => scores[id])));
        }
    }
}
