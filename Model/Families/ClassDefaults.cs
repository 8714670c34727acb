namespace Managed.Families;

/// <summary>What a family's configuration class assumes where config.json is silent. GGUF files are never silent about sizes.</summary>
internal sealed record ClassDefaults(int Vocabulary, int Width, int Inner, int Layers, int Heads, int Context)
{
    /// <summary>Key/value heads; null: as many as query heads.</summary>
    public int? KeyHeads { get; init; }

    /// <summary>Dimension of a head; null: width / heads.</summary>
    public int? HeadDimension { get; init; }

    public double Epsilon { get; init; } = 1e-6;

    public double Theta { get; init; } = 10000;

    /// <summary>Share of a head's dimensions that is rotated.</summary>
    public double PartialRotary { get; init; } = 1;

    public string Activation { get; init; } = "silu";

    /// <summary>tie_word_embeddings.</summary>
    public bool Tied { get; init; }
}
