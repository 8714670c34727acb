using System.Numerics.Tensors;
using System.Text.Json;
using Managed.Cache;
using Managed.Loader.Templates;
using Managed.Tests.Models;

namespace Managed.Tests.RealModels;

/// <summary>
/// hearth and its adapters answer every prompt of Thornvale token for token as PyTorch did: greedy, float32 from the bfloat16
/// weights, at most 64 new tokens.
/// </summary>
public sealed class HearthTests
{
    private const int MaxTokens = 64;

    // Names of the goldens' runs without any guard.
    private static readonly string[] s_runs = ["none", "adapter_dark", "adapter_shield"];

    private static readonly Lazy<IReadOnlyList<(string Id, int[] Prompt)>> s_prompts = new(() =>
        [.. File.ReadLines(SharedFolder.Require("thornvale/prompts.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Select(prompt => (prompt.GetProperty("id").GetString()!, TestModels.Hearth.EncodeChat([new ChatMessage("user", prompt.GetProperty("prompt").GetString()!)])))]);

    private static readonly Lazy<Dictionary<string, JsonElement>> s_runsOfGoldens = new(() =>
        JsonDocument.Parse(File.ReadAllText(SharedFolder.Require("thornvale/references/references.json"))).RootElement.GetProperty("guards")
            .EnumerateArray().ToDictionary(guard => guard.GetProperty("guard").GetString()!, guard => guard.GetProperty("answers")));

    private static (int[] Ids, string Text) Golden(string run, string prompt)
    {
        JsonElement answer = s_runsOfGoldens.Value[run].GetProperty(prompt);
        return ([.. answer.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())], answer.GetProperty("text").GetString()!);
    }

    private static Adapter? Load(LanguageModel model, string run) => run == "none" ? null
        : model.LoadAdapter(Path.Combine(SharedFolder.Repository, "models", "hearth-" + run["adapter_".Length..]));

    private static void CheckAnswers(string run, LanguageModel model, Adapter? adapter)
    {
        Assert.That(s_prompts.Value, Has.Count.EqualTo(360));
        foreach ((string id, int[] prompt) in s_prompts.Value)
        {
            GenerationResult result = model.Generate(prompt, new GenerationOptions { MaxTokens = MaxTokens, Adapter = adapter });
            (int[] ids, string text) = Golden(run, id);
            Assert.That(result.Ids, Is.EqualTo(ids), id);
            Assert.That(result.Text, Is.EqualTo(text), id);
        }
    }

    [TestCaseSource(nameof(s_runs))]
    public void Answers_are_PyTorch_s(string run)
    {
        using Adapter? adapter = Load(TestModels.Hearth, run);
        CheckAnswers(run, TestModels.Hearth, adapter);
    }

    [TestCase("adapter_dark")]
    [TestCase("adapter_shield")]
    public void Answers_with_a_merged_adapter_are_PyTorch_s(string run)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath);
        using (Adapter adapter = Load(model, run)!)
            model.Merge(adapter);
        CheckAnswers(run, model, null);
    }

    [Test]
    public void Rows_of_one_batch_with_different_adapters_answer_as_PyTorch_did_alone()
    {
        LanguageModel model = TestModels.Hearth;
        Adapter?[] adapters = [.. s_runs.Select(run => Load(model, run))];
        foreach ((string id, int[] prompt) in s_prompts.Value.Where((_, i) => i % 3 == 0))
        {
            int[][] answers = Together(model, prompt, adapters);
            for (int row = 0; row < answers.Length; row++)
                Assert.That(answers[row], Is.EqualTo(Golden(s_runs[row], id).Ids), $"{id}, {s_runs[row]}");
        }
        foreach (Adapter? adapter in adapters)
            adapter?.Dispose();
    }

    // One prompt in as many rows as there are adapters; rows that have ended leave the batch.
    private static int[][] Together(LanguageModel model, int[] prompt, Adapter?[] adapters)
    {
        Sequence[] sequences = [.. adapters.Select(_ => model.Transformer.Cache.Create())];
        for (int row = 0; row < adapters.Length; row++)
            sequences[row].Adapter = adapters[row];
        List<int>[] answers = [.. adapters.Select(_ => new List<int>())];
        List<int> open = [.. Enumerable.Range(0, adapters.Length)];
        while (open.Count > 0)
        {
            StepInput[] inputs = [.. open.Select(row => new StepInput(sequences[row], answers[row].Count == 0 ? prompt : new[] { answers[row][^1] }))];
            Span2D logits = model.Transformer.View(model.Transformer.Forward(inputs, LogitsWanted.Last));
            for (int i = 0; i < open.Count; i++)
                answers[open[i]].Add(TensorPrimitives.IndexOfMax<float>(logits.Row(i)));
            open.RemoveAll(row => answers[row].Count == MaxTokens || model.EndTokens.Contains(answers[row][^1]));
        }
        foreach (Sequence sequence in sequences)
            sequence.Dispose();
        return [.. answers.Select(answer => answer.ToArray())];
    }
}
