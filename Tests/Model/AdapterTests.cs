using Managed.Hooks;
using Managed.Loader;
using ScratchFolder = Managed.Tests.Loader.Scratch;

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

    [Test]
    public void A_row_has_the_bits_of_its_text_alone_whoever_stands_beside_it_in_prompts_of_any_pieces_and_token_by_token()
    {
        using LanguageModel model = TestModels.Load(TestModels.HearthPath);
        using Adapter dark = model.LoadAdapter(Folder("hearth-dark")), shield = model.LoadAdapter(Folder("hearth-shield")), both = Adapter.Together(dark, shield);
        foreach (Adapter?[] adapters in new Adapter?[][] { [dark], [dark, dark, dark], [dark, dark, null, shield, dark], [both, both], [null, both, dark] })
        {
            Cache.Sequence[] sequences = [.. adapters.Select(adapter => { Cache.Sequence sequence = model.Transformer.Cache.Create(); sequence.Adapter = adapter; return sequence; })];
            float[] last = [];
            int done = 0;
            foreach (int count in new[] { 4, 3, 1, 1 })
            {
                StepInput[] inputs = [.. sequences.Select(sequence => new StepInput(sequence, Ids.AsMemory(done, count)))];
                last = model.Transformer.View(model.Transformer.Forward(inputs, LogitsWanted.Last)).ToArray();
                done += count;
            }
            for (int i = 0; i < adapters.Length; i++)
            {
                Assert.That(last[(i * model.VocabularySize)..((i + 1) * model.VocabularySize)], Is.EqualTo(Logits(model, adapters[i])[^model.VocabularySize..]), $"row {i} of {adapters.Length}");
                sequences[i].Dispose();
            }
        }
    }

    [Test]
    public void Hooks_that_look_change_no_bit_and_adapters_together_are_one_after_the_other()
    {
        using LanguageModel model = TestModels.Load(TestModels.HearthPath);
        using Adapter dark = model.LoadAdapter(Folder("hearth-dark")), shield = model.LoadAdapter(Folder("hearth-shield")), both = Adapter.Together(dark, shield);
        var hooks = new HookTable(model.LayerCount);
        foreach (HookAddress address in model.HookNames.All())
            hooks.Add(address with { Expert = -1 }, (_, _) => { });
        float[] Seen(Adapter adapter)
        {
            using Cache.Sequence sequence = model.Transformer.Cache.Create();
            sequence.Adapter = adapter;
            return model.Transformer.View(model.Transformer.Forward([new StepInput(sequence, Ids)], LogitsWanted.All, hooks)).ToArray();
        }
        Assert.That(Seen(dark), Is.EqualTo(Logits(model, dark)));
        Assert.That(Seen(both), Is.EqualTo(Logits(model, both)));
        Assert.That((both.LayerCount, dark.LayerCount), Is.EqualTo((42, 42)));
        float[] together = Logits(model, both);
        model.Merge(dark);
        float[] merged = Logits(model, shield);
        for (int i = 0; i < merged.Length; i++)
            Assert.That(together[i], Is.EqualTo(merged[i]).Within(5e-4f));
    }

    private static float[] LastLogits(LanguageModel model, int[] ids, Adapter adapter)
    {
        using Cache.Sequence sequence = model.Transformer.Cache.Create();
        sequence.Adapter = adapter;
        return model.Transformer.View(model.Transformer.Forward([new StepInput(sequence, ids)], LogitsWanted.Last)).ToArray();
    }

    [TestCase("llama-llama3", "model.layers.1.self_attn.v_proj", false)]
    [TestCase("llama-llama3", "model.layers.0.mlp.down_proj", false)]
    [TestCase("llama-llama3", "model.layers.0.self_attn.q_proj", false)]
    [TestCase("llama-llama3", "model.layers.0.self_attn.k_proj", false)]
    [TestCase("llama-llama3", "model.layers.1.mlp.up_proj", false)]
    [TestCase("deepseek_v3", "lm_head", false)]
    [TestCase("gpt2", "transformer.h.1.mlp.c_fc", true)]
    [TestCase("gpt2", "transformer.h.0.attn.c_attn", true)]
    public void An_adapter_is_the_weight_plus_scale_times_B_A(string fixture, string module, bool fanInFanOut)
    {
        const int Rank = 3;
        const double Alpha = 7;
        string folder = FamilyMappers.FixtureSets.Folder(fixture);
        long[] shape;
        float[] weight;
        using (Checkpoint checkpoint = Checkpoint.Open(folder))
        {
            StoredTensor stored = checkpoint.Tensor(module + ".weight");
            shape = stored.Shape;
            weight = new float[stored.ElementCount];
            PlainTypes.ToSingle(stored, weight);
        }

        // GPT-2 keeps its matrices as [inputs, outputs]; an adapter's factors lie the same way for all.
        (int outputs, int inputs) = fanInFanOut ? ((int)shape[1], (int)shape[0]) : ((int)shape[0], (int)shape[1]);
        var random = new Random(11);
        float[] a = [.. Enumerable.Range(0, Rank * inputs).Select(_ => random.NextSingle() - 0.5f)], b = [.. Enumerable.Range(0, outputs * Rank).Select(_ => random.NextSingle() - 0.5f)];
        for (int row = 0; row < outputs; row++)
            for (int column = 0; column < inputs; column++)
                weight[fanInFanOut ? (column * outputs) + row : (row * inputs) + column] +=
                    (float)(Alpha / Math.Sqrt(Rank) * Enumerable.Range(0, Rank).Sum(i => (double)b[(row * Rank) + i] * a[(i * inputs) + column]));
        using var edited = new FamilyMappers.EditedCheckpoint(fixture, rename: name => name == module + ".weight" ? null : name, more: TensorToWrite.From(module + ".weight", shape, weight));
        using var adapter = new ScratchFolder();
        adapter.Write("adapter_config.json",
            $$"""{"peft_type":"LORA","r":{{Rank}},"lora_alpha":{{Alpha}},"use_rslora":true,"fan_in_fan_out":{{(fanInFanOut ? "true" : "false")}},"target_modules":["{{module.Split('.')[^1]}}"]}""");
        SafetensorsWriter.Write(adapter.File("adapter_model.safetensors"),
            [TensorToWrite.From($"base_model.model.{module}.lora_A.weight", [Rank, inputs], a), TensorToWrite.From($"base_model.model.{module}.lora_B.weight", [outputs, Rank], b)]);

        int[] ids = [.. Ids.Select(id => id % 128)];
        using LanguageModel model = LanguageModel.Load(folder), expected = LanguageModel.Load(edited.Folder);
        using Adapter bound = model.LoadAdapter(adapter.Folder);
        float[] wanted = expected.Run(ids).Output.Values.ToArray();
        Assert.That(model.Run(ids, new RunOptions { Adapter = bound }).Output.Values.ToArray(), Is.EqualTo(wanted).Within(1e-4f), "at run time");
        Assert.That(LastLogits(model, ids, bound), Is.EqualTo(wanted[^model.VocabularySize..]).Within(1e-4f), "where the last token's logits alone are wanted");
        Assert.That(model.Run(ids).Output.Values.ToArray(), Is.Not.EqualTo(wanted).Within(1e-2f), "the adapter must matter");
        model.Merge(bound);
        Assert.That(model.Run(ids).Output.Values.ToArray(), Is.EqualTo(wanted).Within(1e-4f), "merged");
    }
}
