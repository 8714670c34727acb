using Managed.Guards;
using Managed.Tests.CliTests;
using Managed.Tests.Models;
using static Managed.Guards.GuardPoints;

namespace Managed.Tests.Guarding;

/// <summary>Guards as files: what is written is read again, and what makes no sense is refused with its place and the reason.</summary>
public class GuardFileTests
{
    private static readonly LanguageModel Model = TestModels.Hearth;
    private string folder = "";

    [SetUp]
    public void MakeFolder()
    {
        folder = Directory.CreateTempSubdirectory("guards").FullName;
        File.Copy(Path.Combine(SharedFolder.Repository, "examples", "guards", "thornvale", "vectors.safetensors"), Path.Combine(folder, "v.safetensors"));
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private GuardProgram Read(string steps, string more = "")
    {
        string file = Path.Combine(folder, "test.guard.json");
        File.WriteAllText(file, $$"""{"format": "managed-guard/1", "vectors": "v.safetensors", {{more}} "steps": [{{steps}}]}""");
        return Guard.Load(file);
    }

    private static float[] Direction(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Model.Width).Select(_ => random.NextSingle() - 0.5f)];
    }

    [Test]
    public void A_guard_that_is_saved_and_loaded_compiles_to_the_same()
    {
        GuardProgram program = Guard.Define(g =>
        {
            GuardValue a = g.At(ResidPre(1)).On(GuardPositions.Range(-4, -1)).ReadProjection(Direction(1), "a");
            GuardValue b = g.At(ResidPost(1)).On(LastPromptToken).ReadProbe(new MlpProbe(Direction(2), [0.1f, 0.2f], [1, 2, 3, 4], [0.5f, 0.6f]) with { Weight1 = [.. Direction(2), .. Direction(3)] }, 0, "b");
            g.At(ResidPost(2)).On(GuardPositions.EveryNth(3)).When(!(a > 0.5f & b <= 0.25f) | a * 2f - b / 3f >= -1f, sticky: true).Add(Direction(4), -0.5f);
            g.At("mlp_out").AllowIdle().AddSparse(Direction(5), keep: 4, strength: 2);
            g.At(ResidPost(3)).On(Generated).Clamp(Direction(6), -1, float.PositiveInfinity);
            g.At(ResidPost(3)).Times(a, signOnly: true).LowRank(Direction(7), null, Direction(8), 1, 0.1f, relu: true);
            g.At(ResidPost(3)).On(GuardPositions.From(5)).ProjectOut(Direction(9));
            g.At(ResidPost(4)).On(GuardPositions.Range(2, 3)).Record("second");
            g.At(ResidPost(4)).On(GuardPositions.From(-2)).ReplaceFrom("second");
            g.At(ResidPost(4)).ReadCosine(Direction(1), "second", "c");
            g.At(FinalNorm).Scale(0.5f);
        }, "all of it");
        string file = Path.Combine(folder, "all.guard.json");
        Guard.Save(program, file);
        GuardProgram again = Guard.Load(file);
        using CompiledGuard first = program.Compile(Model), second = again.Compile(Model);
        Assert.That(second.Fingerprint, Is.EqualTo(first.Fingerprint));
        Assert.That(again.Name, Is.EqualTo("all of it"));
        Assert.That(again.Steps.Select(step => step.Describe()), Is.EqualTo(program.Steps.Select(step => step.Describe())));
    }

    [Test]
    public void Conditions_are_written_as_they_are_read()
    {
        foreach (string text in new[] { "a > 0.5", "not a > 0.5 and b <= 1", "not (a > 0.5 and b <= 1)", "a - (b - c) >= 2 or abs(a) < 1 and max(a, b * 2) > 0.1", "-a + 1 > 0", "(a + b) / 2 > 0.75", "1e-05 < a" })
            Assert.That(GuardCondition.Parse(text).ToString(), Is.EqualTo(text.Replace("1e-05", "1E-05")));
        foreach ((string text, string says) in new[] { ("a >", "found its end"), ("(a > 1", "expected ')'"), ("a > 1 b", "found 'b'"), ("a ! b", "found '!'"), ("", "found its end"), ("and a", "found 'and'"), (new string('(', 100) + "a", "nested"), (string.Concat(Enumerable.Repeat("not ", 400)) + "a > 1", "nested"), ("a > 1e99", "found '1e99'"), ("min(a) > 1", "expected ','") })
            Assert.That(() => GuardCondition.Parse(text), Throws.TypeOf<GuardException>().With.Message.Contains(says), text);
    }

    private const string Add = """{"at": "blocks.1.hook_resid_post", "do": "add", "vector": "refusal.1" """;

    private static IEnumerable<TestCaseData> Bad()
    {
        (string Name, string Steps, string More, string[] Says)[] cases =
        [
            ("unknown hook point", """{"at": "blocks.1.hook_resid_pots", "do": "add", "vector": "refusal.1"}""", "", ["step 0", "blocks.1.hook_resid_post"]),
            ("layer outside", """{"at": "blocks.9.hook_resid_post", "do": "add", "vector": "refusal.1"}""", "", ["step 0", "layers 0 to 5"]),
            ("a point where guards cannot act", """{"at": "blocks.1.attn.hook_pattern", "do": "scale", "strength": 2}""", "", ["step 0", "hook_resid_post"]),
            ("wrong width", """{"at": "blocks.1.mlp.hook_post", "do": "add", "vector": "refusal.1"}""", "", ["step 0", "shape [128]", "expected [352]"]),
            ("wrong shape", """{"at": "blocks.1.hook_resid_post", "do": "add", "vector": "refusal_head"}""", "", ["step 0", "[1024, 128]", "expected [128]"]),
            ("missing vector", """{"at": "blocks.1.hook_resid_post", "do": "add", "vector": "refusal.7"}""", "", ["refusal.7", "refusal."]),
            ("no vector named", """{"at": "blocks.1.hook_resid_post", "do": "add"}""", "", ["step 0", "\"vector\""]),
            ("unknown operation", """{"at": "blocks.1.hook_resid_post", "do": "ad", "vector": "refusal.1"}""", "", ["steps[0].do", "add"]),
            ("user's code in a file", """{"at": "blocks.1.hook_resid_post", "do": "custom"}""", "", ["steps[0].do", "custom"]),
            ("unknown member", Add + """, "strenght": 2}""", "", ["steps[0]", "strenght", "strength"]),
            ("unknown member of the guard", Add + "}", "\"stepps\": [],", ["stepps", "steps"]),
            ("member of another operation", Add + """, "keep": 2}""", "", ["steps[0]", "keep"]),
            ("huge strength", Add + """, "strength": 1e60}""", "", ["steps[0].strength", "float32"]),
            ("strength as text", Add + """, "strength": "2"}""", "", ["steps[0].strength", "a number"]),
            ("unknown positions", Add + """, "on": "last"}""", "", ["steps[0].on", "last_prompt"]),
            ("every 0th", Add + """, "on": {"every": 0}}""", "", ["every", "1 or more"]),
            ("a register nobody writes", Add + """, "when": "harm > 0.5"}""", "", ["step 0", "harm"]),
            ("a condition that is a number", Add + """, "when": "1 + 2"}""", "", ["step 0", "when", "comparison"]),
            ("a condition without sense", Add + """, "when": "harm >"}""", "", ["harm >"]),
            ("two writers", """{"at": "blocks.1.hook_resid_post", "do": "norm", "into": "n"}, {"at": "blocks.2.hook_resid_post", "do": "norm", "into": "n"}""", "", ["step 1", "step 0 writes too"]),
            ("a register for many points", """{"at": "resid_post", "do": "norm", "into": "n"}""", "", ["step 0", "6 hook points"]),
            ("a cycle", """{"at": "blocks.1.hook_resid_post", "do": "norm", "into": "a", "when": "b > 0"}, {"at": "blocks.2.hook_resid_post", "do": "norm", "into": "b", "when": "a > 0"}""", "", ["cycle", "a needs b needs a"]),
            ("a gate behind the edit", """{"at": "blocks.0.hook_resid_post", "on": "last_prompt", "do": "add", "vector": "refusal.0", "when": "n > 0"}, {"at": "blocks.2.hook_resid_post", "on": "last_prompt", "do": "norm", "into": "n"}""", "", ["step 0", "before step 1 writes it", "decide"]),
            ("a bad register name", """{"at": "blocks.1.hook_resid_post", "do": "norm", "into": "1 2"}""", "", ["step 0", "letter first"]),
            ("no register", """{"at": "blocks.1.hook_resid_post", "do": "norm"}""", "", ["step 0", "into"]),
            ("low above high", """{"at": "blocks.1.hook_resid_post", "do": "clamp", "vector": "refusal.1", "low": 2, "high": 1}""", "", ["step 0", "low ≤ high"]),
            ("keep too many", """{"at": "blocks.1.hook_resid_post", "do": "add_sparse", "vector": "refusal.1", "keep": 129}""", "", ["step 0", "128"]),
            ("an index outside", """{"at": "blocks.1.hook_resid_post", "do": "add_sparse", "vector": "refusal.1", "indices": [3, 128]}""", "", ["step 0", "0 to 127"]),
            ("an index twice", """{"at": "blocks.1.hook_resid_post", "do": "add_sparse", "vector": "refusal.1", "indices": [3, 3]}""", "", ["step 0", "different"]),
            ("sticky without condition", Add + """, "sticky": true}""", "", ["step 0", "when"]),
            ("a recording at many positions", """{"at": "blocks.1.hook_resid_post", "on": "prompt", "do": "record", "buffer": "b"}""", "", ["step 0", "single position"]),
            ("a recording nobody made", """{"at": "blocks.1.hook_resid_post", "do": "replace", "buffer": "b"}""", "", ["step 0", "no step records"]),
            ("another format", Add + "}", "\"name\": 3,", ["name", "a text"]),
            ("too many steps", string.Join(',', Enumerable.Repeat(Add + "}", 10_000)), "", ["10000", "4096"]),
            ("too many hook points", string.Join(',', Enumerable.Repeat("""{"at": "resid_post", "do": "scale", "strength": 2}""", 1000)), "", ["6000", "4096"]),
            ("a head of another shape", "", "\"head\": {\"weight\": \"refusal.1\"},", ["head", "[1024, 128]"]),
            ("a head that is none", "", "\"head\": {},", ["head", "weight"]),
            ("an adapter that is not there", "", "\"adapter\": \"nowhere\",", ["nowhere"]),
        ];
        foreach ((string name, string steps, string more, string[] says) in cases)
            yield return new TestCaseData(steps, more, says).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Bad))]
    public void A_bad_guard_is_refused_with_the_step_and_the_reason(string steps, string more, string[] says)
    {
        long before = Model.Transformer.Cache.PagesInUse;
        var error = Assert.Catch<Exception>(() =>
        {
            using CompiledGuard compiled = Read(steps, more).Compile(Model);
        })!;
        Assert.That(error, Is.TypeOf<GuardException>(), error.ToString());
        foreach (string part in says)
            Assert.That(error.Message, Does.Contain(part));
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.EqualTo(before));
        string refused = CommandLine.RunRefused("run", TestModels.HearthPath, "--prompt", "hello", "--guard", Path.Combine(folder, "test.guard.json"));
        Assert.That(refused.Length, Is.LessThan(2000));
    }

    [Test]
    public void A_vector_with_a_number_that_is_not_finite_is_refused()
    {
        float[] bad = Direction(1);
        bad[7] = float.NaN;
        Assert.That(() => Guard.Define(g => g.At(ResidPost(1)).Add(bad)).Compile(Model), Throws.TypeOf<GuardException>().With.Message.Contains("NaN at element 7"));
    }

    [Test]
    public void Files_that_are_missing_damaged_or_no_guards_are_refused()
    {
        string file = Path.Combine(folder, "x.guard.json");
        Assert.That(CommandLine.RunRefused("guard", "check", file), Does.Contain("no such file"));
        foreach ((string text, string says) in new[] { ("", "JSON"), ("[]", "expected an object"), ("{}", "managed-guard/1"), ("{\"format\": \"managed-guard/2\"}", "managed-guard/2"), ("{\"format\": \"managed-guard/1\", \"steps\": {}}", "a list"), ("{\"format\": \"managed-guard/1\", \"vectors\": \"gone.safetensors\", \"steps\": [" + Add + "}]}", "gone.safetensors") })
        {
            File.WriteAllText(file, text);
            Assert.That(CommandLine.RunRefused("guard", "check", file), Does.Contain(says));
        }
        File.WriteAllText(Path.Combine(folder, "v.safetensors"), "rubbish");
        Assert.That(() => Read(Add + "}"), Throws.TypeOf<GuardException>().With.Message.Contains("v.safetensors"));
    }

    [Test]
    public void Check_says_in_words_what_a_guard_does_and_costs()
    {
        string output = CommandLine.RunWell("guard", "check", ThornvaleGuardTests.Example("conditional_steer_one_pass"), "--model", TestModels.HearthPath);
        Assert.That(output, Does.Contain("1. at blocks.5.hook_resid_post, on the last prompt token, when harm > 0.5: add 1 × refusal.5"));
        Assert.That(output, Does.Contain("2 hook points, 2 instructions, 1 registers").And.Contain("fingerprint"));
    }
}
