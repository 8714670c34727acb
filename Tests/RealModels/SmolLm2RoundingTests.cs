using System.Globalization;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Weights;

namespace Managed.Tests.RealModels;

/// <summary>
/// Fast precision differs from exact by rounding the inputs of linear layers to 8 bits, and by nothing else: every layer of a
/// real model, with the activations that it really meets, against the same products in double precision.
/// </summary>
public sealed unsafe class SmolLm2RoundingTests
{
    private const double Tolerance = 1e-6;

    // The hook point of a layer's input, and of its output.
    private static readonly (string Input, string Output, Func<LayerWeights, LinearLayer> Layer)[] s_layers =
    [
        ("attn.hook_in", "attn.hook_q", layer => layer.Query!),
        ("attn.hook_in", "attn.hook_k", layer => layer.Key!),
        ("attn.hook_in", "attn.hook_v", layer => layer.Value!),
        ("attn.hook_z", "attn.hook_out", layer => layer.AttentionOutput),
        ("mlp.hook_in", "mlp.hook_pre", layer => layer.Mlp!.Gate!),
        ("mlp.hook_in", "mlp.hook_pre_linear", layer => layer.Mlp!.Up),
        ("mlp.hook_post", "mlp.hook_out", layer => layer.Mlp!.Down),
    ];

    // One token takes one path through the kernels, four another; both are here.
    [TestCase(1)]
    [TestCase(5)]
    public void Every_linear_layer_is_the_product_of_its_weights_with_its_rounded_input(int tokens)
    {
        LanguageModel model = SmolLm2.Model;
        ActivationCache cache = model.Run(SmolLm2.Integers("p2.input_ids").AsSpan(0, tokens), new RunOptions
        {
            Names = [.. s_layers.SelectMany(layer => new[] { layer.Input, layer.Output }).Distinct().Select(name => "blocks.*." + name), "unembed.hook_in", "unembed.hook_out"],
            Precision = Precision.Fast,
        }).Cache;

        var errors = new List<(double Error, string Name)>();
        for (int i = 0; i < model.LayerCount; i++)
            foreach ((string input, string output, Func<LayerWeights, LinearLayer> layer) in s_layers)
                errors.Add((Error(layer(model.Weights.Layers[i]), cache[$"blocks.{i}.{input}"], cache[$"blocks.{i}.{output}"]), $"blocks.{i}.{output}"));
        errors.Add((Error(model.Weights.Head, cache["unembed.hook_in"], cache["unembed.hook_out"]), "unembed.hook_out"));
        (double worst, string name) = errors.Max();
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{errors.Count} layers, {tokens} tokens: largest relative error {worst:0.0e+00}, at {name}"));
        Assert.That(errors.Where(error => !(error.Error <= Tolerance)), Is.Empty);
    }

    // max |y − Σ w·x̃|, x̃ being x rounded; relative to Σ |x̃|·max|w|, the maximum over a block of 32: scales and minima of
    // a block are multiplied apart, so a product is rounded at the size of the block's weights, not at its own.
    private static double Error(LinearLayer layer, Activation input, Activation output)
    {
        var weight = (CpuWeight)layer.Matrix;
        int tokens = input.Shape[0];
        float[][] rounded = [.. Enumerable.Range(0, tokens).Select(token => Rounded(input[token]))];
        var row = new float[weight.Columns];
        double worst = 0;
        for (int r = 0; r < weight.Rows; r++)
        {
            BlockFormats.Dequantise(weight.Type, row, weight.Data + (r * weight.RowBytes));
            int at = weight.OutputOrder?[r] ?? r;
            for (int token = 0; token < tokens; token++)
            {
                (double product, double size) = Product(row, rounded[token]);
                worst = Math.Max(worst, Math.Abs(output[token][at] - product) / size);
            }
        }
        return worst;
    }

    private static (double Product, double Size) Product(float[] weights, float[] values)
    {
        double product = 0, size = 0;
        for (int block = 0; block < weights.Length; block += 32)
        {
            double sum = 0;
            float largest = 0;
            for (int i = block; i < block + 32; i++)
            {
                product += (double)weights[i] * values[i];
                sum += Math.Abs(values[i]);
                largest = Math.Max(largest, Math.Abs(weights[i]));
            }
            size += largest * sum;
        }
        return (product, size);
    }

    // In blocks of 32 the largest magnitude becomes 127.
    private static float[] Rounded(ReadOnlySpan<float> values)
    {
        float[] rounded = values.ToArray();
        for (int start = 0; start < rounded.Length; start += 32)
        {
            Span<float> block = rounded.AsSpan(start, 32);
            float largest = 0;
            foreach (float value in block)
                largest = MathF.Max(largest, MathF.Abs(value));
            float scale = largest / 127f, inverse = largest > 0 ? 127f / largest : 0;
            foreach (ref float value in block)
                value = scale * MathF.Round(value * inverse, MidpointRounding.ToEven);
        }
        return rounded;
    }
}
