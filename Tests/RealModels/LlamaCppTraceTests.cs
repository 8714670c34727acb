using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Managed.Kernels;

namespace Managed.Tests.RealModels;

/// <summary>
/// The intermediate tensors of stories260K as llama.cpp prints them while it runs: the first and last three numbers of each
/// token's row with four decimals, and the sum of all.
/// </summary>
public sealed partial class LlamaCppTraceTests
{
    private sealed record Trace(string Name, int Width, double[][] Rows, double Sum);

    // llama.cpp's names without the layer, and ours.
    private static readonly Dictionary<string, string> s_points = new()
    {
        ["embd"] = "hook_embed",
        ["attn_norm"] = "attn.hook_in",
        ["kqv_out"] = "attn.hook_z",
        ["attn_out"] = "hook_attn_out",
        ["ffn_inp"] = "hook_resid_mid",
        ["ffn_norm"] = "mlp.hook_in",
        ["ffn_gate"] = "mlp.hook_pre",
        ["ffn_up"] = "mlp.hook_pre_linear",
        ["ffn_swiglu"] = "mlp.hook_post",
        ["ffn_out"] = "hook_mlp_out",
        ["l_out"] = "hook_resid_post",
        ["result_norm"] = "unembed.hook_in",
        ["result_output"] = "logits",
    };

    [Test]
    public void Streams_and_activations_are_those_that_llama_cpp_prints()
    {
        using LanguageModel model = LanguageModel.Load(SharedFolder.Require("models/stories260K/stories260K-f32.gguf"));
        ActivationCache cache = model.Run([1, 403, 407, 261, 378], new RunOptions { Names = ["*"], Precision = Precision.Exact }).Cache;
        int compared = 0;
        foreach (Trace trace in Read())
        {
            string[] parts = trace.Name.Split('-');
            if (!s_points.TryGetValue(parts[0], out string? point))
                continue;
            Activation values = cache[parts.Length > 1 ? $"blocks.{parts[1]}.{point}" : point];
            Assert.That(values[0].Length, Is.EqualTo(trace.Width), trace.Name);
            int skipped = values.Shape[0] - trace.Rows.Length; // the last block goes on with the last token alone
            double sum = 0;
            for (int row = 0; row < trace.Rows.Length; row++)
            {
                ReadOnlySpan<float> mine = values[skipped + row];
                Assert.That(new[] { mine[0], mine[1], mine[2], mine[^3], mine[^2], mine[^1] }, Is.EqualTo(trace.Rows[row]).Within(6e-5), $"{trace.Name}, row {row}");
                foreach (float value in mine)
                    sum += value;
            }
            Assert.That(sum, Is.EqualTo(trace.Sum).Within(4e-6 * trace.Rows.Length * trace.Width), $"{trace.Name}, sum");
            compared++;
        }
        Assert.That(compared, Is.EqualTo((10 * model.LayerCount) + 3));
    }

    private static IEnumerable<Trace> Read()
    {
        using var file = new GZipStream(File.OpenRead(SharedFolder.Require("models/stories260K/llamacpp-eval-callback-f32.txt.gz")), CompressionMode.Decompress);
        using var reader = new StreamReader(file);
        (string Name, int Width)? current = null;
        var rows = new List<double[]>();
        while (reader.ReadLine() is { } line)
        {
            if (Header().Match(line) is { Success: true } header)
            {
                current = (header.Groups["name"].Value, int.Parse(header.Groups["width"].Value, CultureInfo.InvariantCulture));
                rows.Clear();
            }
            else if (Row().Matches(line) is { Count: 6 } numbers)
            {
                rows.Add([.. numbers.Select(number => double.Parse(number.Value, CultureInfo.InvariantCulture))]);
            }
            else if (line.Trim() is var text && text.StartsWith("sum = ", StringComparison.Ordinal) && current is { } tensor)
            {
                yield return new Trace(tensor.Name, tensor.Width, [.. rows], double.Parse(text[6..], CultureInfo.InvariantCulture));
            }
        }
    }

    [GeneratedRegex(@"cb_eval:\s+(?<name>\S+) = \(f32\).* = \{(?<width>\d+), \d+, 1, 1\}$")]
    private static partial Regex Header();

    [GeneratedRegex(@"-?\d+\.\d{4}")]
    private static partial Regex Row();
}
