namespace Managed.Cli.Bench;

/// <summary>What `managed bench` measured; the fields of its `--json`, in snake_case.</summary>
internal sealed record BenchReport
{
    public required string Model { get; init; }

    public required string Family { get; init; }

    public required long Parameters { get; init; }

    /// <summary>The device in words.</summary>
    public required string Device { get; init; }

    public required string Precision { get; init; }

    public required int PromptTokens { get; init; }

    /// <summary>Tokens generated after the prompt, in each run.</summary>
    public required int Tokens { get; init; }

    /// <summary>From the path to a model that can run.</summary>
    public required double LoadSeconds { get; init; }

    /// <summary>Prompt to first token, the first time in this process: pages of the file come in, code is compiled.</summary>
    public required double FirstTokenColdSeconds { get; init; }

    /// <summary>Prompt to first token, afterwards.</summary>
    public required Spread FirstTokenSeconds { get; init; }

    /// <summary>Prompt tokens per second.</summary>
    public required Spread PrefillTokensPerSecond { get; init; }

    /// <summary>New tokens per second after the first.</summary>
    public required Spread DecodeTokensPerSecond { get; init; }

    /// <summary>Time between two new tokens, over all runs.</summary>
    public required Spread TokenSeconds { get; init; }

    /// <summary>Bytes of weights that one new token reads.</summary>
    public required long WeightBytesPerToken { get; init; }

    /// <summary>Bytes of keys and values that one new token reads, in the middle of what was generated.</summary>
    public required long CacheBytesPerToken { get; init; }

    /// <summary>What decoding reads in a second: bytes per token times median rate.</summary>
    public required double DecodeBytesPerSecond { get; init; }

    /// <summary>What this machine's memory gives, measured in the same run with as many threads.</summary>
    public required double ReadBandwidthBytesPerSecond { get; init; }

    /// <summary>Decoding's share of it. Weights that fit in the processor's caches can exceed 1.</summary>
    public required double BandwidthShare { get; init; }

    /// <summary>Multiply-adds of a prefill per second: linear layers and attention.</summary>
    public required double PrefillMultiplyAddsPerSecond { get; init; }

    /// <summary>Float32 multiply-adds that this machine makes in a second, measured in the same run with as many threads.</summary>
    public required double MultiplyAddsPerSecond { get; init; }

    /// <summary>Prefill's share of it. Integer kernels of fast precision can exceed 1.</summary>
    public required double MultiplyAddShare { get; init; }

    /// <summary>Managed memory that one new token allocates, over the second half of each run; the median of the runs.</summary>
    public required double AllocatedBytesPerToken { get; init; }

    public required long ResidentBytes { get; init; }

    public required long PeakResidentBytes { get; init; }

    /// <summary>Of the resident bytes, pages of mapped files; null where the system does not tell.</summary>
    public long? ResidentFileBytes { get; init; }

    /// <summary>The guard that was measured too; null: none.</summary>
    public string? Guard { get; init; }

    /// <summary>New tokens per second with the guard, in turn with those without; null: no guard.</summary>
    public Spread? GuardedTokensPerSecond { get; init; }

    /// <summary>Median time of a token with the guard over that without; null: no guard.</summary>
    public double? GuardCost { get; init; }
}
