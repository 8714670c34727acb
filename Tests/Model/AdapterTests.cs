namespace Managed.Tests.Models;

public class AdapterTests
{
    private static readonly int[] Ids = [1, 3, 77, 410, 33, 900, 5, 12, 640];

    private static string Folder(string name) => Path.Combine(SharedFolder.Repository, "models", name);

    private static float[] Logits(LanguageModel model, Adapter? adapter) => model.Run(Ids, new RunOptions { Adapter = adapter }).Output.Values.ToArray();

    [Test]
    public void A_merged_adapter_gives_what_it_gives_at_run_time()
    {
        using LanguageModel model = TestModels.Load(TestModels.HearthPath);
        using Adapter dark = model.LoadAdapter(Folder("hearth-dark"));
        float[] plain = Logits(model, null), adapted = Logits(model, dark);
        model.Merge(dark);
        float[] merged = Logits(model, null);
        Assert.That(adapted, Is.Not.EqualTo(plain).Within(0.1f));
        for (int i = 0; i < merged.Length; i++)
            Assert.That(merged[i], Is.EqualTo(adapted[i]).Within(2e-4f));
    }

    [Test]
    public void Rows_of_one_batch_use_different_adapters_and_none_without_touching_each_other()
    {
        using LanguageModel model = TestModels.Load(TestModels.HearthPath);
        using Adapter dark = model.LoadAdapter(Folder("hearth-dark")), shield = model.LoadAdapter(Folder("hearth-shield"));
        Adapter?[] adapters = [dark, null, shield];
        var sequences = adapters.Select(adapter => { var sequence = model.Transformer.Cache.Create(); sequence.Adapter = adapter; return sequence; }).ToArray();
        StepInput[] inputs = [.. sequences.Select(sequence => new StepInput(sequence, Ids))];
        float[] batch = model.Transformer.View(model.Transformer.Forward(inputs, LogitsWanted.All)).ToArray();
        for (int i = 0; i < adapters.Length; i++)
        {
            float[] alone = Logits(model, adapters[i]);
            Assert.That(batch[(i * alone.Length)..((i + 1) * alone.Length)], Is.EqualTo(alone), $"row {i}");
            sequences[i].Dispose();
        }
    }
}
