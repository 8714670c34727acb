using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>Collects the steps of a guard; see <see cref="Guard.Define"/>.</summary>
public sealed partial class GuardBuilder
{
    private readonly List<GuardStep> steps = [];
    private readonly Dictionary<string, GuardTensor> tensors;
    private readonly Dictionary<string, GuardStep> waiting = []; // reads whose place is that of the step that first asks for them

    internal GuardBuilder(Dictionary<string, GuardTensor>? shared = null) => tensors = shared ?? [];

    /// <summary>Begins a step at a hook point: full name, alias, shorthand or glob; a name without a layer means every layer.</summary>
    public GuardStepBuilder At(string hookPoint) => new(this, hookPoint);

    /// <summary>A logistic probe's probability at the last prompt token, read where the first step that asks for it acts.</summary>
    /// <param name="probe">The probe.</param>
    /// <param name="into">The register's name; null: one is made up.</param>
    public GuardValue Probe(LinearProbe probe, string? into = null) =>
        Wait(new GuardStep { Do = "probe", Tensors = Roles(("weight", GuardTensor.Of(probe.Weight)), ("bias", GuardTensor.Of([probe.Bias]))) }, into);

    /// <summary>A two-layer probe's probability of a class at the last prompt token, read where the first step that asks for it acts.</summary>
    /// <inheritdoc cref="Probe(LinearProbe, string?)"/>
    /// <param name="probe">The probe.</param>
    /// <param name="class">The class.</param>
    /// <param name="into">The register's name; null: one is made up.</param>
    public GuardValue Probe(MlpProbe probe, int @class = 1, string? into = null) => Wait(MlpStep(probe, @class), into);

    /// <summary>The stream's projection on a vector at the last prompt token, read where the first step that asks for it acts.</summary>
    /// <inheritdoc cref="Probe(LinearProbe, string?)"/>
    /// <param name="vector">The vector.</param>
    /// <param name="into">The register's name; null: one is made up.</param>
    public GuardValue Projection(float[] vector, string? into = null) =>
        Wait(new GuardStep { Do = "projection", Tensors = Roles(("vector", GuardTensor.Of(vector))) }, into);

    /// <summary>The cosine of the stream and a vector at the last prompt token, read where the first step that asks for it acts.</summary>
    /// <inheritdoc cref="Projection"/>
    public GuardValue Cosine(float[] vector, string? into = null) =>
        Wait(new GuardStep { Do = "cosine", Tensors = Roles(("vector", GuardTensor.Of(vector))) }, into);

    internal GuardStep MlpStep(MlpProbe probe, int @class)
    {
        int hidden = probe.Bias1.Length, classes = probe.Bias2.Length;
        if (hidden == 0 || classes == 0 || probe.Weight1.Length % hidden != 0 || probe.Weight2.Length != hidden * classes)
            throw new GuardException($"two-layer probe: found {probe.Weight1.Length} and {probe.Weight2.Length} weights for {hidden} hidden units and {classes} classes; expected hidden × width and classes × hidden.");
        return new GuardStep
        {
            Do = "mlp_probe",
            Class = @class,
            Tensors = Roles(("weight1", GuardTensor.Of(probe.Weight1, hidden)), ("bias1", GuardTensor.Of(probe.Bias1)),
                ("weight2", GuardTensor.Of(probe.Weight2, classes)), ("bias2", GuardTensor.Of(probe.Bias2))),
        };
    }

    /// <summary>Names for tensors, one for each different one.</summary>
    internal Dictionary<string, string> Roles(params (string Role, GuardTensor Tensor)[] used)
    {
        var roles = new Dictionary<string, string>();
        foreach ((string role, GuardTensor tensor) in used)
        {
            string? known = tensors.FirstOrDefault(pair => pair.Value.Shape.SequenceEqual(tensor.Shape) && pair.Value.Values.AsSpan().SequenceEqual(tensor.Values)).Key;
            if (known is null)
                tensors[known = $"{role}.{tensors.Count}"] = tensor;
            roles[role] = known;
        }
        return roles;
    }

    internal GuardValue Register(string name) => new(new GuardExpression(ConditionCode.Register, Register: name));

    internal string NewRegister(string? asked)
    {
        string name = asked ?? $"r{waiting.Count + steps.Count(step => step.Into is not null)}";
        if (!GuardExpressionParser.IsName(name))
            throw new GuardException($"register \"{name}\": expected letters, digits, '_' and '.', a letter first.");
        return name;
    }

    /// <summary>Adds a step, after the reads that its condition waits for.</summary>
    internal void Add(GuardStep step)
    {
        IEnumerable<string> asked = step.When?.Registers() ?? [];
        foreach (string register in step.Times is null ? asked : asked.Append(step.Times))
            if (waiting.Remove(register, out GuardStep? read))
                steps.Add(read with { At = step.At, On = GuardPositions.LastPromptToken });
        steps.Add(step);
    }

    internal GuardProgram Build(string name) => new()
    {
        Name = name,
        Steps = Finished(),
        Tensors = tensors,
        Adapter = adapter,
        Head = head,
        Decide = decide,
        DecideSuffix = decideSuffix,
        Lanes = [.. lanes],
        Logits = [.. logits],
        Late = late,
        Flow = [.. flow],
    };

    private GuardStep[] Finished() => waiting.Count == 0 ? [.. steps]
        : throw new GuardException($"register {waiting.Keys.First()}: no step asks for it; read it at a hook point with At(…).Read….");

    private GuardValue Wait(GuardStep read, string? into)
    {
        string name = NewRegister(into);
        waiting.Add(name, read with { Into = name });
        return Register(name);
    }
}
