using System.Text.Json;
using Managed.Cli;
using Managed.Cli.Bench;
using Managed.GpuPerf;
using Managed.Kernels;
using Managed.Loader;
using Managed.Peers;

namespace Managed.Tests.Perf;

/// <summary>The race against llama.cpp, as far as it can be tested without llama.cpp: its plan, its ratios, its files, our side of it.</summary>
public class PeersTests
{
    private static string Tiny(Loader.Scratch scratch, WeightType type = WeightType.Q8_0)
    {
        string file = scratch.File($"tiny-{type}.gguf");
        SyntheticGguf.Write(file, ModelShape.Tiny, type);
        return file;
    }

    [Test]
    public void Every_case_of_the_plan_is_the_one_of_its_name()
    {
        foreach (string name in RacePlan.Cases.Concat(RacePlan.ShortCases))
            Assert.That(RaceCase.Parse(name).Name, Is.EqualTo(name));
        Assert.That(RaceCase.Parse("decode-512-x16", 32), Is.EqualTo(new RaceCase(512, 16, 32, false)));
        Assert.That(RaceCase.Parse("decode-512-x16", 32).Work, Is.EqualTo(16 * 32));
        Assert.That(RaceCase.Parse("prompt-128", 32), Is.EqualTo(new RaceCase(0, 1, 128, true)));
    }

    [TestCase("prompt-0")]
    [TestCase("prompt-16-x4")]
    [TestCase("decode-0-x0")]
    [TestCase("decode--1")]
    [TestCase("decode-")]
    [TestCase("dekode-5")]
    [TestCase("decode-99999999999")]
    public void A_case_that_is_none_is_refused(string name) => Assert.Throws<ArgumentException>(() => RaceCase.Parse(name));

    [Test]
    public void Both_engines_have_a_turn_in_every_pair_and_who_begins_changes()
    {
        (int Pair, bool Ours)[] turns = [.. RacePlan.Turns(4)];
        Assert.That(turns.Select(turn => turn.Pair), Is.EqualTo(new[] { 0, 0, 1, 1, 2, 2, 3, 3 }));
        Assert.That(turns.Select(turn => turn.Ours), Is.EqualTo(new[] { true, false, false, true, true, false, false, true }));
    }

    [Test]
    public void A_ratio_is_the_median_of_the_pairs_ratios_not_the_ratio_of_medians()
    {
        var result = RaceResult.Of("a/b.gguf", RaceCase.Parse("decode-0-x4", 10), 2, [1, 2, 4], [2, 2, 2]);
        Assert.That(result.File, Is.EqualTo("b"));
        Assert.That(result.Ratio, Is.EqualTo(new Spread(1, 0.5, 2, 0.75, 1.5, 3)));
        Assert.That(result.Ours.Median, Is.EqualTo(20), "40 tokens in 2 s");
        Assert.That(result.Theirs.Median, Is.EqualTo(20));
        Assert.Throws<ArgumentException>(() => RaceResult.Of("b", RaceCase.Parse("decode-0"), 2, [1], [1, 2]));
    }

    [Test]
    public void The_table_has_a_line_for_every_result()
    {
        using var output = new StringWriter();
        RaceResult result = RaceResult.Of("b.gguf", RaceCase.Parse("prompt-16"), 2, [1], [2]);
        RaceReport.Print(output, [result, result with { Case = "decode-0", OurBandwidth = 0.9, TheirBandwidth = 0.45 }]);
        string[] lines = output.ToString().TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(4));
        Assert.That(lines[2], Does.StartWith("| b | prompt-16 | 2 | 2.00 | 2.00 to 2.00 | 16.0 | 8.0 |"));
        Assert.That(lines[3], Does.EndWith("| 0.90 0.45 |"));
        Assert.That(lines.Select(line => line.Count(letter => letter == '|')).Distinct().Count(), Is.EqualTo(1));
    }

    [Test]
    public void Files_are_found_by_pattern_and_a_pattern_without_files_is_refused()
    {
        using var scratch = new Loader.Scratch();
        foreach (string name in new[] { "smollm2-q8_0", "smollm2-q4_0", "other" })
            File.WriteAllText(scratch.File(name + ".gguf"), "");
        string folder = Path.GetDirectoryName(scratch.File("x"))!;
        string[] Found(params string[] patterns) => [.. RacePlan.Files(folder, patterns).Select(file => Path.GetFileNameWithoutExtension(file))];
        Assert.That(Found("smollm2-*"), Is.EqualTo(new[] { "smollm2-q4_0", "smollm2-q8_0" }));
        Assert.That(Found("other", "*"), Is.EqualTo(new[] { "other", "smollm2-q4_0", "smollm2-q8_0" }));
        Assert.That(Found(scratch.File("other.gguf")), Is.EqualTo(new[] { "other" }));
        Assert.Throws<PeerException>(() => Found("q5"));
    }

    [TestCase("Q8_0")]
    [TestCase("Q4_0")]
    [TestCase("BF16")]
    public void A_synthetic_file_loads_has_its_shapes_and_its_types_and_says_something_finite(string type)
    {
        using var scratch = new Loader.Scratch();
        using LanguageModel model = LanguageModel.Load(Tiny(scratch, Enum.Parse<WeightType>(type)));
        ModelShape shape = ModelShape.Tiny;
        Assert.That((model.LayerCount, model.Width, model.VocabularySize), Is.EqualTo((shape.Layers, shape.Width, shape.Vocabulary)));
        Assert.That(model.Architecture.ContextLength, Is.EqualTo(shape.Context));
        Assert.That(model.Checkpoint.Tensors, Has.Count.EqualTo(shape.Matrices().Count() + shape.Norms().Count()));
        Assert.That(model.Checkpoint.Tensors.Values.Where(tensor => tensor.Shape.Length == 2).Select(tensor => tensor.Type.ToString()).Distinct(), Is.EqualTo(new[] { type }));
        float[] logits = model.Run([1, 5, 9]).Output[^1].ToArray();
        Assert.That(logits, Has.All.Matches<float>(float.IsFinite));
        Assert.That(logits.Distinct().Count(), Is.GreaterThan(shape.Vocabulary / 2), "weights are random");
        Assert.That(model.Encode("w7"), Is.Not.Empty, "the vocabulary is one that the tokenizer takes");
    }

    [Test]
    public void The_large_shape_has_1_1_thousand_million_weights()
    {
        long weights = ModelShape.Of("1.1b").Matrices().Sum(matrix => (long)matrix.Rows * matrix.Columns);
        Assert.That(weights, Is.InRange(1_090_000_000, 1_110_000_000));
    }

    [Test]
    public void A_synthetic_file_of_a_type_without_random_blocks_is_refused()
    {
        using var scratch = new Loader.Scratch();
        using StringWriter output = new(), error = new();
        Assert.That(PeersVerbs.Run(["synthetic", scratch.File("x.gguf"), "--shape", "tiny", "--type", "Q6_K"], output, error), Is.EqualTo(2));
        Assert.That(error.ToString(), Does.Contain("Q6_K").And.Contain("Q8_0"));
        Assert.That(PeersVerbs.Run(["race", scratch.File("nowhere")], output, error), Is.EqualTo(2));
    }

    /// <summary>Our engine's process, spoken to as the race does.</summary>
    [Test]
    public void Our_side_does_every_kind_of_case_and_says_what_went_wrong()
    {
        using var scratch = new Loader.Scratch();
        string file = Tiny(scratch);
        HostRequest[] requests =
        [
            new("run", Case: "prompt-5"), new("open", file, 1), new("run", Case: "prompt-40"), new("run", Case: "decode-33", Tokens: 3), new("run", Case: "decode-33-x3", Tokens: 2),
            new("run", Case: "decode-33-x3", Tokens: 2), new("run", Case: "decode-0-x2", Tokens: 2), new("run", Case: "no-case"), new("memory"), new("dance"), new("open", scratch.File("missing.gguf"), 1),
        ];
        bool[] fails = [true, false, false, false, false, false, false, true, false, true, true];
        using var output = new StringWriter();
        EngineHost.Serve("managed", new StringReader(string.Join('\n', requests.Select(request => JsonSerializer.Serialize(request, JsonOutput.Format)))), output);
        HostReply[] replies = [.. output.ToString().TrimEnd().Split('\n').Select(line => JsonSerializer.Deserialize<HostReply>(line, JsonOutput.Format)!)];
        Assert.That(replies.Select(reply => reply.Error is not null), Is.EqualTo(fails), output.ToString());
        Assert.That(replies[2..7].Select(reply => reply.Seconds), Has.All.GreaterThan(0));
        Assert.That(replies[8].ResidentBytes, Is.GreaterThan(replies[8].FileBytes));
    }

    [Test]
    public void Tokens_are_the_same_for_both_engines_and_differ_between_rows()
    {
        int[] first = RaceCase.TokenRun(0, 0, 100, 160), later = RaceCase.TokenRun(0, 60, 40, 160), other = RaceCase.TokenRun(1, 0, 100, 160);
        Assert.That(later, Is.EqualTo(first[60..]));
        Assert.That(other, Is.Not.EqualTo(first));
        Assert.That(first.Concat(other), Has.All.InRange(0, 159));
    }

    [Test]
    public void Defaults_that_the_bindings_do_not_expect_are_refused()
    {
        PeerException refusal = Assert.Throws<PeerException>(() => new LlamaContextParameters { Context = 4096 }.Check())!;
        Assert.That(refusal.Message, Does.Contain("llama_context_params").And.Contain("4096").And.Contain("512").And.Contain(LlamaCpp.Version));
        Assert.Throws<PeerException>(() => default(LlamaModelParameters).Check());
        Assert.Throws<PeerException>(() => default(LlamaThreadParameters).Check(2));
    }

    [Test]
    public unsafe void Structures_have_the_sizes_of_the_library_s()
    {
        Assert.That((sizeof(LlamaModelParameters), sizeof(LlamaContextParameters), sizeof(LlamaBatch), sizeof(LlamaThreadParameters)), Is.EqualTo((80, 160, 56, 528)));
    }
}
