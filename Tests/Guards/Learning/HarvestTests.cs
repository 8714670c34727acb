using Managed.Guards.Learning;
using Managed.Guards.Learning.Harvest;
using Managed.Loader;
using Managed.Tests.Models;
using Managed.Weights;

namespace Managed.Tests.Guards.Learning;

/// <summary>A harvest is the same files, bit for bit, however it was shared out and interrupted.</summary>
public class HarvestTests
{
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    private static int[][] Prompts(int count = 23)
    {
        var random = new Random(17);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, 1 + random.Next(20)).Select(_ => random.Next(1024)).ToArray())];
    }

    private static readonly HarvestOptions s_options = new() { Hooks = ["resid_post.2", "ln_final.hook_out"], Positions = StatePositions.All, PromptsOfPart = 4 };

    private HarvestReport Run(string name, HarvestShard shard, CancellationToken cancellation = default, IProgress<int>? progress = null) =>
        ActivationHarvest.Run(TestModels.Hearth, Prompts(), At(name), s_options with { Shard = shard }, progress, cancellation);

    private Dictionary<string, byte[]> Files(string name) =>
        Directory.GetFiles(At(name)).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    private void AssertSame(string a, string b)
    {
        Dictionary<string, byte[]> first = Files(a), second = Files(b);
        Assert.That(second.Keys, Is.EquivalentTo(first.Keys));
        foreach (string name in first.Keys)
            Assert.That(second[name].AsSpan().SequenceEqual(first[name]), name);
    }

    [Test]
    public void Processes_that_share_it_write_what_one_writes()
    {
        Assert.That(Run("one", HarvestShard.All), Is.EqualTo(new HarvestReport(6, 6, 0, 0)));
        foreach (int index in new[] { 2, 0, 1 })
            Assert.That(Run("three", new HarvestShard(index, 3)).Done, Is.EqualTo(2));
        File.WriteAllText(At("three/part-00002.safetensors.4xj1q0ab.part"), "of a process that was killed");
        long rows = ActivationHarvest.Merge(At("one"));
        Assert.That(rows, Is.EqualTo(Prompts().Sum(prompt => prompt.Length)));
        Assert.That(ActivationHarvest.Merge(At("three")), Is.EqualTo(rows));
        AssertSame("one", "three");
    }

    [Test]
    public void After_an_interruption_the_rest_is_done_and_what_is_there_is_kept()
    {
        using var cancellation = new CancellationTokenSource();
        Assert.That(() => Run("broken", HarvestShard.All, cancellation.Token, new Cancel(cancellation)), Throws.InstanceOf<OperationCanceledException>());
        int there = Directory.GetFiles(At("broken"), "part-*").Length;
        Assert.That(there, Is.EqualTo(2));
        Assert.That(Directory.GetFiles(At("broken"), "*.part"), Is.Empty);
        DateTime written = File.GetLastWriteTimeUtc(At("broken/part-00000.safetensors"));
        Assert.That(() => ActivationHarvest.Merge(At("broken")), Throws.TypeOf<GuardException>().With.Message.Contains("4 of 6 parts").And.Message.Contains("missing"));
        Assert.That(Run("broken", HarvestShard.All), Is.EqualTo(new HarvestReport(6, 4, 2, 0)));
        Assert.That(File.GetLastWriteTimeUtc(At("broken/part-00000.safetensors")), Is.EqualTo(written));
        Run("whole", HarvestShard.All);
        AssertSame("whole", "broken");
    }

    // Cancels after two parts.
    private sealed class Cancel(CancellationTokenSource source) : IProgress<int>
    {
        public void Report(int value)
        {
            if (value == 8)
                source.Cancel();
        }
    }

    [TestCase("flip")]
    [TestCase("cut")]
    [TestCase("other")]
    public void A_damaged_part_is_noticed_and_done_again(string damage)
    {
        Run("damaged", HarvestShard.All);
        string path = At("damaged/part-00003.safetensors");
        byte[] bytes = File.ReadAllBytes(path), good = (byte[])bytes.Clone();
        bytes[^7] ^= 1;
        File.WriteAllBytes(path, damage switch { "flip" => bytes, "cut" => good[..^100], _ => File.ReadAllBytes(At("damaged/part-00002.safetensors")) });
        Assert.That(() => ActivationHarvest.Merge(At("damaged")), Throws.TypeOf<GuardException>().With.Message.Contains("part-00003"));
        var warnings = new List<string>();
        HarvestReport report = ActivationHarvest.Run(TestModels.Hearth, Prompts(), At("damaged"), s_options with { Warn = warnings.Add });
        Assert.That(report, Is.EqualTo(new HarvestReport(6, 1, 5, 1)));
        Assert.That(warnings.Single(), Does.Contain("part-00003"));
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(good));
    }

    [Test]
    public void The_folder_of_another_harvest_is_refused()
    {
        Run("a", HarvestShard.All);
        void Refused(HarvestOptions options, int[][] prompts, string named) =>
            Assert.That(() => ActivationHarvest.Run(TestModels.Hearth, prompts, At("a"), options), Throws.TypeOf<GuardException>().With.Message.Contains(named));
        Refused(s_options with { Hooks = ["resid_post.3"] }, Prompts(), "hook points");
        Refused(s_options with { Positions = StatePositions.Last }, Prompts(), "positions");
        Refused(s_options with { PromptsOfPart = 5 }, Prompts(), "part sizes");
        Refused(s_options, Prompts(24), "prompts");
        Assert.That(() => ActivationHarvest.Merge(folder), Throws.TypeOf<GuardException>().With.Message.Contains("harvest.json"));
    }

    [Test]
    public void Rows_are_the_states_and_their_successors()
    {
        Run("rows", HarvestShard.All);
        using (SafetensorsFile part = SafetensorsFile.Open(At("rows/part-00001.safetensors")))
        {
            int[] owners = StoredValues.ToIntegers(part.Tensors["prompts"]), tokens = StoredValues.ToIntegers(part.Tensors["tokens"]);
            Assert.That(owners.Distinct(), Is.EqualTo(new[] { 4, 5, 6, 7 }));
            Assert.That(tokens, Is.EqualTo(Prompts()[4..8].SelectMany(prompt => prompt)));
            float[] states = StoredValues.ToSingle(part.Tensors["blocks.2.hook_resid_post"]);
            Activation alone = TestModels.Hearth.RunWithCache(Prompts()[4], "resid_post.2").Cache["resid_post.2"];
            Assert.That(states[..alone.Values.Length], Is.EqualTo(alone.Values.ToArray()));
        }
        TokenRowsInMemory expected = HeadTraining.Collect(TestModels.Hearth, [.. Prompts().Select(ids => new TrainingText(ids))], default);
        using var reader = new HarvestReader(At("rows"), TestModels.Hearth.HookNames.ResolveOne("ln_final.hook_out").ToString());
        Assert.That(reader.Count, Is.EqualTo(expected.Count));
        for (int row = 0; row < reader.Count; row++)
        {
            Assert.That(reader.Next(row), Is.EqualTo(expected.Next(row)));
            Assert.That(reader.State(row).SequenceEqual(expected.State(row)), $"row {row}");
        }
        Assert.That(() => new HarvestReader(At("rows"), "blocks.0.hook_resid_post"), Throws.TypeOf<GuardException>());
    }

    [TestCase("2/5", null, 2, 5)]
    [TestCase("0/1", null, 0, 1)]
    [TestCase("auto", "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=4 SLURM_ARRAY_TASK_COUNT=6", 3, 6)]
    [TestCase("auto", "SLURM_ARRAY_TASK_ID=12 SLURM_ARRAY_TASK_MIN=4 SLURM_ARRAY_TASK_STEP=4 SLURM_ARRAY_TASK_COUNT=3", 2, 3)]
    [TestCase("auto/4", "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=4", 3, 4)]
    [TestCase("auto/4", "SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=2 SLURM_ARRAY_TASK_COUNT=1", 2, 4)] // submitted again by itself
    [TestCase("auto/4", "JOB_COMPLETION_INDEX=3", 3, 4)]
    public void A_share_is_read_from_a_text_or_the_scheduler(string text, string? variables, int index, int count) =>
        Assert.That(HarvestShard.Parse(text, Environment(variables)), Is.EqualTo(new HarvestShard(index, count)));

    [TestCase("5/5", null, "0 to 4")]
    [TestCase("1", null, "i/n")]
    [TestCase("-1/2", null, "-1/2")]
    [TestCase("1/2/3", null, "1/2/3")]
    [TestCase("auto", null, "SLURM_ARRAY_TASK_ID")]
    [TestCase("auto", "JOB_COMPLETION_INDEX=3", "auto/n")]
    [TestCase("auto/4", "SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=4", "0 to 3")]
    [TestCase("auto", "SLURM_ARRAY_TASK_ID=x", "SLURM_ARRAY_TASK_ID=x")]
    public void What_is_no_share_is_refused(string text, string? variables, string named) =>
        Assert.That(() => HarvestShard.Parse(text, Environment(variables)), Throws.TypeOf<GuardException>().With.Message.Contains(named));

    private static Func<string, string?> Environment(string? variables)
    {
        Dictionary<string, string> known = (variables ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return name => known.GetValueOrDefault(name);
    }
}
