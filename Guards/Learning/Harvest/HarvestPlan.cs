using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Managed.Guards.Learning.Harvest;

/// <summary>What a harvest is of. Every process of it has the same plan, whose fingerprint each part carries.</summary>
/// <param name="Model">The model's family and sizes.</param>
/// <param name="Weights">Fingerprint of the checkpoint's tensors: names, types, shapes, and a sample of each one's bytes.</param>
/// <param name="Hooks">Full names of the hook points.</param>
/// <param name="Positions">Which tokens are kept.</param>
/// <param name="Prompts">Number of prompts.</param>
/// <param name="PromptsOfPart">Prompts of one part; the last may have fewer.</param>
/// <param name="Ids">Fingerprint of all prompts' token ids.</param>
internal sealed record HarvestPlan(string Model, string Weights, IReadOnlyList<string> Hooks, string Positions, int Prompts, int PromptsOfPart, string Ids)
{
    public const string FileName = "harvest.json";

    [JsonIgnore]
    public int Parts => (Prompts + PromptsOfPart - 1) / PromptsOfPart;

    /// <summary>What must be equal for two processes to work on one harvest.</summary>
    [JsonIgnore]
    public string Fingerprint => Hash(JsonSerializer.SerializeToUtf8Bytes(this));

    public static HarvestPlan Of(LanguageModel model, IReadOnlyList<int[]> prompts, IReadOnlyList<string> hooks, StatePositions positions, int promptsOfPart)
    {
        using var ids = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (int[] prompt in prompts)
        {
            ids.AppendData(BitConverter.GetBytes(prompt.Length));
            ids.AppendData(MemoryMarshal.AsBytes(prompt.AsSpan()));
        }
        return new HarvestPlan($"{model.Family}, {model.LayerCount} layers, width {model.Width}, vocabulary {model.VocabularySize}", WeightsOf(model),
            [.. ActivationCollector.Resolve(model, hooks).Select(address => address.ToString())], positions.ToString(), prompts.Count, promptsOfPart, Convert.ToHexString(ids.GetHashAndReset()));
    }

    public (int First, int End) PromptsOf(int part) => (part * PromptsOfPart, Math.Min(Prompts, (part + 1) * PromptsOfPart));

    public static string PartName(int part) => $"part-{part:00000}.safetensors";

    public static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    // A whole checkpoint may be too large to read for this; a sample tells two fine-tunes of one base apart.
    private static unsafe string WeightsOf(LanguageModel model)
    {
        const int Sample = 4096;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Loader.StoredTensor tensor in model.Checkpoint.Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(new { tensor.Name, Type = tensor.Type.ToString(), tensor.Shape }));
            int count = (int)Math.Min(Sample, tensor.ByteCount);
            hash.AppendData(new ReadOnlySpan<byte>(tensor.Data, count));
            hash.AppendData(new ReadOnlySpan<byte>(tensor.Data + (tensor.ByteCount - count), count));
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
