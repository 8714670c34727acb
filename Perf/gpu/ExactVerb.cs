using System.CommandLine;
using Managed.Kernels;
using Managed.Kernels.Gpu;

namespace Managed.GpuPerf;

/// <summary>`exact`: what a device gives against what the processor gives.</summary>
internal static class ExactVerb
{
    public static Command Create(TextWriter output)
    {
        Option<string> device = Verbs.DeviceOption();
        var models = new Option<string[]>("--model") { Description = "Checkpoint directories or GGUF files.", AllowMultipleArgumentsPerToken = true };
        var shapes = new Option<string>("--shapes") { Description = "Synthetic models as in `bench`, in bfloat16.", DefaultValueFactory = _ => "" };
        var tokens = new Option<int>("--tokens") { Description = "Length of the texts.", DefaultValueFactory = _ => 192 };
        var command = new Command("exact", "Logits, tokens and bits of a device against the processor's; exit code 1 if a bar is missed.") { device, models, shapes, tokens };
        command.SetAction(parsed =>
        {
            var figures = new Figures(output);
            string name = parsed.GetValue(device)!;
            int count = parsed.GetValue(tokens);
            foreach (string path in parsed.GetValue(models) ?? [])
                figures.Try(path, () => Compare(figures, name, count, (device, precision) => LanguageModel.Load(path, device, new LoadOptions { Precision = precision })));
            foreach (ModelShape shape in parsed.GetValue(shapes)!.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ModelShape.Of))
                figures.Try(shape.Name, () => Compare(figures, name, count, (device, precision) => SyntheticModel.Load(shape, WeightType.BF16, device, precision)));
            return figures.Failures == 0 ? 0 : 1;
        });
        return command;
    }

    // Each precision that the device has, against the processor's exact one.
    private static void Compare(Figures figures, string name, int tokens, Func<IDevice, Precision, LanguageModel> load)
    {
        using LanguageModel processor = load(new CpuDevice(0), Precision.Exact);
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            using LanguageModel model = load(DeviceCatalog.Open(name, 0), precision);
            if (model.Device.Effective(precision) != precision)
                continue;
            figures.Title($"{model.Path} on {model.Device.Name}, {precision} precision, against {processor.Device.Name}, {Precision.Exact}");
            new DeviceComparison(figures, model, processor, precision, tokens).Run();
        }
    }
}
