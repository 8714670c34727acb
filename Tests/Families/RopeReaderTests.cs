using Managed.Architectures;
using Managed.Families;
using Managed.Kernels;
using Managed.Loader;

namespace Managed.Tests.FamilyMappers;

/// <summary>Frequencies and magnitudes against the formulas, worked out by hand from the keys.</summary>
public sealed class RopeReaderTests
{
    private const int HeadDimension = 16, Context = 4096;

    private static RopeSpec Read(string json, string layerType = LayerTypes.Full, double partial = 1)
    {
        var config = JsonConfigSection.Parse("config.json", System.Text.Encoding.UTF8.GetBytes(json));
        var source = new FamilySource(config, false, new Dictionary<string, StoredTensor>()) { Family = "test" };
        return new RopeReader(source, new ClassDefaults(1, 1, 1, 1, 1, Context) { PartialRotary = partial }, HeadDimension, Context).Read(layerType);
    }

    private static RopeTable Table(string json, int length = 1) => RopeFrequencies.Table(Read(json), length);

    [TestCase("{}", 10000)]
    [TestCase("{\"rope_theta\":500000}", 500000)]
    [TestCase("{\"rotary_emb_base\":20000}", 20000)]
    [TestCase("{\"rope_parameters\":{\"rope_theta\":1e6,\"rope_type\":\"default\"}}", 1e6)]
    [TestCase("{\"rope_parameters\":{\"rope_type\":\"default\"},\"rope_theta\":7000}", 7000)]
    [TestCase("{\"rope_scaling\":null,\"rope_theta\":8000.0}", 8000)]
    [TestCase("{\"rope_scaling\":{\"type\":\"default\"},\"rope_theta\":8000.0}", 8000)]
    public void Plain_frequencies_are_powers_of_theta(string json, double theta)
    {
        RopeTable table = Table(json);
        Assert.That(table.InverseFrequencies, Is.EqualTo(Enumerable.Range(0, 8).Select(i => Math.Pow(theta, -i / 8.0))).Within(1e-7));
        Assert.That(table.Magnitude, Is.EqualTo(1));
    }

    [TestCase("{\"partial_rotary_factor\":0.5}", 8)]
    [TestCase("{\"rotary_pct\":0.25}", 4)]
    [TestCase("{\"rope_parameters\":{\"partial_rotary_factor\":0.75}}", 12)]
    [TestCase("{}", 16)]
    public void Partial_rotation_is_read_in_both_places(string json, int dimensions) => Assert.That(Read(json).Dimensions, Is.EqualTo(dimensions));

    [Test]
    public void Layer_types_have_their_own_parameters()
    {
        const string Json = "{\"rope_parameters\":{\"full_attention\":{\"rope_theta\":1e6,\"rope_type\":\"linear\",\"factor\":8},\"sliding_attention\":{\"rope_theta\":1e4}}}";
        Assert.That((Read(Json).Theta, Read(Json).Factor), Is.EqualTo((1e6, 8.0)));
        Assert.That((Read(Json, LayerTypes.Sliding).Theta, Read(Json, LayerTypes.Sliding).Scaling), Is.EqualTo((1e4, RopeScalingKind.None)));
    }

    [Test]
    public void Linear_scaling_divides_by_the_factor() =>
        Assert.That(Table("{\"rope_scaling\":{\"type\":\"linear\",\"factor\":4}}").InverseFrequencies[1], Is.EqualTo(Math.Pow(10000, -1 / 8.0) / 4).Within(1e-7));

    [Test]
    public void Dynamic_scaling_grows_theta_beyond_the_context()
    {
        const string Json = "{\"rope_scaling\":{\"rope_type\":\"dynamic\",\"factor\":2}}";
        double theta = 10000 * Math.Pow((2 * 2.0) - 1, 16 / 14.0); // a text twice as long as the context
        Assert.That(Table(Json, 2 * Context).InverseFrequencies[3], Is.EqualTo(Math.Pow(theta, -3 / 8.0)).Within(1e-7));
        Assert.That(Table(Json, Context).InverseFrequencies[3], Is.EqualTo(Math.Pow(10000, -3 / 8.0)).Within(1e-7));
    }

    [Test]
    public void Llama3_scaling_keeps_short_waves_and_stretches_long_ones()
    {
        float[] f = Table("{\"rope_theta\":500000,\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":1,\"high_freq_factor\":4,\"original_max_position_embeddings\":256}}").InverseFrequencies;
        double F(int i) => Math.Pow(500000, -i / 8.0);
        // Waves of 6.3, 32.4, 167, 861 … positions: shorter than 64, between, longer than 256.
        double smooth = ((256 / (2 * Math.PI / F(2))) - 1) / 3;
        Assert.That(f[0], Is.EqualTo(F(0)).Within(1e-7));
        Assert.That(f[1], Is.EqualTo(F(1)).Within(1e-7));
        Assert.That(f[2], Is.EqualTo(((1 - smooth) * F(2) / 8) + (smooth * F(2))).Within(1e-7));
        Assert.That(f[3], Is.EqualTo(F(3) / 8).Within(1e-8));
    }

    [Test]
    public void Yarn_ramps_between_the_corrected_dimensions()
    {
        RopeTable table = Table("{\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":4,\"original_max_position_embeddings\":1024}}");
        // 16·ln(1024/(2π·32))/(2·ln 10000) = 1.41 → 1; 16·ln(1024/2π)/(2·ln 10000) = 4.42 → 5.
        double[] ramps = [0, 0, 0.25, 0.5, 0.75, 1, 1, 1];
        for (int i = 0; i < 8; i++)
            Assert.That(table.InverseFrequencies[i], Is.EqualTo(Math.Pow(10000, -i / 8.0) * ((ramps[i] / 4) + 1 - ramps[i])).Within(1e-7));
        Assert.That(table.Magnitude, Is.EqualTo((0.1 * Math.Log(4)) + 1).Within(1e-6));
    }

    [TestCase("\"attention_factor\":0.7", 0.7)]
    [TestCase("\"mscale\":1.0,\"mscale_all_dim\":1.0", 1.0)]
    [TestCase("\"mscale\":0.707,\"mscale_all_dim\":0.5", (0.1 * 0.707 * 1.3862943611198906 + 1) / (0.1 * 0.5 * 1.3862943611198906 + 1))]
    public void Yarn_s_magnitude_follows_its_keys(string keys, double magnitude) =>
        Assert.That(Table("{\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":4," + keys + "}}").Magnitude, Is.EqualTo(magnitude).Within(1e-6));

    [TestCase("{\"rope_scaling\":{\"rope_type\":\"yarn\",\"original_max_position_embeddings\":1024}}")]
    [TestCase("{\"rope_scaling\":{\"rope_type\":\"yarn\"},\"original_max_position_embeddings\":1024}")]
    public void Yarn_without_a_factor_takes_the_ratio_of_contexts(string json) => Assert.That(Read(json).Factor, Is.EqualTo(4));

    [Test]
    public void Longrope_has_two_sets_of_divisors_and_one_magnitude()
    {
        const string Json = "{\"rope_scaling\":{\"type\":\"su\",\"short_factor\":[1,1,1,1,1,1,1,1],\"long_factor\":[2,2,2,2,2,2,2,2]},\"original_max_position_embeddings\":1024}";
        Assert.That(Table(Json, 1024).InverseFrequencies[2], Is.EqualTo(0.1).Within(1e-7));
        Assert.That(Table(Json, 1025).InverseFrequencies[2], Is.EqualTo(0.05).Within(1e-7));
        Assert.That(Table(Json, 1).Magnitude, Is.EqualTo(Math.Sqrt(1 + (Math.Log(4) / Math.Log(1024)))).Within(1e-6));
        Assert.That(Table(Json.Replace("\"type\"", "\"attention_factor\":1.25,\"type\""), 1).Magnitude, Is.EqualTo(1.25));
        Assert.That(Table(Json.Replace("\"type\"", "\"factor\":32,\"type\""), 1).Magnitude, Is.EqualTo(Math.Sqrt(1 + (Math.Log(32) / Math.Log(1024)))).Within(1e-6));
    }

    [TestCase(4, new[] { 0.25, 0.0625, 0.015625, 0.00390625 })]
    [TestCase(6, new[] { 0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125 })]
    public void Alibi_slopes_are_powers_of_two(int heads, double[] slopes) => Assert.That(Alibi.Slopes(heads), Is.EqualTo(slopes));
}
