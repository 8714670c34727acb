using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Managed.Guards.Evaluation;

/// <summary>What answers depend on. A run goes on only where all of it is as before; guards and sets may come in and stay away.</summary>
public sealed record EvaluationSettings
{
    /// <summary>The model's path.</summary>
    public required string Model { get; init; }

    /// <summary>SHA-256 over the model's files.</summary>
    public required string ModelHash { get; init; }

    /// <summary>New tokens of each answer at most.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>For each set of prompts its file's SHA-256.</summary>
    public required SortedDictionary<string, string> Sets { get; init; }

    /// <summary>For each guard its description.</summary>
    public required SortedDictionary<string, string> Guards { get; init; }

    /// <summary>How files of evaluations are written: one line a record, names in snake_case.</summary>
    internal static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>What differs from other settings, in words; null: nothing. A guard or set that only one of them has is no difference.</summary>
    public string? DifferenceFrom(EvaluationSettings before)
    {
        // where the same files lie does not matter
        (string What, string Before, string Now)[] plain =
        [
            ("the model's files", before.ModelHash, ModelHash),
            ("max tokens", $"{before.MaxTokens}", $"{MaxTokens}"),
        ];
        foreach (var (what, was, now) in plain)
            if (was != now)
                return $"{what}: found {was} there; expected {now}";
        return Difference("set", before.Sets, Sets) ?? Difference("guard", before.Guards, Guards);
    }

    /// <summary>Whether it names every guard and set that other settings name.</summary>
    internal bool Covers(EvaluationSettings other) => other.Guards.Keys.All(Guards.ContainsKey) && other.Sets.Keys.All(Sets.ContainsKey);

    /// <summary>SHA-256 over a checkpoint's names and contents.</summary>
    internal static string HashOf(string checkpoint)
    {
        string[] files = File.Exists(checkpoint) ? [checkpoint] : [.. Directory.GetFiles(checkpoint).Order(StringComparer.Ordinal)];
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in files)
        {
            using FileStream bytes = File.OpenRead(file);
            all.AppendData(Encoding.UTF8.GetBytes(Path.GetFileName(file)));
            all.AppendData(SHA256.HashData(bytes));
        }
        return Convert.ToHexStringLower(all.GetHashAndReset());
    }

    private static string? Difference(string what, SortedDictionary<string, string> before, SortedDictionary<string, string> now)
    {
        foreach (var (name, was) in before)
            if (now.TryGetValue(name, out string? wanted) && was != wanted)
                return $"{what} {name}: found {was} there; expected {wanted}";
        return null;
    }
}
