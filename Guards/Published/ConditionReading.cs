namespace Managed.Guards.Published;

/// <summary>A number that <see cref="ConditionalSteering"/> reads of the prompt at a block.</summary>
public sealed record ConditionReading
{
    private readonly Action<GuardStepBuilder, string?, bool> read; // a step, what is read in the stream's stead, tanh
    private readonly bool isCosine, isProbe;

    private ConditionReading(string name, int layer, bool isCosine, bool isProbe, Action<GuardStepBuilder, string?, bool> read)
    {
        (Name, Layer) = (name, layer);
        (this.isCosine, this.isProbe, this.read) = (isCosine, isProbe, read);
        if (layer < 0)
            throw new GuardException($"reading {name}, layer: found {layer}; expected 0 or more, a block's number.");
    }

    /// <summary>How rules call it.</summary>
    public string Name { get; }

    /// <summary>The block at which it is read: its output; in the released code's semantics its input.</summary>
    public int Layer { get; }

    /// <summary>What is read; null: the last prompt token's state, in the released code's semantics the mean of all the prompt's states.</summary>
    public ConditionState? Of { get; init; }

    /// <summary>
    /// Whether a cosine is that of y with tanh(proj_c y), y what is read; null: in the released code's semantics alone. It is the size of
    /// cos(y, c) where the projection is small, and less where tanh bends it.
    /// </summary>
    public bool? Tanh { get; init; }

    /// <summary>cos(x, c), between −1 and 1. The published condition is its size: `abs(name) &gt; θ`.</summary>
    /// <param name="name">How rules call it.</param>
    /// <param name="layer">The block.</param>
    /// <param name="vector">c.</param>
    public static ConditionReading Cosine(string name, int layer, float[] vector) =>
        new(name, layer, isCosine: true, isProbe: false, (step, of, tanh) => step.ReadLikeness(vector, of, tanh, name));

    /// <summary>x·c.</summary>
    /// <inheritdoc cref="Cosine"/>
    public static ConditionReading Projection(string name, int layer, float[] vector) =>
        new(name, layer, isCosine: false, isProbe: false, (step, of, _) => step.ReadProjection(vector, name, of));

    /// <summary>A logistic probe's probability.</summary>
    /// <param name="name">How rules call it.</param>
    /// <param name="layer">The block.</param>
    /// <param name="probe">The probe.</param>
    public static ConditionReading Probe(string name, int layer, LinearProbe probe) =>
        new(name, layer, isCosine: false, isProbe: true, (step, _, _) => step.ReadProbe(probe, name));

    /// <summary>Whether the mean of the prompt's states is read, which takes a pass of its own.</summary>
    internal bool IsOfMean(GuardFidelity fidelity) => !isProbe && (Of ?? (fidelity == GuardFidelity.Reference ? ConditionState.PromptMean : ConditionState.LastPromptToken)) == ConditionState.PromptMean;

    /// <exception cref="GuardException">A probe of the mean, or tanh of what is no cosine.</exception>
    internal void Write(GuardBuilder g, GuardFidelity fidelity)
    {
        if (isProbe && Of == ConditionState.PromptMean)
            throw new GuardException($"reading {Name}: found a probe of the prompt's mean; expected one of the last prompt token, or a cosine or projection.");
        if (!isCosine && Tanh == true)
            throw new GuardException($"reading {Name}: found tanh of what is no cosine; expected it of a cosine alone.");
        string at = ConditionalSteering.Point(Layer, fidelity), mean = $"{Name}.mean";
        bool ofMean = IsOfMean(fidelity);
        if (ofMean)
            g.At(at).On(GuardPositions.Prompt).Record(mean, mean: true);
        read(g.At(at).On(GuardPositions.LastPromptToken), ofMean ? mean : null, isCosine && (Tanh ?? fidelity == GuardFidelity.Reference));
    }
}

/// <summary>Which of the prompt's states a condition reads.</summary>
public enum ConditionState
{
    /// <summary>That of the last prompt token.</summary>
    LastPromptToken,

    /// <summary>The mean over all of its tokens.</summary>
    PromptMean,
}
