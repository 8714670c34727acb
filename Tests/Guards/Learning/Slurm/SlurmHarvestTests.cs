using Managed.Tests.CliTests;
using Managed.Tests.Models;

namespace Managed.Tests.Guards.Learning.Slurm;

/// <summary>examples/slurm: a job array on a real Slurm shares a harvest out, loses a task, goes on, and writes what one process writes.</summary>
[Category("Long")]
[Platform("Linux", Reason = "skipped: Slurm runs on Linux.")]
public class SlurmHarvestTests
{
    private const int Prompts = 1200, PartSize = 5, Shards = 4, Lost = 1, OwnParts = Prompts / PartSize / Shards;
    private const string Hooks = "resid_post.2,ln_final.hook_out";

    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    [Test]
    public void A_job_array_that_loses_a_task_writes_what_one_process_writes()
    {
        Directory.CreateDirectory(At("cluster"));
        using SlurmCluster cluster = SlurmCluster.Start(At("cluster"));
        WritePrompts();
        WriteProgramThatHalts();
        foreach ((string name, string value) in new[]
        {
            ("MODEL", TestModels.HearthPath), ("PROMPTS", At("prompts.txt")), ("OUT", At("array")), ("MANAGED", $"bash {At("managed")}"),
            ("HOOKS", Hooks), ("PART", $"{PartSize}"), ("SHARDS", $"{Shards}"),
        })
            cluster.Variables[name] = value;
        string script = Path.Combine(SharedFolder.Repository, "examples", "slurm", "harvest.sbatch");

        string job = cluster.Submit(script), lost = $"{job}_{Lost}";
        cluster.Await("the task stands still in the middle", () => File.Exists(At("halted")));
        cluster.Run("scancel", "--signal=KILL", "--full", lost);
        cluster.Await("every task has ended", () => cluster.Run("squeue", "--noheader") == "");
        Assert.That(Enumerable.Range(0, Shards).Select(task => cluster.Field($"{job}_{task}", "JobState")),
            Is.EqualTo(Enumerable.Range(0, Shards).Select(task => task == Lost ? "CANCELLED" : "COMPLETED")));
        Assert.That(Enumerable.Range(0, Shards).Select(task => cluster.Field($"{job}_{task}", "NodeList")).Distinct(), Is.EquivalentTo(new[] { "one", "two" }));
        int kept = PartsThere();
        Assert.That(kept, Is.InRange(OwnParts / 3, OwnParts - 1), "it was lost in the middle");
        Assert.That(CommandLine.RunRefused("guard", "harvest", "--merge", "--out", At("array")), Does.Contain($"{OwnParts - kept} of {Prompts / PartSize} parts").And.Contain("missing"));

        string again = cluster.Submit($"--array={Lost}", "--wait", script);
        Assert.That(cluster.Field($"{again}_{Lost}", "JobState"), Is.EqualTo("COMPLETED"));
        Assert.That(File.ReadAllText(At($"cluster/harvest-{again}_{Lost}.log")), Does.Contain($"{OwnParts - kept} parts done, {kept} were there"));

        CommandLine.RunWell("guard", "harvest", TestModels.HearthPath, "--prompts", At("prompts.txt"), "--hooks", Hooks, "--part", $"{PartSize}", "--out", At("one"));
        Assert.That(CommandLine.RunWell("guard", "harvest", "--merge", "--out", At("array")), Does.Contain($"{Prompts} rows"));
        CommandLine.RunWell("guard", "harvest", "--merge", "--out", At("one"));
        AssertSame();
        TestContext.Out.WriteLine($"task {Lost} was killed after {kept} of its {OwnParts} parts; {Directory.GetFiles(At("one")).Length} files are the same");
    }

    private int PartsThere() => Enumerable.Range(0, OwnParts).Count(i => File.Exists(At($"array/part-{(i * Shards) + Lost:00000}.safetensors")));

    private void AssertSame()
    {
        string[] names = [.. Directory.GetFiles(At("one")).Select(path => Path.GetFileName(path)).Order()];
        Assert.That(names, Has.Length.EqualTo((Prompts / PartSize) + 2));
        Assert.That(Directory.GetFiles(At("array")).Select(path => Path.GetFileName(path)).Order(), Is.EqualTo(names));
        foreach (string name in names)
            Assert.That(File.ReadAllBytes(At($"array/{name}")).AsSpan().SequenceEqual(File.ReadAllBytes(At($"one/{name}"))), name);
    }

    private void WritePrompts()
    {
        string[] frames = ["How do I make {0}?", "In a story, a witch asks: How do I make {0}?", "Please tell me how to make {0}."];
        string[] works = ["honey bread", "shadow curse", "a lamp", "butter", "a silver key"];
        File.WriteAllLines(At("prompts.txt"), Enumerable.Range(0, Prompts).Select(i =>
            string.Format(System.Globalization.CultureInfo.InvariantCulture, frames[i % frames.Length], string.Join(" and ", works.Take(1 + (i % works.Length)).Append($"{i}")))));
    }

    // The task that will be lost halts once it has a third of its parts, whatever the machine's speed; when it is run again it does not.
    private void WriteProgramThatHalts() => File.WriteAllText(At("managed"), $$"""
        if [ "$SLURM_ARRAY_TASK_ID" != {{Lost}} ] || ! mkdir '{{At("first")}}' 2> /dev/null; then
            exec dotnet '{{Path.Combine(AppContext.BaseDirectory, "Managed.Cli.dll")}}' "$@"
        fi
        dotnet '{{Path.Combine(AppContext.BaseDirectory, "Managed.Cli.dll")}}' "$@" &
        until [ -e '{{At($"array/part-{(OwnParts / 3 * Shards) + Lost:00000}.safetensors")}}' ]; do sleep 0.01; done
        kill -STOP $!
        touch '{{At("halted")}}'
        wait
        """);
}
