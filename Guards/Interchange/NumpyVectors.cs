using System.Globalization;
using Managed.Loader;

namespace Managed.Guards.Interchange;

/// <summary>Directions in NumPy's files: one array [width] or [layers, width], or a zip of arrays that are named by layer.</summary>
internal static class NumpyVectors
{
    public static SteeringVectors ReadArray(string path, VectorReading reading)
    {
        var found = new VectorCollector(path);
        AddRows(found, path, "array", null, NpyArray.ReadFile(path), reading.Layer);
        return found.Finish("rows that are not all zero");
    }

    public static SteeringVectors ReadArchive(string path, VectorReading reading)
    {
        using NpzFile archive = NpzFile.Open(path);
        var found = new VectorCollector(path);
        string[] byLayer = [.. archive.Names.Where(name => LayerName.Parse(name, reading.Name) is not null)];
        if (byLayer.Length == 0)
            AddRows(found, path, Only(path, archive, reading.Name, out string name), null, archive.Array(name), reading.Layer);
        else
            found.Note("convention", "arrays named by layer");
        foreach (string name in byLayer)
            Add(found, path, $"member {Utf8Text.Show(name)}", null, LayerName.Parse(name, reading.Name)!.Value, archive.Array(name).Shape, archive.Array(name).ToSingle);
        return found.Finish("arrays named by layer, such as blocks.3.hook_resid_post");
    }

    public static IReadOnlyList<string> WriteArray(string path, SteeringVectors vectors)
    {
        int rows = vectors.Layers.Max() + 1;
        var values = new float[(long)rows * vectors.Width];
        foreach (int layer in vectors.Layers)
            vectors[layer].CopyTo(values.AsSpan(layer * vectors.Width));
        NpyArray array = NpyArray.From([rows, vectors.Width], values);
        AtomicFile.Write(path, array.Write);
        string[] without = [.. Enumerable.Range(0, rows).Except(vectors.Layers).Select(layer => layer.ToString(CultureInfo.InvariantCulture))];
        return without.Length == 0 ? [] : [$"rows without a direction are written as zeros: {string.Join(", ", without)}"];
    }

    public static IReadOnlyList<string> WriteArchive(string path, SteeringVectors vectors)
    {
        NpzFile.Write(path, vectors.Layers.Select(layer => (LayerName.Of(layer), NpyArray.From([vectors.Width], vectors[layer]))));
        return [];
    }

    /// <summary>Takes the direction of one array [width].</summary>
    internal static void Add(VectorCollector found, string path, string field, long? offset, long layer, ReadOnlySpan<int> shape, Func<float[]> values)
    {
        if (shape.Length != 1 || shape[0] > VectorCollector.MostWidth)
            throw new CheckpointException(path, field, offset, $"shape [{Shown(shape)}]", $"one dimension of at most {VectorCollector.MostWidth}");
        found.Add(layer, field, offset, values());
    }

    internal static void AddRows(VectorCollector found, string path, string field, long? offset, NpyArray array, int? first) =>
        AddRows(found, path, field, offset, array.Shape, array.ToSingle, first);

    /// <summary>Takes the rows of an array [layers, width], or an array [width] for the layer that was given. Rows of zeros are none.</summary>
    internal static void AddRows(VectorCollector found, string path, string field, long? offset, ReadOnlySpan<int> shape, Func<float[]> values, int? first)
    {
        if (shape.Length == 1)
        {
            if (first is not { } layer)
                throw new CheckpointException(path, field, offset, $"one direction, shape [{Shown(shape)}]", "its layer to be given, or rows [layers, width]");
            Add(found, path, field, offset, layer, shape, values);
            found.Note("convention", $"one direction, taken as layer {layer} as was said");
            return;
        }
        if (shape.Length != 2 || shape[0] > VectorCollector.MostLayers || shape[1] is 0 or > VectorCollector.MostWidth)
            throw new CheckpointException(path, field, offset, $"shape [{Shown(shape)}]",
                $"[layers, width] of at most {VectorCollector.MostLayers} and {VectorCollector.MostWidth}, or [width]");
        float[] all = values();
        int width = shape[1], start = first ?? 0;
        var zeros = new List<int>();
        for (int row = 0; row < shape[0]; row++)
            if (all.AsSpan(row * width, width).ContainsAnyExcept(0f))
                found.Add((long)start + row, $"{field}, row {row}", offset, all[(row * width)..((row + 1) * width)]);
            else
                zeros.Add(row);
        found.Note("convention", $"rows of an array, row i taken as layer {(start == 0 ? "i" : $"{start} + i")}"
            + (zeros.Count == 0 ? "" : $"; rows of zeros hold no direction: {string.Join(", ", zeros)}"));
    }

    private static string Only(string path, NpzFile archive, string? asked, out string name)
    {
        if (asked is null && archive.Names.Count != 1)
            throw new CheckpointException(path, "zip", null, $"arrays {string.Join(", ", archive.Names.Take(8).Select(known => Utf8Text.Show(known)))}",
                "arrays named by layer, such as blocks.3.hook_resid_post, a single one, or the name of one to be given");
        name = asked ?? archive.Names.First();
        return $"member {Utf8Text.Show(name)}";
    }

    private static string Shown(ReadOnlySpan<int> shape) => string.Join(", ", shape.ToArray());
}
