using System.CommandLine;
using System.Text.Json.Nodes;
using Managed.Kernels;
using Managed.Kernels.Gpu;

namespace Managed.GpuPerf;

/// <summary>`exact`: what a device gives against what the processor gives.</summary>
internal static class ExactVerb
{
    private const string Words =
        "The mill by the river grinds rye and barley. Honey bread is made with warm water, rye flour and a spoon of honey; it rests under a cloth until the evening. ";

    public static Command Create(TextWriter output)
    {
        Option<string> device = Verbs.DeviceOption();
        var models = new Option<string[]>("--model") { Description = "Checkpoint directories or GGUF files.", AllowMultipleArgumentsPerToken = true };
        var shapes = new Option<string>("--shapes") { Description = "Synthetic models as in `bench`, in bfloat16.", DefaultValueFactory = _ => "" };
        var tokens = new Option<int>("--tokens") { Description = "Length of the texts, at most.", DefaultValueFactory = _ => 192 };
        var text = new Option<FileInfo>("--text") { Description = "A text to compare on, for models with a tokenizer: plain, or a JSON file's `text`. Without it a short one is repeated." };
        var command = new Command("exact", "Logits, tokens and bits of a device against the processor's; exit code 1 if a bar is missed.") { device, models, shapes, tokens, text };
        command.SetAction(parsed =>
        {
            var figures = new Figures(output);
            string name = parsed.GetValue(device)!;
            int count = parsed.GetValue(tokens);
            string words = parsed.GetValue(text) is { } file ? Read(file) : Words;
            foreach (string path in parsed.GetValue(models) ?? [])
                figures.Try(path, () => Compare(figures, name, words, count, (device, precision) => LanguageModel.Load(path, device, new LoadOptions { Precision = precision })));
            foreach (ModelShape shape in parsed.GetValue(shapes)!.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ModelShape.Of))
                figures.Try(shape.Name, () => Compare(figures, name, words, count, (device, precision) => SyntheticModel.Load(shape, WeightType.BF16, device, precision)));
            return figures.Failures == 0 ? 0 : 1;
        });
        return command;
    }

    // Each precision that the device has, against the processor's exact one.
    private static void Compare(Figures figures, string name, string words, int tokens, Func<IDevice, Precision, LanguageModel> load)
    {
        using LanguageModel processor = load(new CpuDevice(0), Precision.Exact);
        int[] text = Text(processor, words, tokens);
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            using LanguageModel model = load(DeviceCatalog.Open(name, 0), precision);
            if (model.Device.Effective(precision) != precision)
                continue;
            figures.Title($"{model.Path} on {model.Device.Name}, {precision} precision, against {processor.Device.Name}, {Precision.Exact}");
            new DeviceComparison(figures, model, processor, precision, text).Run();
        }
    }

    private static string Read(FileInfo file)
    {
        string content = File.ReadAllText(file.FullName);
        if (file.Extension == ".json")
            content = JsonNode.Parse(content)?["text"]?.GetValue<string>() ?? "";
        return content.Length > 0 ? content : throw new ArgumentException($"--text: {file.Name} has no text.");
    }

    // As many tokens as are wanted: of the text, over and over if it is short; of a model without a tokenizer, of no text at all.
    private static int[] Text(LanguageModel model, string words, int tokens)
    {
        if (!model.HasTokenizer)
            return [.. Enumerable.Range(0, Math.Min(tokens, model.ContextLength)).Select(i => 3 + (i * 37 % (model.VocabularySize - 3)))];
        var ids = new List<int>();
        while (ids.Count < tokens)
            ids.AddRange(model.Encode(words, addSpecialTokens: ids.Count == 0));
        return [.. ids.Take(tokens)];
    }
}
