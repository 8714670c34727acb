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
            foreach (string path in parsed.GetValue(models) ?? [])
                figures.Try(path, () => Compare(figures, parsed.GetValue(tokens),
                    LanguageModel.Load(path, DeviceCatalog.Open(name, 0), new LoadOptions { Precision = Precision.Exact }),
                    () => LanguageModel.Load(path, new CpuDevice(0), new LoadOptions { Precision = Precision.Exact })));
            foreach (ModelShape shape in parsed.GetValue(shapes)!.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ModelShape.Of))
                figures.Try(shape.Name, () => Compare(figures, parsed.GetValue(tokens),
                    SyntheticModel.Load(shape, WeightType.BF16, DeviceCatalog.Open(name, 0)),
                    () => SyntheticModel.Load(shape, WeightType.BF16, new CpuDevice(0))));
            return figures.Failures == 0 ? 0 : 1;
        });
        return command;
    }

    private static void Compare(Figures figures, int tokens, LanguageModel device, Func<LanguageModel> open)
    {
        using LanguageModel model = device;
        using LanguageModel processor = open();
        figures.Title($"{model.Path} on {model.Device.Name}, against {processor.Device.Name}");
        new DeviceComparison(figures, model, processor, tokens).Run();
    }
}
