namespace Managed.Kernels;

/// <summary>Which two elements of a head are rotated together (r rotary dimensions).</summary>
internal enum RopePairing
{
    /// <summary>i and i + r/2 (GPT-NeoX, Hugging Face).</summary>
    Halves,

    /// <summary>2i and 2i + 1 (GPT-J, Su et al. 2021).</summary>
    Adjacent,

    /// <summary>Reads pairs (2i, 2i + 1), writes them to i and i + r/2 (DeepSeek in Hugging Face's layout).</summary>
    AdjacentToHalves,
}

/// <summary>
/// Angles of a rotary embedding: pair i at position p turns by p·InverseFrequencies[i]; cos and sin are multiplied by Magnitude.
/// The device tabulates cos and sin for the positions it meets; a table is immutable but for that growth.
/// </summary>
internal sealed class RopeTable(RopePairing pairing, float[] inverseFrequencies, float magnitude = 1f)
{
    public RopePairing Pairing { get; } = pairing;

    public float[] InverseFrequencies { get; } = inverseFrequencies; // [r/2]

    public float Magnitude { get; } = magnitude;

    /// <summary>Rotary dimensions r.</summary>
    public int Dimensions => 2 * InverseFrequencies.Length;

    /// <summary>What the device keeps for this table (cos and sin by position).</summary>
    internal object? DeviceState { get; set; }
}
