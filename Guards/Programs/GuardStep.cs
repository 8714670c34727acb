using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>
/// One step of a guard: at a hook point, on some positions, when a condition holds, read or edit. Which of the members count is
/// said by <see cref="GuardOperations"/>.
/// </summary>
internal sealed record GuardStep
{
    /// <summary>Name of the operation, as files write it: "add", "probe".</summary>
    public required string Do { get; init; }

    /// <summary>Hook point: full name, alias, shorthand, glob; a name without a layer means every layer.</summary>
    public string At { get; init; } = "";

    public GuardPositions On { get; init; } = GuardPositions.All;

    public GuardExpression? When { get; init; }

    /// <summary>Once its condition has held, the step acts whatever its condition says later.</summary>
    public bool Sticky { get; init; }

    /// <summary>Permits that none of its positions ever comes.</summary>
    public bool AllowIdle { get; init; }

    /// <summary>The register that a read writes.</summary>
    public string? Into { get; init; }

    /// <summary>A recorded vector: written by "record", taken by "replace", subtracted by "projection" and "cosine".</summary>
    public string? Buffer { get; init; }

    /// <summary>A read of what was recorded itself, in the stream's stead.</summary>
    public bool OfBuffer { get; init; }

    /// <summary>The mean over the positions is recorded.</summary>
    public bool Mean { get; init; }

    /// <summary>Names of tensors by the role that they have: "vector", "weight", "bias", "down", "up"…</summary>
    public IReadOnlyDictionary<string, string> Tensors { get; init; } = new Dictionary<string, string>();

    public float Strength { get; init; } = 1;

    /// <summary>A register that multiplies the strength.</summary>
    public string? Times { get; init; }

    /// <summary>Of the register that multiplies, only the sign counts.</summary>
    public bool TimesSign { get; init; }

    public float Low { get; init; } = float.NegativeInfinity;

    public float High { get; init; } = float.PositiveInfinity;

    /// <summary>Makes the vector's length 1 first.</summary>
    public bool Unit { get; init; }

    /// <summary>Of a sparse add: so many of the vector's largest elements; 0: those of <see cref="Indices"/>.</summary>
    public int Keep { get; init; }

    public int[] Indices { get; init; } = [];

    /// <summary>The class of a probe whose probability is read.</summary>
    public int Class { get; init; } = 1;

    public string? Link { get; init; }

    /// <summary>A user's code.</summary>
    public CustomEdit? Custom { get; init; }

    /// <summary>In words, without place and condition.</summary>
    public string Describe() => GuardOperations.Of(Do).Describe(this);
}
