using System.Globalization;
using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>One of the things a step can do.</summary>
/// <param name="Name">As files write it.</param>
/// <param name="Kind">What the kernel does.</param>
/// <param name="Tensors">Roles of the tensors it must have.</param>
/// <param name="Optional">Roles of tensors that may be missing.</param>
/// <param name="Members">Further members of a step that mean something for it.</param>
/// <param name="Describe">In words.</param>
internal sealed record GuardOperation(
    string Name, EditKind Kind, string[] Tensors, string[] Optional, string[] Members, Func<GuardStep, string> Describe);

/// <summary>Everything a step can do: what reader, writer, schema, compiler and descriptions go by.</summary>
internal static class GuardOperations
{
    private const string Strength = "strength", Times = "times", Sign = "times_sign", Into = "into", Buffer = "buffer", OfBuffer = "of_buffer", Unit = "unit";

    public static IReadOnlyList<GuardOperation> All { get; } =
    [
        new("probe", EditKind.LinearProbe, ["weight"], ["bias"], [Into, "link"], s => $"read {s.Into} = {(s.Link == "none" ? "" : "sigmoid of ")}the probe {s.Tensors["weight"]}"),
        new("mlp_probe", EditKind.MlpProbe, ["weight1", "bias1", "weight2", "bias2"], [], [Into, "link", "class"],
            s => $"read {s.Into} = {(s.Link == "none" ? "output" : "probability")} {s.Class} of the two-layer probe {s.Tensors["weight1"]}, {s.Tensors["weight2"]}"),
        new("projection", EditKind.Projection, ["vector"], [], [Into, Buffer, OfBuffer, Unit], s => $"read {s.Into} = projection{Of(s)} on {s.Tensors["vector"]}{Less(s)}"),
        new("cosine", EditKind.Cosine, ["vector"], [], [Into, Buffer, OfBuffer, "link"],
            s => $"read {s.Into} = cosine{Of(s)} with {(s.Link == "tanh" ? $"tanh of the projection on {s.Tensors["vector"]}" : s.Tensors["vector"])}{Less(s)}"),
        new("norm", EditKind.Length, [], [], [Into], s => $"read {s.Into} = length of the vector"),
        new("record", EditKind.Record, [], [], [Buffer, "mean"], s => $"record {(s.Mean ? "the mean " : "")}{s.Buffer}"),
        new("add", EditKind.Add, ["vector"], [], [Strength, Times, Sign, Unit], s => $"add {Factor(s)} × {s.Tensors["vector"]}"),
        new("add_sparse", EditKind.AddSparse, ["vector"], [], [Strength, Times, Sign, Unit, "keep", "indices"],
            s => $"add {Factor(s)} × {(s.Keep > 0 ? $"the {s.Keep} largest elements" : $"{s.Indices.Length} elements")} of {s.Tensors["vector"]}"),
        new("project_out", EditKind.ProjectOut, ["vector"], [], [Strength, Times, Sign], s => $"take out {(s.Strength == 1 ? "" : Number(s.Strength) + " of ")}the share of {s.Tensors["vector"]}"),
        new("clamp", EditKind.ClampProjection, ["vector"], [], ["low", "high"], s => $"keep the projection on {s.Tensors["vector"]} within [{Number(s.Low)}, {Number(s.High)}]"),
        new("scale", EditKind.Scale, [], [], [Strength, Times, Sign], s => $"multiply by {Factor(s)}"),
        new("low_rank", EditKind.LowRank, ["down", "up"], ["bias"], [Strength, Times, Sign, "link"],
            s => $"add {Factor(s)} × {s.Tensors["up"]}·{(s.Link == "relu" ? "relu" : "")}({s.Tensors["down"]}·x{(s.Tensors.TryGetValue("bias", out string? bias) ? " + " + bias : "")})"),
        new("replace", EditKind.Replace, [], ["vector"], [Strength, Times, Sign, Buffer], s => $"replace by {s.Tensors.GetValueOrDefault("vector", s.Buffer ?? "")}"),
        new("custom", EditKind.Custom, [], [], [], s => $"run {s.Custom}"),
    ];

    /// <exception cref="GuardException">There is none of that name.</exception>
    public static GuardOperation Of(string name) => All.FirstOrDefault(operation => operation.Name == name)
        ?? throw new GuardException($"found the operation \"{name}\"; expected one of {string.Join(", ", All.Select(operation => operation.Name))}.");

    /// <summary>Whether the step leaves everything as it is.</summary>
    public static bool IsIdentity(GuardStep step) => step.Do switch
    {
        "add" or "add_sparse" or "project_out" or "low_rank" or "replace" => step.Strength == 0,
        "scale" => step.Strength == 1 && step.Times is null,
        _ => false,
    };

    private static string Less(GuardStep step) => step.Buffer is null || step.OfBuffer ? "" : $" less {step.Buffer}";

    private static string Of(GuardStep step) => step.OfBuffer ? $" of {step.Buffer}" : "";

    private static string Factor(GuardStep step) => step.Times is null ? Number(step.Strength)
        : $"{Number(step.Strength)} × {(step.TimesSign ? $"sign of {step.Times}" : step.Times)}";

    private static string Number(float value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
