using Managed.Cache;
using Managed.Guards;
using Managed.Guards.Published;

namespace Managed.Tests.Models;

/// <summary>Rows of one step with heads of their own: the model's, other matrices, low-rank changes, in any order.</summary>
public class OutputHeadTests
{
    private static readonly LanguageModel Model = TestModels.Hearth;
    private static readonly int[] Ids = [1, 3, 77, 410, 33, 900, 5, 12, 640];

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    private static CompiledGuard Whole(int seed) => Guard.Define(g => g.Head(Numbers(Model.VocabularySize * Model.Width, seed), Model.VocabularySize)).Compile(Model);

    private static CompiledGuard LowRank(int seed)
    {
        RefusalHead head = RefusalHead.LowRank(Numbers(2 * Model.Width, seed), Numbers(2 * Model.VocabularySize, seed + 1), 2);
        return new GuardProgram { Name = "low", Head = head.Names, Tensors = head.Tensors }.Compile(Model);
    }

    private static float[] Logits(LogitsWanted wanted, params (int Length, HeadSwap? Head, Adapter? Adapter)[] rows)
    {
        Sequence[] sequences = [.. rows.Select(_ => Model.Transformer.Cache.Create())];
        for (int i = 0; i < rows.Length; i++)
            (sequences[i].Head, sequences[i].Adapter) = (rows[i].Head, rows[i].Adapter);
        try
        {
            return Model.Transformer.View(Model.Transformer.Forward([.. rows.Select((row, i) => new StepInput(sequences[i], Ids.AsMemory(0, row.Length)))], wanted)).ToArray();
        }
        finally
        {
            Array.ForEach(sequences, sequence => sequence.Dispose());
        }
    }

    [Test]
    public void A_row_has_the_logits_of_its_own_head_whatever_stands_beside_it([Values] bool everywhere, [Values] bool grouped)
    {
        using CompiledGuard a = Whole(3), b = Whole(4), low = LowRank(5), other = LowRank(7);
        using Adapter dark = Model.LoadAdapter(Path.Combine(SharedFolder.Repository, "models", "hearth-dark"));
        (int, HeadSwap?, Adapter?)[] rows = [(4, null, null), (1, a.Head, null), (9, low.Head, dark), (3, null, dark), (2, b.Head, null), (5, other.Head, null), (1, a.Head, dark), (6, null, null), (2, low.Head, null)];
        if (grouped)
            rows = [.. rows.OrderBy(row => row.Item2 == b.Head ? 2 : row.Item2 == a.Head ? 1 : 0)];
        LogitsWanted wanted = everywhere ? LogitsWanted.All : LogitsWanted.Last;
        float[] together = Logits(wanted, rows), alone = [.. rows.SelectMany(row => Logits(wanted, row))];
        Assert.That(together, Is.EqualTo(alone));
        Assert.That(Logits(wanted, (4, a.Head, null)), Is.Not.EqualTo(Logits(wanted, (4, null, null))), "a head matters");
        Assert.That(Logits(wanted, (4, low.Head, null)), Is.Not.EqualTo(Logits(wanted, (4, null, null))), "a low-rank change matters");
    }
}
