using System.Text.Json.Serialization;

namespace Managed.Cli.Verbs;

/// <summary>What `managed run --json` prints.</summary>
internal sealed class RunReport
{
    public string Text { get; set; } = "";

    /// <summary>The new tokens.</summary>
    public int[] Ids { get; set; } = [];

    public int PromptTokens { get; set; }

    /// <summary>Of the tokens after the first.</summary>
    public double TokensPerSecond { get; set; }

    public double PrefillSeconds { get; set; }

    public double DecodeSeconds { get; set; }

    public string Reason { get; set; } = "";

    public string Precision { get; set; } = "";

    /// <summary>Start of the random numbers; null where nothing was drawn.</summary>
    public long? Seed { get; set; }

    /// <summary>ln p of each new token in the model's own distribution; null where not asked for.</summary>
    public double[]? LogProbabilities { get; set; }

    /// <summary>The most likely tokens of each place, best first; null where not asked for.</summary>
    public BestToken[][]? BestTokens { get; set; }

    /// <summary>Whether the text is what was demanded; null: nothing was.</summary>
    public ConstraintReport? Constraint { get; set; }

    /// <summary>What beam search found, best first; null: there was none.</summary>
    public BeamText[]? Beams { get; set; }

    /// <summary>What the draft model foresaw; null: there was none.</summary>
    public DraftReport? Draft { get; set; }

    /// <summary>What guards did; null: there were none.</summary>
    public GuardReceipt? Receipt { get; set; }
}

/// <summary>One of the most likely tokens of a place.</summary>
internal sealed record BestToken(int Id, string? Token, double LogProbability);

/// <summary>What was demanded of the text, and whether it is whole by it.</summary>
internal sealed record ConstraintReport(string Kind, bool Satisfied);

/// <summary>Reports of short runs: written by generated code, since looking at a type with reflection takes as long as a prompt.</summary>
[JsonSerializable(typeof(RunReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
