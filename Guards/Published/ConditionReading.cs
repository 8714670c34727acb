namespace Managed.Guards.Published;

/// <summary>A number that <see cref="ConditionalSteering"/> reads at the last prompt token, behind a block.</summary>
public sealed record ConditionReading
{
    private readonly Action<GuardStepBuilder> read;

    private ConditionReading(string name, int layer, Action<GuardStepBuilder> read)
    {
        (Name, Layer) = (name, layer);
        this.read = read;
        if (layer < 0)
            throw new GuardException($"reading {name}, layer: found {layer}; expected 0 or more, a block's number.");
    }

    /// <summary>How rules call it.</summary>
    public string Name { get; }

    /// <summary>The block whose output is read.</summary>
    public int Layer { get; }

    /// <summary>cos(x, c), between −1 and 1. The published condition is its size: `abs(name) &gt; θ`.</summary>
    /// <param name="name">How rules call it.</param>
    /// <param name="layer">The block whose output is read.</param>
    /// <param name="vector">c.</param>
    public static ConditionReading Cosine(string name, int layer, float[] vector) => new(name, layer, step => step.ReadCosine(vector, into: name));

    /// <summary>x·c.</summary>
    /// <inheritdoc cref="Cosine"/>
    public static ConditionReading Projection(string name, int layer, float[] vector) => new(name, layer, step => step.ReadProjection(vector, name));

    /// <summary>A logistic probe's probability.</summary>
    /// <param name="name">How rules call it.</param>
    /// <param name="layer">The block whose output is read.</param>
    /// <param name="probe">The probe.</param>
    public static ConditionReading Probe(string name, int layer, LinearProbe probe) => new(name, layer, step => step.ReadProbe(probe, name));

    internal void Write(GuardBuilder g) => read(g.At(GuardPoints.ResidPost(Layer)).On(GuardPositions.LastPromptToken));
}
