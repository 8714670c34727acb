using System.Text.Json;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Tests.Guards.Learning;

/// <summary>shared/fixtures/interp/6-steering: pairs of prompts, and what other tools make of them in float64.</summary>
internal static class SteeringGoldens
{
    public const int Layers = 6, Width = 128;

    public static string Folder => SharedFolder.Require("fixtures/interp/6-steering");

    /// <summary>Ids of the pairs' two sides, complete as they stand.</summary>
    public static (int[][] Positive, int[][] Negative) Pairs(LanguageModel model)
    {
        var positive = new List<int[]>();
        var negative = new List<int[]>();
        foreach (string line in File.ReadLines(Path.Combine(Folder, "pairs.jsonl")))
        {
            using var pair = JsonDocument.Parse(line);
            positive.Add(model.Encode(pair.RootElement.GetProperty("positive").GetString()!, addSpecialTokens: false));
            negative.Add(model.Encode(pair.RootElement.GetProperty("negative").GetString()!, addSpecialTokens: false));
        }
        return ([.. positive], [.. negative]);
    }

    public static float[] Read(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder, "vectors.safetensors"));
        return StoredValues.ToSingle(file.Tensors[name]);
    }

    /// <summary>max|a − b| / max(1, max|b|), the README's r.</summary>
    public static double Difference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double worst = 0, largest = 1;
        for (int i = 0; i < b.Length; i++)
        {
            worst = Math.Max(worst, Math.Abs((double)a[i] - b[i]));
            largest = Math.Max(largest, Math.Abs(b[i]));
        }
        return a.Length == b.Length ? worst / largest : double.PositiveInfinity;
    }

    /// <summary>1 − cosine.</summary>
    public static double Angle(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double ab = 0, aa = 0, bb = 0;
        for (int i = 0; i < b.Length; i++)
            (ab, aa, bb) = (ab + ((double)a[i] * b[i]), aa + ((double)a[i] * a[i]), bb + ((double)b[i] * b[i]));
        return 1 - (ab / Math.Sqrt(aa * bb));
    }
}
