using System.Globalization;
using Managed.Loader;

namespace Managed.Guards.Interchange;

/// <summary>Gathers the directions of one file: every one of the same width, at a block that can exist, of finite numbers, once.</summary>
internal sealed class VectorCollector(string file)
{
    /// <summary>Blocks from this one on are refused: no model has them, and a table of all blocks must fit in memory.</summary>
    public const int MostLayers = 4096;

    /// <summary>Wider directions are refused.</summary>
    public const int MostWidth = 1 << 20;

    private readonly Dictionary<string, string> notes = [];
    private readonly Dictionary<int, string> fields = [];
    private SteeringVectors? vectors;

    /// <summary>A note for whoever uses the directions; the first of a key stays.</summary>
    public void Note(string key, string text) => notes.TryAdd(key, text);

    /// <summary>Takes the direction of a block.</summary>
    /// <param name="layer">The block at whose output it stands.</param>
    /// <param name="field">The part of the file that holds it, for errors.</param>
    /// <param name="offset">Where that begins.</param>
    /// <param name="values">The direction.</param>
    public void Add(long layer, string field, long? offset, float[] values)
    {
        if (layer is < 0 or >= MostLayers)
            throw new CheckpointException(file, field, offset, $"layer {layer}", $"a layer from 0 to {MostLayers - 1}");
        if (values.Length is 0 or > MostWidth)
            throw new CheckpointException(file, field, offset, $"a direction of {values.Length} elements", $"1 to {MostWidth} elements");
        vectors ??= new SteeringVectors(values.Length);
        if (values.Length != vectors.Width)
            throw new CheckpointException(file, field, offset, $"a direction of {values.Length} elements",
                $"{vectors.Width}, as in {fields.Values.First()}");
        int bad = Array.FindIndex(values, value => !float.IsFinite(value));
        if (bad >= 0)
            throw new CheckpointException(file, field, offset,
                $"{values[bad].ToString(CultureInfo.InvariantCulture)} at element {bad}", "numbers that are finite as 32-bit floats");
        if (!fields.TryAdd((int)layer, field))
            throw new CheckpointException(file, field, offset, $"a second direction for layer {layer} (the first is {fields[(int)layer]})", "one for each layer");
        vectors[(int)layer] = values;
    }

    /// <summary>Everything that was gathered.</summary>
    /// <param name="expected">What the file should have held, for the error if it held nothing.</param>
    public SteeringVectors Finish(string expected)
    {
        if (vectors is null)
            throw new CheckpointException(file, "directions", null, "none", expected);
        foreach ((string key, string text) in notes)
            vectors.Notes[key] = text;
        return vectors;
    }
}
