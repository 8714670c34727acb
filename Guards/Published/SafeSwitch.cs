using Managed.Guards.Learning;
using Managed.Kernels.Edits;

namespace Managed.Guards.Published;

/// <summary>
/// SafeSwitch (Han et al., "SafeSwitch: Steering Unsafe LLM Behavior via Internal Activation Signals", arXiv 2502.01042; EMNLP 2025
/// Findings): a probe on u, the final norm's output, says at the prompt's end whether the request is unsafe; if so, a few tokens are
/// tried and a second probe says whether the model is about to comply; if so, the answer begins anew with a head that was trained to
/// refuse. The guard is a program: rows of one batch decide for themselves, and the head goes with the row.
/// </summary>
public static class SafeSwitch
{
    private const string First = "p1", Second = "p2";
    private const string Point = "unembed.hook_in";

    /// <summary>The guard with both probes.</summary>
    /// <param name="instruction">Stage 1, on u at the last prompt token: class 1 is an unsafe request.</param>
    /// <param name="compliance">Stage 2, on u at the last token of the pilot: class 1 is a model that complies.</param>
    /// <param name="head">What makes the logits of a flagged answer.</param>
    /// <param name="options">Settings; null: the released code's, which are the defaults.</param>
    /// <exception cref="GuardException">A setting out of range, or a probe without two classes.</exception>
    public static GuardProgram Create(MlpProbe instruction, MlpProbe compliance, RefusalHead head, SafeSwitchOptions? options = null)
    {
        options ??= new SafeSwitchOptions();
        options.Validate();
        var tensors = new Dictionary<string, GuardTensor>();
        float threshold = (float)options.Threshold;
        // A product above the threshold needs both of its factors above it: the second is looked at only then.
        GuardExpression suspected = Compare(options.Rule == SafeSwitchRule.And ? ConditionCode.GreaterOrEqual : ConditionCode.Greater, Register(First), threshold);
        GuardExpression flagged = options.Rule == SafeSwitchRule.And
            ? Compare(ConditionCode.GreaterOrEqual, Register(Second), threshold)
            : Compare(ConditionCode.Greater, new GuardExpression(ConditionCode.Multiply, Register(First), Register(Second)), threshold);
        return new GuardProgram
        {
            Name = "safe_switch",
            What = "a request and the beginning of its answer are probed; where both are unsafe, a head that refuses writes the answer",
            Steps =
            [
                Probe(instruction, "stage1", Point, tensors) with { On = GuardPositions.LastPromptToken, Into = First },
                // An answer that ends within the pilot is judged by its last state.
                Probe(compliance, "stage2", Point, tensors) with { On = new(new PositionRule(-1, options.PilotTokens, 1, 1, 1)), When = suspected, Into = Second },
            ],
            Tensors = Add(tensors, head),
            Flow = [new GuardFlow { When = suspected, Pilot = options.PilotTokens, Switch = flagged, Head = head.Names }],
        };
    }

    /// <summary>The guard with the single probe of the paper's ablation: on the stream x_k at the last prompt token, k = 2, 4, … L.</summary>
    /// <param name="probe">Class 1: unsafe, and the model will comply.</param>
    /// <param name="layer">k; the number of blocks, or −1: u.</param>
    /// <param name="head">What makes the logits of a flagged answer.</param>
    /// <param name="threshold">From which probability on an answer is flagged.</param>
    /// <remarks>The released code reads this probe the wrong way round (it calls safe what the probe calls unsafe); that is not repeated.</remarks>
    public static GuardProgram CreateDirect(MlpProbe probe, int layer, RefusalHead head, double threshold = 0.5)
    {
        var options = new SafeSwitchOptions { Threshold = threshold };
        options.Validate();
        var tensors = new Dictionary<string, GuardTensor>();
        return new GuardProgram
        {
            Name = "safe_switch_direct",
            What = "the stream at the prompt's end is probed; where it is unsafe, a head that refuses writes the answer",
            Steps = [Probe(probe, "direct", layer < 0 ? Point : GuardPoints.ResidPre(layer), tensors) with { On = GuardPositions.LastPromptToken, Into = First }],
            Tensors = Add(tensors, head),
            Flow = [new GuardFlow { When = Compare(ConditionCode.GreaterOrEqual, Register(First), (float)threshold), Head = head.Names }],
        };
    }

    /// <summary>Reads a probe in the published layout: layers.0.weight [hidden, width], layers.0.bias, layers.2.weight [2, hidden], layers.2.bias.</summary>
    /// <param name="path">A safetensors file. (The published files are pickles of the same tensors, which are not read: a pickle can run code.)</param>
    /// <param name="prefix">What stands before the names: "stage1."; empty: nothing.</param>
    /// <exception cref="GuardException">The file is damaged, or holds other shapes.</exception>
    public static MlpProbe LoadProbe(string path, string prefix = "")
    {
        using var file = new LearnedTensors(path);
        GuardTensor weight1 = file.Read(prefix + "layers.0.weight", 2), bias1 = file.Read(prefix + "layers.0.bias", 1);
        GuardTensor weight2 = file.Read(prefix + "layers.2.weight", 2), bias2 = file.Read(prefix + "layers.2.bias", 1);
        int hidden = weight1.Shape[0];
        if (bias1.Shape[0] != hidden || weight2.Shape[1] != hidden || weight2.Shape[0] != bias2.Shape[0] || bias2.Shape[0] < 2)
            throw file.Bad($"{prefix}layers", $"shapes {Shown(weight1)}, {Shown(bias1)}, {Shown(weight2)}, {Shown(bias2)}", "[hidden, width], [hidden], [classes, hidden], [classes], with 2 classes or more");
        return new MlpProbe(weight1.Values, bias1.Values, weight2.Values, bias2.Values);
    }

    /// <summary>A probe that was trained here.</summary>
    public static MlpProbe ProbeOf(TwoLayerProbe probe)
    {
        float[][] parts = [.. probe.Tensors().Select(tensor => tensor.Values)];
        return new MlpProbe(parts[0], parts[1], parts[2], parts[3]);
    }

    private static string Shown(GuardTensor tensor) => $"[{string.Join(", ", tensor.Shape)}]";

    private static GuardStep Probe(MlpProbe probe, string name, string at, Dictionary<string, GuardTensor> tensors)
    {
        int hidden = probe.Bias1.Length, classes = probe.Bias2.Length;
        if (hidden == 0 || classes < 2 || probe.Weight1.Length % hidden != 0 || probe.Weight2.Length != hidden * classes)
            throw new GuardException($"SafeSwitch, probe {name}: found {probe.Weight1.Length} and {probe.Weight2.Length} weights for {hidden} hidden units and {classes} classes; expected hidden × width, classes × hidden, and 2 classes or more.");
        (string Role, string Name, GuardTensor Tensor)[] parts =
        [
            ("weight1", $"{name}.layers.0.weight", GuardTensor.Of(probe.Weight1, hidden)), ("bias1", $"{name}.layers.0.bias", GuardTensor.Of(probe.Bias1)),
            ("weight2", $"{name}.layers.2.weight", GuardTensor.Of(probe.Weight2, classes)), ("bias2", $"{name}.layers.2.bias", GuardTensor.Of(probe.Bias2)),
        ];
        foreach ((_, string tensor, GuardTensor values) in parts)
            tensors[tensor] = values;
        return new GuardStep { Do = "mlp_probe", At = at, Class = 1, Tensors = parts.ToDictionary(part => part.Role, part => part.Name) };
    }

    private static Dictionary<string, GuardTensor> Add(Dictionary<string, GuardTensor> tensors, RefusalHead head)
    {
        foreach ((string name, GuardTensor tensor) in head.Tensors)
            tensors[name] = tensor;
        return tensors;
    }

    private static GuardExpression Register(string name) => new(ConditionCode.Register, Register: name);

    private static GuardExpression Compare(ConditionCode code, GuardExpression left, float right) => new(code, left, new GuardExpression(ConditionCode.Constant, Value: right));
}

/// <summary>When SafeSwitch calls an answer unsafe.</summary>
public enum SafeSwitchRule
{
    /// <summary>p₁ ≥ τ and p₂ ≥ τ: the released code.</summary>
    And,

    /// <summary>p₁·p₂ &gt; τ: the paper.</summary>
    Product,
}

/// <summary>Settings of <see cref="SafeSwitch"/>.</summary>
public sealed record SafeSwitchOptions
{
    /// <summary>The released code's decision, which is the default too.</summary>
    public static SafeSwitchOptions Reference { get; } = new();

    /// <summary>The paper's decision, by the product of both probabilities.</summary>
    public static SafeSwitchOptions Paper { get; } = new() { Rule = SafeSwitchRule.Product };

    /// <summary>n: greedy tokens that are tried with the model's own head before the second probe is read.</summary>
    public int PilotTokens { get; init; } = 3;

    /// <summary>τ.</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>How the two probabilities are put together.</summary>
    public SafeSwitchRule Rule { get; init; } = SafeSwitchRule.And;

    /// <exception cref="GuardException">Names the option, what was found and what was expected.</exception>
    internal void Validate()
    {
        if (PilotTokens is < 1 or > 1024)
            throw new GuardException($"SafeSwitch, {nameof(PilotTokens)}: found {PilotTokens}; expected 1 to 1024.");
        if (!(Threshold is >= 0 and <= 1))
            throw new GuardException($"SafeSwitch, {nameof(Threshold)}: found {Threshold}; expected 0 to 1.");
    }
}
