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

    /// <summary>What guards did; null: there were none.</summary>
    public object? Receipt { get; set; }
}

/// <summary>Reports of short runs: written by generated code, since looking at a type with reflection takes as long as a prompt.</summary>
[JsonSerializable(typeof(RunReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
