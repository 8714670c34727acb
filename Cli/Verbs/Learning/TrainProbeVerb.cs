using System.CommandLine;
using System.Globalization;
using Managed.Guards.Learning;
using Managed.Loader;

namespace Managed.Cli.Verbs.Learning;

/// <summary>`managed guard train probe` and `probe2`: a probe at each of some hook points, from two kinds of prompts.</summary>
internal static class TrainProbeVerb
{
    public static Command Create(bool twoLayers)
    {
        Argument<string> model = Shared.Model();
        var prompts = new PromptOptions();
        var training = new TrainingArguments();
        var hook = new Option<string[]>("--hook") { Description = "Hook points; without it resid_post and ln_final.hook_out.", AllowMultipleArgumentsPerToken = true };
        var name = new Option<string>("--name") { Description = "What the tensors' names begin with.", DefaultValueFactory = _ => "probe" };
        var penalty = new Option<string>("--penalty") { Description = "Weight of |w|²/2, or auto: chosen by cross-validated loss.", DefaultValueFactory = _ => "1" };
        var hidden = new Option<int>("--hidden") { Description = "Width of the hidden layer.", DefaultValueFactory = _ => 64 };
        var doubled = new Option<bool>("--double-softmax") { Description = "Cross-entropy of a softmax of the softmax, as published probes were trained." };
        var standardise = new Option<bool>("--standardise") { Description = "Train on states brought to mean 0 and variance 1." };
        var heldPositive = new Option<string[]>("--eval-positive") { Description = "Further prompts of the positive kind, to be judged by the probe." };
        var heldNegative = new Option<string[]>("--eval-negative") { Description = "Further prompts of the other kind." };
        var output = new Option<string>("--out") { Description = "The safetensors file to write.", Required = true };
        Option<bool> json = JsonOutput.Option();
        var load = new LoadArguments();
        hidden.AtLeast(1);
        var command = new Command(twoLayers ? "probe2" : "probe", twoLayers
            ? "Trains probes of two layers (linear, ReLU, linear, softmax), as SafeSwitch's."
            : "Trains logistic probes.") { model, hook, name, standardise, heldPositive, heldNegative, output, json };
        if (twoLayers)
        {
            command.Options.Add(hidden);
            command.Options.Add(doubled);
        }
        else
            command.Options.Add(penalty);
        prompts.AddTo(command);
        training.AddTo(command);
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            string to = result.GetRequiredValue(output);
            AtomicFile.CheckTarget(to);
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            using LoadedAdapters adapter = prompts.Adapters(result, loaded);
            string[] hooks = result.GetValue(hook) is { Length: > 0 } given ? [.. given.SelectMany(list => list.Split(','))] : ["resid_post", "ln_final.hook_out"];
            LabelledStates train = Collect(prompts.Positive(result, loaded), prompts.Negative(result, loaded), "reading prompts");
            int[][] Evaluated(Option<string[]> option) => [.. (result.GetValue(option) ?? []).SelectMany(PromptFile.Read).Select(prompt => prompt.Encode(loaded))];
            int[][] evalPositive = Evaluated(heldPositive), evalNegative = Evaluated(heldNegative);
            LabelledStates? held = evalPositive.Length + evalNegative.Length > 0 ? Collect(evalPositive, evalNegative, "reading prompts to judge") : null;

            var tensors = new List<(string, int[], float[])>();
            var reports = new List<ProbeReport>();
            for (int point = 0; point < train.States.Count; point++)
            {
                States states = train.States[point];
                (Probe probe, LogisticReport? logistic, TrainingReport? curves) = twoLayers ? TwoLayer(states, train.Labels) : Logistic(states, train.Labels);
                ProbeQuality? judged = held is null ? null : probe.Judge([.. held.States[point].Rows.Select(row => (ReadOnlyMemory<float>)row)], held.Labels);
                string place = Place(loaded, states.HookPoint);
                reports.Add(new ProbeReport(states.HookPoint, $"{result.GetValue(name)}.{place}", logistic, curves, judged));
                tensors.AddRange(probe.Tensors().Select(tensor => ($"{result.GetValue(name)}.{place}.{tensor.Name}", tensor.Shape, tensor.Values)));
            }
            LearnedFile.Write(to, tensors, new Dictionary<string, string>
            {
                ["what"] = command.Name,
                ["model"] = LearnedFile.NameOf(loaded),
                ["positions"] = prompts.Positions(result).ToString(),
                ["hooks"] = string.Join(',', reports.Select(report => report.HookPoint)),
            });
            if (result.GetValue(json))
                JsonOutput.Write(result, new { Path = to, Probes = reports });
            else
                Print(result.InvocationConfiguration.Output, to, reports);
            return Task.FromResult(ExitCode.Success);

            LabelledStates Collect(int[][] positive, int[][] negative, string what)
            {
                int[][] all = [.. positive, .. negative];
                IReadOnlyList<States> states = Progress.Run(result, what, "prompts", progress => ActivationCollector.Collect(
                    loaded, all, hooks, prompts.Positions(result), adapter.Together, new PromptProgress(progress, all.Length), cancellation));
                bool[] labels = new bool[states[0].Count];
                for (int prompt = 0; prompt < positive.Length; prompt++)
                    for ((int row, int end) = states[0].RowsOf(prompt); row < end; row++)
                        labels[row] = true;
                return new LabelledStates(states, labels);
            }

            (Probe, LogisticReport?, TrainingReport?) Logistic(States states, bool[] labels)
            {
                string weight = result.GetRequiredValue(penalty);
                double? value = weight == "auto" ? null : double.TryParse(weight, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number
                    : throw new UsageException($"--penalty: found '{weight}'; expected a number above 0, or auto");
                var (probe, report) = ProbeTraining.Logistic(states.Rows, labels, new LogisticOptions
                {
                    Penalty = value,
                    Standardise = result.GetValue(standardise),
                    Seed = training.Read(result, new TrainingOptions()).Seed,
                });
                return (probe, report, null);
            }

            (Probe, LogisticReport?, TrainingReport?) TwoLayer(States states, bool[] labels)
            {
                TwoLayerOptions defaults = training.IsReference(result) ? TwoLayerOptions.Reference : new TwoLayerOptions();
                TwoLayerOptions options = defaults with
                {
                    Hidden = result.GetValue(hidden),
                    DoubleSoftmax = result.GetValue(doubled) || defaults.DoubleSoftmax,
                    Standardise = result.GetValue(standardise),
                    Training = training.Read(result, defaults.Training),
                };
                var (probe, report) = TrainingArguments.Run(result, $"training at {states.HookPoint}", options.Training.Epochs, progress =>
                    ProbeTraining.TwoLayer(states.Rows, labels, options, progress, cancellation));
                return (probe, null, report);
            }
        });
        return command;
    }

    // The block's number; the final norm's output counts as the block behind the last.
    private static string Place(LanguageModel model, string hookPoint) => hookPoint switch
    {
        _ when model.HookNames.ResolveOne(hookPoint) is { Point: Hooks.HookPoint.UnembedIn } => $"{model.LayerCount}",
        _ when model.HookNames.ResolveOne(hookPoint) is { Point: Hooks.HookPoint.ResidualPost } address => $"{address.Layer}",
        _ => hookPoint,
    };

    private static void Print(TextWriter output, string to, List<ProbeReport> reports)
    {
        foreach (ProbeReport report in reports)
        {
            if (report.Logistic is { } logistic)
                output.WriteLine(FormattableString.Invariant(
                    $"{report.HookPoint}: {logistic.Train.Rows} rows, penalty {logistic.Penalty:0.###e+0}, accuracy {logistic.Train.Accuracy:0.000}; over folds accuracy {logistic.Validation.Accuracy:0.000}, AUC {logistic.Validation.Auc:0.000}, loss {logistic.Validation.Loss:0.0000}"));
            if (report.Training is { } curves)
            {
                output.Write($"{report.HookPoint}: ");
                TrainingArguments.Print(output, curves);
            }
            if (report.Evaluation is { } judged)
                output.WriteLine(FormattableString.Invariant($"  on {judged.Rows} further rows: accuracy {judged.Accuracy:0.000}, AUC {judged.Auc:0.000}, loss {judged.Loss:0.0000}"));
        }
        output.WriteLine($"{Amounts.Count(reports.Count, "probe")} written to {to}");
    }

    private sealed record LabelledStates(IReadOnlyList<States> States, bool[] Labels);

    private sealed record ProbeReport(string HookPoint, string Tensors, LogisticReport? Logistic, TrainingReport? Training, ProbeQuality? Evaluation);
}
