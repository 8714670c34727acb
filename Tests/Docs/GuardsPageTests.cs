using System.Text.Json;
using Managed.Guards;
using Managed.Guards.Published;
using Managed.Loader;
using Managed.Tests.Guarding;

namespace Managed.Tests.Docs;

/// <summary>docs/guards.md: its programs run, its pieces of programs compile and run, its files are read.</summary>
[NonParallelizable]
public class GuardsPageTests
{
    // What the page's pieces take for given: names that the text around them speaks of.
    private const string Given = """
        using Managed;
        using Managed.Guards;
        using Managed.Guards.Interchange;
        using Managed.Guards.Published;

        internal static class Given
        {
            private const string Vectors = "examples/guards/thornvale/vectors.safetensors";
            public static readonly LanguageModel model = LanguageModel.Load("models/hearth");
            public static readonly ChatMessage[] chat = [new ChatMessage("user", "How do I make honey bread?")];
            public static readonly int[] prompt = model.EncodeChat(chat);
            public static readonly SteeringVectors refusalVectors = VectorFile.Read(Vectors, new VectorReading { Name = "refusal" }), harm = VectorFile.Read(Vectors, new VectorReading { Name = "harm" });
            public static readonly float[] hate = harm[3], functionVector = refusalVectors[1];
            public static readonly LinearProbe probe = new(harm[4], 0.1f);
            public static readonly string folder = "models/hearth-dark";
            public static readonly int[][] harmfulPrompts = [model.EncodeChat([new ChatMessage("user", "Tell me how to make shadow curse.")])], harmlessPrompts = [prompt];
            public static readonly GuardProgram conditional = RefusalDirection.Add(refusalVectors[2], 2, 0.1f), safeInfer = RefusalDirection.Add(refusalVectors[3], 3, 0.1f);
            public static readonly PromptGuard promptGuard = new("Be kind.");
            public static readonly IBlockScorer scorer = new BlockScorer(answer => new BlockScore(CostOf(answer.Text), RewardOf(answer.Text)));
            public static double CostOf(string? text) => text!.Contains("curse") ? 5 : 0;
            public static double RewardOf(string? text) => text!.Length;
        }
        """;

    private const string Usings = "using Managed; using Managed.Guards; using Managed.Guards.Published; using static Given;\n#line 1\n";

    private static readonly IReadOnlyList<CodeBlock> Blocks = CodeBlock.Read(Path.Combine(SharedFolder.Repository, "docs", "guards.md"));

    private string before = "", folder = "";

    [OneTimeSetUp]
    public void Work()
    {
        before = Environment.CurrentDirectory;
        Environment.CurrentDirectory = folder = PageFolder.Make();
        int width = Thornvale.Model.Width;
        foreach (string stage in new[] { "stage1", "stage2" })
            Write($"{stage}.safetensors", ("layers.0.weight", [2, width]), ("layers.0.bias", [2]), ("layers.2.weight", [2, 2]), ("layers.2.bias", [2]));
        Write("head.safetensors", ("down", [1, width]), ("up", [Thornvale.Model.VocabularySize, 1]));
        Write("theta.safetensors", ("soft_prompt", [3, width]));
        File.Copy(Path.Combine("examples", "guards", "thornvale", "vectors.safetensors"), "vectors.safetensors");

        static void Write(string file, params (string Name, long[] Shape)[] tensors) =>
            SafetensorsWriter.Write(file, [.. tensors.Select(tensor => TensorToWrite.From(tensor.Name, tensor.Shape, Enumerable.Repeat(.01f, (int)tensor.Shape.Aggregate(1L, (a, b) => a * b)).ToArray()))]);
    }

    [OneTimeTearDown]
    public void Leave()
    {
        Environment.CurrentDirectory = before;
        Directory.Delete(folder, recursive: true);
    }

    private static IEnumerable<TestCaseData> Of(string language, Func<CodeBlock, bool> wanted) =>
        Blocks.Where(block => block.Language == language && wanted(block)).Select(block => new TestCaseData(block).SetArgDisplayNames(block.Text.Split('\n').First(line => line.Length > 8).Trim()));

    private static bool IsWhole(CodeBlock block) => block.Text.StartsWith("using Managed", StringComparison.Ordinal);

    private static IEnumerable<TestCaseData> Programs() => Of("csharp", IsWhole);

    private static IEnumerable<TestCaseData> Pieces() => Of("csharp", block => !IsWhole(block));

    private static IEnumerable<TestCaseData> Files() => Of("json", block => block.Text.Contains("\"managed-guard/1\"", StringComparison.Ordinal));

    [TestCaseSource(nameof(Programs))]
    public void A_whole_program_prints_what_the_page_shows(object program)
    {
        var block = (CodeBlock)program;
        CodeBlock shown = Blocks[Blocks.ToList().IndexOf(block) + 1];
        Assert.That(shown.Language, Is.EqualTo("text"));
        Assert.That(ExampleProgram.Run(block.Text), Does.Match(PageTests.Pattern(shown.Text)), block.Place);
        Assert.That(block.Text.Split('\n').Count(line => line.Length > 0 && !line.StartsWith("using ", StringComparison.Ordinal)), Is.LessThanOrEqualTo(10), "ten lines");
    }

    [TestCaseSource(nameof(Pieces))]
    public void A_piece_of_a_program_compiles_and_runs(object piece) =>
        Assert.That(() => ExampleProgram.Run(Usings + ((CodeBlock)piece).Text, Given), Throws.Nothing, ((CodeBlock)piece).Place);

    [TestCaseSource(nameof(Files))]
    public void A_guards_file_is_read_and_fits_the_model(object file)
    {
        string path = Path.Combine(folder, "page.guard.json");
        File.WriteAllText(path, ((CodeBlock)file).Text);
        GuardProgram guard = Guard.Load(path);
        using CompiledGuard read = guard.Compile(Thornvale.Model), example = Guard.Load(ThornvaleGuardTests.Example(guard.Name)).Compile(Thornvale.Model);
        Assert.That(read.Fingerprint, Is.EqualTo(example.Fingerprint), "the repository's own of that name");
    }

    [Test]
    public void A_guardians_file_is_read_and_asks()
    {
        CodeBlock block = Blocks.Single(block => block.Language == "json" && block.Text.Contains("\"managed-guardian/1\"", StringComparison.Ordinal));
        using JsonDocument json = JsonDocument.Parse(block.Text);
        string examples = Path.Combine(SharedFolder.Repository, "examples", "guards", "smollm2");
        using JsonDocument example = JsonDocument.Parse(File.ReadAllText(Path.Combine(examples, "asked.guardian.json")));
        foreach (string member in new[] { "format", "system", "ask" })
            Assert.That(json.RootElement.GetProperty(member).GetString(), Is.EqualTo(example.RootElement.GetProperty(member).GetString()), member);
        foreach (JsonProperty member in json.RootElement.EnumerateObject())
            Assert.That(File.ReadAllText(Path.Combine(SharedFolder.Repository, "Guards", "Published", "GuardianFile.cs")), Does.Contain($"\"{member.Name}\""), member.Name);
    }

    [Test]
    public void Published_guards_with_two_settings_are_in_the_table()
    {
        string page = File.ReadAllText(Path.Combine(SharedFolder.Repository, "docs", "guards.md"));
        Type[] guards = [.. typeof(SafeInfer).Assembly.GetTypes().Where(type => type.IsPublic && type.Namespace == "Managed.Guards.Published" && type.GetProperty("Fidelity") is not null)];
        Assert.That(guards, Is.Not.Empty);
        foreach (Type guard in guards)
            Assert.That(page, Does.Contain(guard.Name.Replace("Options", "", StringComparison.Ordinal)), guard.Name);
    }
}
