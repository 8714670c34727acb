using System.Text.Json;
using Managed.Cli.Bench;
using Managed.Loader;
using Managed.Tests.Models;

namespace Managed.Tests.CliTests;

/// <summary>`managed bench`: what it counts is right, whatever the times are.</summary>
public class BenchTests
{
    [Test]
    public void A_guard_is_measured_in_turn_with_runs_without_it()
    {
        string guard = Path.Combine(SharedFolder.Repository, "examples/guards/thornvale/steer.guard.json");
        JsonElement report = CommandLine.RunJson("bench", TestModels.HearthPath, "--prompt-tokens", "4", "--tokens", "4", "--repeat", "2", "--guard", guard);
        Assert.That(report.GetProperty("guard").GetString(), Is.EqualTo("steer"));
        Assert.That(report.GetProperty("guard_cost").GetDouble(), Is.GreaterThan(0));
        Assert.That(report.GetProperty("guarded_tokens_per_second").GetProperty("count").GetInt32(), Is.EqualTo(2));
    }

    [Test]
    public void A_report_is_consistent_in_itself()
    {
        JsonElement report = CommandLine.RunJson("bench", TestModels.HearthPath, "--prompt-tokens", "20", "--tokens", "8", "--repeat", "3", "--threads", "1");
        double Number(string name) => report.GetProperty(name).GetDouble();
        Assert.That(report.GetProperty("device").GetString(), Is.EqualTo("cpu, 1 threads"));
        Assert.That((Number("prompt_tokens"), Number("tokens")), Is.EqualTo((20, 8)));
        foreach ((string name, int count) in new[] { ("first_token_seconds", 3), ("prefill_tokens_per_second", 3), ("decode_tokens_per_second", 3), ("token_seconds", 21) })
        {
            JsonElement spread = report.GetProperty(name);
            double[] ordered = [.. new[] { "least", "lower_quartile", "median", "upper_quartile", "most" }.Select(field => spread.GetProperty(field).GetDouble())];
            Assert.That(ordered, Is.Ordered.And.All.GreaterThan(0), name);
            Assert.That(spread.GetProperty("count").GetInt32(), Is.EqualTo(count), name);
        }
        TokenWork work = TokenWork.At(TestModels.Hearth, 24);
        Assert.That((Number("weight_bytes_per_token"), Number("cache_bytes_per_token")), Is.EqualTo((work.WeightBytes, work.CacheBytes)));
        double rate = report.GetProperty("decode_tokens_per_second").GetProperty("median").GetDouble();
        Assert.That(Number("decode_bytes_per_second"), Is.EqualTo(work.Bytes * rate).Within(1e-9).Percent);
        Assert.That(Number("bandwidth_share") * Number("read_bandwidth_bytes_per_second"), Is.EqualTo(Number("decode_bytes_per_second")).Within(1e-9).Percent);
        Assert.That(Number("multiply_add_share") * Number("multiply_adds_per_second"), Is.EqualTo(Number("prefill_multiply_adds_per_second")).Within(1e-9).Percent);
        Assert.That(Number("peak_resident_bytes"), Is.GreaterThanOrEqualTo(Number("resident_bytes")));
        Assert.That(Number("allocated_bytes_per_token"), Is.GreaterThanOrEqualTo(0));
        Assert.That(report.GetProperty("precision").GetString(), Is.EqualTo("Fast"));
    }

    [Test]
    public void People_get_the_same_in_words()
    {
        string output = CommandLine.RunWell("bench", TestModels.HearthPath, "--prompt-tokens", "4", "--tokens", "2", "--repeat", "1", "--precision", "exact");
        foreach (string part in new[] { "hearth: llama, 1.2 M parameters", "Exact precision", "prompt tokens/s", "median of 1", "first token", "of weights", "that memory gives here", "allocated per token", "resident memory" })
            Assert.That(output, Does.Contain(part));
    }

    // Tied embedding: read whole as the unembedding, and one row of it as the embedding. Norms are kept as float32.
    [Test]
    public void A_token_of_a_dense_model_reads_every_weight_once()
    {
        IEnumerable<StoredTensor> tensors = TestModels.Hearth.Checkpoint.Tensors.Values;
        long expected = tensors.Sum(tensor => tensor.Shape.Length == 2 ? tensor.ByteCount : tensor.ElementCount * sizeof(float)) + (128 * 2);
        TokenWork work = TokenWork.At(TestModels.Hearth, position: 9);
        Assert.That(work.WeightBytes, Is.EqualTo(expected));
        Assert.That(work.CacheBytes, Is.EqualTo(10 * 6 * (64 + 64) * sizeof(float)), "ten positions, six layers, two heads of 32 for keys and for values");
        long matrices = tensors.Where(tensor => tensor.Shape.Length == 2).Sum(tensor => tensor.ElementCount);
        Assert.That(work.MultiplyAdds, Is.EqualTo(matrices + (10 * 6 * 4 * (32 + 32))));
        Assert.That(work.MultiplyAdds - TokenWork.At(TestModels.Hearth, position: 9, logits: false).MultiplyAdds, Is.EqualTo(1024 * 128));
    }

    [Test]
    public void A_token_of_a_mixture_reads_the_experts_that_it_passes()
    {
        using LanguageModel model = TestModels.Load(SharedFolder.Fixture("arch/qwen2_moe"));
        var routers = model.Architecture.Layers.Where(layer => layer.Mlp.Router is not null).Select(layer => layer.Mlp.Router!).ToArray();
        long expected = 0, experts = 0;
        foreach (StoredTensor tensor in model.Checkpoint.Tensors.Values)
            if (tensor.Name.Contains(".mlp.experts."))
                experts += tensor.ByteCount;
            else
                expected += tensor.Name.Contains("embed_tokens") ? tensor.ByteCount / tensor.Shape[0]
                    : tensor.Shape.Length == 1 ? tensor.ElementCount * sizeof(float)
                    : tensor.ByteCount;
        Assert.That(routers, Is.Not.Empty.And.All.Property("Chosen").LessThan(routers[0].Experts), "the fixture is what it is taken for");
        expected += experts * routers[0].Chosen / routers[0].Experts;
        Assert.That(TokenWork.At(model, 3).WeightBytes, Is.EqualTo(expected));
    }

    [Test]
    public void A_window_bounds_what_is_read_of_the_cache()
    {
        using LanguageModel model = TestModels.Load(SharedFolder.Fixture("arch/gemma2"));
        int window = model.Architecture.Layers.Max(layer => layer.Attention.Window);
        long PerPosition(int position) => TokenWork.At(model, position).CacheBytes - TokenWork.At(model, position - 1).CacheBytes;
        Assert.That(window, Is.GreaterThan(1), "the fixture is what it is taken for");
        Assert.That(PerPosition(window), Is.LessThan(PerPosition(window - 1)).And.GreaterThan(0));
    }

    [Test]
    public void A_spread_has_the_usual_quartiles()
    {
        Spread spread = Spread.Of([4, 1, 3, 2]);
        Assert.That((spread.Least, spread.LowerQuartile, spread.Median, spread.UpperQuartile, spread.Most, spread.Count), Is.EqualTo((1.0, 1.75, 2.5, 3.25, 4.0, 4)));
        Assert.That(Spread.Of([5]), Is.EqualTo(new Spread(5, 5, 5, 5, 5, 1)));
        Assert.Throws<ArgumentException>(() => Spread.Of([]));
    }

    [TestCase("--prompt-tokens", "0")]
    [TestCase("--tokens", "1")]
    [TestCase("--repeat", "0")]
    public void Numbers_that_measure_nothing_are_refused(string option, string value) =>
        Assert.That(CommandLine.RunRefused("bench", TestModels.HearthPath, option, value), Does.Contain(option).And.Contain("at least"));

    [Test]
    public void Ctrl_C_ends_it()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.That(CommandLine.Run(["bench", TestModels.HearthPath], cancellation: source.Token).Code, Is.EqualTo(130));
    }
}
