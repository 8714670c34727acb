using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Managed.Loader;

namespace Managed.Guards.Learning.Harvest;

/// <summary>
/// One part of a harvest: a tensor [rows, width] for each hook point, named as it; `prompts` and `tokens` [rows]: each row's prompt, and
/// its token where a row is one token (else −1). The metadata has the plan's fingerprint and the hash of all tensors' bytes.
/// </summary>
internal static class HarvestPart
{
    public const string ContentKey = "sha256", Tokens = "tokens", Prompts = "prompts";

    private const string PlanKey = "plan", PartKey = "part";

    public static void Write(string path, HarvestPlan plan, int part, HarvestRows rows, IReadOnlyList<int[]> prompts)
    {
        int first = plan.PromptsOf(part).First;
        var owners = new List<int>();
        var tokens = new List<int>();
        for (int i = 0; i < rows.Counts.Length; i++)
            for (int row = 0; row < rows.Counts[i]; row++)
            {
                owners.Add(first + i);
                tokens.Add(plan.Positions switch
                {
                    nameof(StatePositions.Last) => prompts[first + i][^1],
                    nameof(StatePositions.All) => prompts[first + i][row],
                    _ => -1,
                });
            }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tensors = new List<TensorToWrite>();
        for (int point = 0; point < plan.Hooks.Count; point++)
        {
            List<float[]> states = rows.States[point];
            foreach (float[] state in states)
                hash.AppendData(MemoryMarshal.AsBytes(state.AsSpan()));
            tensors.Add(new TensorToWrite(plan.Hooks[point], TensorType.F32, [states.Count, states[0].Length], stream =>
            {
                foreach (float[] state in states)
                    stream.Write(MemoryMarshal.AsBytes(state.AsSpan()));
            }));
        }
        foreach ((string name, List<int> values) in new[] { (Prompts, owners), (Tokens, tokens) })
        {
            hash.AppendData(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(values)));
            tensors.Add(TensorToWrite.From(name, [values.Count], values.ToArray()));
        }
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>
        {
            ["format"] = "managed.harvest",
            [PlanKey] = plan.Fingerprint,
            [PartKey] = part.ToString(CultureInfo.InvariantCulture),
            [ContentKey] = Convert.ToHexString(hash.GetHashAndReset()),
        });
    }

    /// <summary>Null where the file is the part, whole; else what is wrong with it.</summary>
    public static unsafe string? Check(string path, HarvestPlan plan, int part)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            if (file.Metadata.GetValueOrDefault(PlanKey) != plan.Fingerprint || file.Metadata.GetValueOrDefault(PartKey) != part.ToString(CultureInfo.InvariantCulture))
                return "it belongs to another harvest or is another part";
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (string name in plan.Hooks.Concat([Prompts, Tokens]))
            {
                if (!file.Tensors.TryGetValue(name, out StoredTensor? tensor))
                    return $"it has no tensor {name}";
                for (long at = 0; at < tensor.ByteCount; at += 1 << 20)
                    hash.AppendData(new ReadOnlySpan<byte>(tensor.Data + at, (int)Math.Min(1 << 20, tensor.ByteCount - at)));
            }
            return Convert.ToHexString(hash.GetHashAndReset()) == file.Metadata.GetValueOrDefault(ContentKey) ? null : "its content is not what its hash says";
        }
        catch (CheckpointException failure)
        {
            return $"it is damaged ({failure.Message})";
        }
    }
}
