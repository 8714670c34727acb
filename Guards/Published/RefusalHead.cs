using Managed.Guards.Learning;

namespace Managed.Guards.Published;

/// <summary>SafeSwitch's refusal head: the model's output matrix after training on refusals, or a low-rank change of it.</summary>
public sealed class RefusalHead
{
    private RefusalHead(GuardHead names, Dictionary<string, GuardTensor> tensors) => (Names, Tensors) = (names, tensors);

    internal GuardHead Names { get; }

    internal IReadOnlyDictionary<string, GuardTensor> Tensors { get; }

    /// <summary>A whole matrix.</summary>
    /// <param name="weight">[vocabulary, width], row by row.</param>
    /// <param name="vocabulary">Its rows.</param>
    /// <exception cref="GuardException">The numbers do not make such a matrix.</exception>
    public static RefusalHead Whole(float[] weight, int vocabulary)
    {
        Check(weight.Length, vocabulary, "weight", "rows");
        return Whole(GuardTensor.Of(weight, vocabulary));
    }

    /// <summary>The model's own head with up·down added.</summary>
    /// <param name="down">[rank, width], row by row.</param>
    /// <param name="up">[vocabulary, rank], row by row.</param>
    /// <param name="rank">The rank.</param>
    /// <exception cref="GuardException">The numbers do not make such matrices.</exception>
    public static RefusalHead LowRank(float[] down, float[] up, int rank)
    {
        Check(down.Length, rank, "down", "rows");
        Check(up.Length, rank, "up", "columns");
        return LowRank(GuardTensor.Of(down, rank), GuardTensor.Of(up, up.Length / rank));
    }

    /// <summary>A head that was trained here.</summary>
    public static RefusalHead Of(OutputHead head) => head.Rank == 0
        ? Whole(head.Weight.ToArray(), head.Vocabulary)
        : LowRank(head.Down.ToArray(), head.Up.ToArray(), head.Rank);

    /// <summary>Reads one from a safetensors file: "lm_head.weight", "refusal_head", "weight" or "head", whole; "down" and "up", or "refusal_head.down" and "refusal_head.up", of low rank.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Name of a whole matrix; null: one of those above.</param>
    /// <exception cref="GuardException">The file is damaged, or holds none.</exception>
    public static RefusalHead Load(string path, string? name = null)
    {
        using var file = new LearnedTensors(path);
        if ((name ?? file.First("lm_head.weight", "refusal_head", "weight", "head")) is { } whole)
            return Whole(file.Read(whole, 2));
        string downName = file.First("refusal_head.down", "down") ?? throw file.Bad("tensors", "no refusal head", "lm_head.weight, refusal_head, weight or head, or down and up");
        GuardTensor down = file.Read(downName, 2), up = file.Read(downName[..^"down".Length] + "up", 2);
        return down.Shape[0] == up.Shape[1] ? LowRank(down, up)
            : throw file.Bad("down and up", $"shapes [{string.Join(", ", down.Shape)}] and [{string.Join(", ", up.Shape)}]", "[rank, width] and [vocabulary, rank]");
    }

    private static RefusalHead Whole(GuardTensor weight) => new(new GuardHead("refusal_head", null, null), new() { ["refusal_head"] = weight });

    private static RefusalHead LowRank(GuardTensor down, GuardTensor up) =>
        new(new GuardHead(null, "refusal_head.down", "refusal_head.up"), new() { ["refusal_head.down"] = down, ["refusal_head.up"] = up });

    private static void Check(int elements, int size, string role, string axis)
    {
        if (size < 1 || elements == 0 || elements % size != 0)
            throw new GuardException($"refusal head, {role}: found {elements} numbers for {size} {axis}; expected a whole matrix.");
    }
}
