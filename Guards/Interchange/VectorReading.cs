namespace Managed.Guards.Interchange;

/// <summary>What a file of directions does not say by itself.</summary>
public sealed record VectorReading
{
    /// <summary>The format; null: by content and name.</summary>
    public VectorFormat? Format { get; init; }

    /// <summary>Which of two blocks a number stands for, where a writer and its engine differ.</summary>
    public VectorPlace Place { get; init; } = VectorPlace.Measured;

    /// <summary>
    /// The tensor or array that holds the directions [layers, width] or [width], or the first part of names such as `refusal.3`;
    /// null: whatever is named after layers.
    /// </summary>
    public string? Name { get; init; }

    /// <summary>The block of a single direction, or of the first row; null: a single direction is refused, rows begin at 0.</summary>
    public int? Layer { get; init; }
}
