using Managed.Tests.FamilyMappers;

namespace Managed.Tests.Models;

/// <summary>Reading some positions gives what reading all of them gives there, at every kind of hook point.</summary>
public sealed class PositionsReadTests
{
    private static readonly int[] s_ids = [5, 9, 2, 77, 30, 41, 8, 3, 66];
    private static readonly int[] s_chosen = [0, 2, 3, 8];

    [TestCase("gpt2")]
    [TestCase("gemma2")]
    [TestCase("qwen2_moe")]
    public void Chosen_positions_hold_what_the_whole_run_holds_there(string name)
    {
        using LanguageModel model = TestModels.Load(FixtureSets.Folder(name));
        ActivationCache all = model.RunWithCache(s_ids, "*").Cache;
        ActivationCache some = model.Run(s_ids, new RunOptions { Names = ["*"], Positions = PositionFilter.Parse("0,2:4,-1") }).Cache;
        foreach (Activation whole in all.All)
        {
            if (whole.Name.Contains(".experts.", StringComparison.Ordinal))
                continue; // the next test
            Activation part = some[whole.Name];
            bool byHead = whole.Name.EndsWith("hook_attn_scores", StringComparison.Ordinal) || whole.Name.EndsWith("hook_pattern", StringComparison.Ordinal);
            int outer = byHead ? whole.Shape[0] : 1, width = whole.Values.Length / (outer * s_ids.Length);
            float[] expected = [.. Enumerable.Range(0, outer).SelectMany(o => s_chosen.SelectMany(t => whole.Values.Slice(((o * s_ids.Length) + t) * width, width).ToArray()))];
            Assert.That(part.Values.ToArray(), Is.EqualTo(expected), whole.Name);
            Assert.That(part.Shape[byHead ? 1 : 0], Is.EqualTo(s_chosen.Length), whole.Name);
            Assert.That(part.Shape.Rank, Is.EqualTo(whole.Shape.Rank), whole.Name);
        }
    }

    [Test]
    public void Of_an_expert_s_rows_those_of_chosen_tokens_are_read()
    {
        using LanguageModel model = TestModels.Load(FixtureSets.Folder("qwen2_moe"));
        ActivationCache all = model.RunWithCache(s_ids, "*").Cache;
        ActivationCache some = model.Run(s_ids, new RunOptions { Names = ["*"], Positions = PositionFilter.Parse("0,2:4,-1") }).Cache;
        int read = 0;
        for (int layer = 0; layer < model.LayerCount; layer++)
        {
            if (!all.Names.Contains($"blocks.{layer}.mlp.hook_expert_indices"))
                continue; // a dense layer
            Activation indices = all["expert_indices", layer];
            foreach (Activation whole in all.All.Where(activation => activation.Name.StartsWith($"blocks.{layer}.mlp.experts.", StringComparison.Ordinal)))
            {
                int expert = int.Parse(whole.Name.Split('.')[4]), width = whole.Shape[1];
                int[] routed = [.. Enumerable.Range(0, s_ids.Length).Where(token => indices[token].Contains(expert))];
                Assert.That(whole.Shape[0], Is.EqualTo(routed.Length), whole.Name);
                int[] rows = [.. Enumerable.Range(0, routed.Length).Where(row => s_chosen.Contains(routed[row]))];
                Assert.That(some.TryGet(whole.Name, out Activation? part), Is.EqualTo(rows.Length > 0), whole.Name);
                if (part is null)
                    continue;
                Assert.That(part.Values.ToArray(), Is.EqualTo(rows.SelectMany(row => whole[row].ToArray())), whole.Name);
                Assert.That(part.Shape[1], Is.EqualTo(width));
                read++;
            }
        }
        Assert.That(read, Is.GreaterThan(10));
    }
}
