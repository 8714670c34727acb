using System.CommandLine;
using System.Globalization;
using Managed.Guards;
using Managed.Guards.Interchange;

namespace Managed.Cli.Verbs.Guarding;

/// <summary>What `managed guard import` and `export` share: the names of formats, and what they say of directions.</summary>
internal static class VectorReport
{
    public static string[] FormatNames { get; } = [.. Enum.GetNames<VectorFormat>().Select(name => name.ToLowerInvariant())];

    public static VectorFormat? Format(string? name) => name is null ? null : Enum.Parse<VectorFormat>(name, ignoreCase: true);

    public static Option<VectorPlace> PlaceOption(string description)
    {
        var option = new Option<VectorPlace>("--at") { Description = $"{description}.", DefaultValueFactory = _ => VectorPlace.Measured };
        option.AcceptOnlyFromAmong([.. Enum.GetNames<VectorPlace>().Select(name => name.ToLowerInvariant())]);
        return option;
    }

    public static void Write(ParseResult result, bool json, string path, SteeringVectors vectors, IReadOnlyList<string> lost)
    {
        var directions = vectors.Layers.Select(layer => new { Layer = layer, Norm = Norm(vectors[layer]) }).ToArray();
        if (json)
        {
            JsonOutput.Write(result, new { Path = path, vectors.Width, Directions = directions, Lost = lost, vectors.Notes });
            return;
        }
        TextWriter output = result.InvocationConfiguration.Output;
        foreach (string sentence in lost)
            result.InvocationConfiguration.Error.WriteLine($"note: {sentence}");
        foreach ((string key, string text) in vectors.Notes)
            output.WriteLine($"{Plain(key)}: {Plain(text)}");
        output.WriteLine($"width: {vectors.Width}");
        foreach (var direction in directions)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"layer {direction.Layer,3}   norm {direction.Norm:0.0000}"));
        output.WriteLine(path);
    }

    // Notes come from files: no control characters reach a terminal, and a long one is cut.
    private static string Plain(string text)
    {
        const int Longest = 400;
        string plain = string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));
        return plain.Length <= Longest ? plain : plain[..Longest] + "…";
    }

    private static double Norm(float[] direction) => Math.Sqrt(direction.Sum(value => (double)value * value));
}
