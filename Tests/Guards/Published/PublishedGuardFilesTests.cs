using Managed.Guards;
using Managed.Guards.Published;

namespace Managed.Tests.Guarding;

/// <summary>The published guards with Thornvale's settings are the programs of examples/guards/thornvale, whose answers are PyTorch's.</summary>
public class PublishedGuardFilesTests
{
    private static IEnumerable<TestCaseData> Guards()
    {
        GuardPositions last = GuardPositions.LastPromptToken;
        AntiExpert dark = AntiExpert.Adapter(Thornvale.DarkAdapter);
        (string File, GuardProgram Guard)[] guards =
        [
            ("steer", new SafeInfer { Vector = Thornvale.Tensor("refusal.5"), Layer = 5, Positions = last }.Build(6)),
            ("steer_half", new SafeInfer { Vector = Thornvale.Tensor("refusal.5"), Layer = 5, Strength = 0.25f, Positions = last }.Build(6)),
            ("steer_strong", RefusalDirectionAt0()),
            ("conditional_steer", Conditional(readAt: 3, editAt: 0, 0.5f)),
            ("conditional_steer_one_pass", Conditional(readAt: 4, editAt: 5, 1)),
            ("sgds", new SafeInfer { AntiExpert = dark }.Build(6)),
            ("safeinfer", new SafeInfer { Vector = Thornvale.Tensor("refusal.5"), Layer = 5, Strength = 0.25f, Positions = last, AntiExpert = dark }.Build(6)),
            ("safe_decoding", new SafeDecoding { Expert = Thornvale.ShieldAdapter }.Build()),
        ];
        foreach ((string file, GuardProgram guard) in guards)
            yield return new TestCaseData(file, guard).SetArgDisplayNames(file);

        GuardProgram Conditional(int readAt, int editAt, float strength) => new ConditionalSteering
        {
            Readings = [ConditionReading.Probe("harm", readAt, Thornvale.Probe(readAt))],
            Rules = [new SteeringRule("harm > 0.5", Thornvale.Refusal(editAt), strength) { Positions = last }],
        }.Build();

        // The input of block 1 is the output of block 0.
        GuardProgram RefusalDirectionAt0() => RefusalDirection.Add(Thornvale.Tensor("refusal.0"), layer: 1, strength: 0.5f, last);
    }

    [TestCaseSource(nameof(Guards))]
    public void Classes_make_the_programs_of_the_files(string file, object guard)
    {
        var program = (GuardProgram)guard;
        GuardProgram expected = Guard.Load(ThornvaleGuardTests.Example(file));
        if (program.Steps.Concat(program.Decide).All(step => !step.At.EndsWith("resid_pre", StringComparison.Ordinal)) && program.Lanes.Count == 0)
        {
            using CompiledGuard made = program.Compile(Thornvale.Model), read = expected.Compile(Thornvale.Model);
            Assert.That(made.Fingerprint, Is.EqualTo(read.Fingerprint));
        }
        foreach (string text in Thornvale.Requests)
        {
            GenerationResult made = Thornvale.Answer(text, program, 40), read = Thornvale.Answer(text, expected, 40);
            Assert.That(made.Ids, Is.EqualTo(read.Ids), text);
            Assert.That(made.Receipt!.Steps.Select(step => step.Fired), Is.EqualTo(read.Receipt!.Steps.Select(step => step.Fired)), text);
        }
    }

    [TestCaseSource(nameof(Guards))]
    public void Programs_are_written_to_files_and_read_again(string file, object guard)
    {
        string folder = Directory.CreateTempSubdirectory("published").FullName;
        try
        {
            string path = Path.Combine(folder, file + ".guard.json");
            Guard.Save((GuardProgram)guard, path);
            using CompiledGuard made = ((GuardProgram)guard).Compile(Thornvale.Model), read = Guard.Load(path).Compile(Thornvale.Model);
            Assert.That(read.Name, Is.EqualTo(made.Name));
            Assert.That(Thornvale.Answer(Thornvale.Framed, Guard.Load(path)).Ids, Is.EqualTo(Thornvale.Answer(Thornvale.Framed, (GuardProgram)guard).Ids));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
