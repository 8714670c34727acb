using System.CommandLine;
using System.Globalization;
using Managed.Guards;
using Managed.Guards.Interchange;
using Managed.Guards.Learning;
using Managed.Loader;

namespace Managed.Cli.Verbs.Learning;

/// <summary>`managed steer apply`: answers with and without a direction, side by side, with what the edit did.</summary>
internal static class SteerApplyVerb
{
    private static readonly Dictionary<string, GuardPositions> s_positions = GuardPositions.Named.ToDictionary(known => known.Name, known => known.Positions);

    public static Command Create()
    {
        Argument<string> model = Shared.Model();
        var vector = new Option<string>("--vector", "--vectors") { Description = "Directions: what `steer extract` wrote, or another tool's file (GGUF, .svec, .npy, .npz, safetensors).", Required = true };
        var layers = new Option<int[]>("--layers") { Description = "Layers; without it all that have a direction.", AllowMultipleArgumentsPerToken = true };
        var strengths = new Option<float[]>("--strength", "--strengths") { Description = "Factors of the direction, an answer for each; below 0 leads away from it.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1f] };
        var positions = new Option<string>("--positions") { Description = $"Tokens that are edited: {string.Join(", ", s_positions.Keys)}.", DefaultValueFactory = _ => "from_last_prompt" };
        positions.AcceptOnlyFromAmong([.. s_positions.Keys]);
        var prompt = new Option<string[]>("--prompt") { Description = "A user's turn in the chat template; may be given several times." };
        var prompts = new Option<string[]>("--prompts") { Description = "Prompts: FILE or FILE:key. May be given several times." };
        var raw = new Option<bool>("--raw") { Description = "Texts are complete, special tokens written out." };
        var save = new Option<string?>("--save") { Description = "Also write the edit as a guard, NAME.guard.json, for `managed run --guard`; with one strength." };
        var sampling = new SamplingArguments(defaultTokens: 64);
        Option<bool> json = JsonOutput.Option();
        var load = new LoadArguments();
        var command = new Command("apply", "Answers with and without a direction, side by side, and says what the edit did.")
        {
            model, vector, layers, strengths, positions, prompt, prompts, raw, save, json,
        };
        sampling.AddTo(command);
        load.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(prompt) is not { Length: > 0 } && result.GetValue(prompts) is not { Length: > 0 })
                result.AddError("give what is to be answered: --prompt TEXT or --prompts FILE");
            if (result.GetValue(save) is not null && result.GetValue(strengths) is not [_])
                result.AddError("--save: a guard has one strength; give --strength once");
        });
        command.SetAction((result, cancellation) =>
        {
            if (result.GetValue(save) is { } target)
                AtomicFile.CheckTarget(target);
            SteeringVectors directions = VectorFile.Read(result.GetRequiredValue(vector));
            int[] at = result.GetValue(layers) is { Length: > 0 } chosen ? [.. chosen.Distinct().Order()] : [.. directions.Layers];
            GuardProgram[] programs = [.. result.GetRequiredValue(strengths).Select(strength => Program(directions, at, s_positions[result.GetRequiredValue(positions)], strength))];
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            Prompt[] asked = [.. (result.GetValue(prompt) ?? []).Select(text => new Prompt(text)), .. (result.GetValue(prompts) ?? []).SelectMany(PromptFile.Read)];
            CompiledGuard[] guards = [];
            try
            {
                guards = [.. programs.Select(program => program.Compile(loaded))];
                if (result.GetValue(save) is { } file)
                    Guard.Save(programs[0], file);
                GenerationOptions plain = sampling.Read(result, loaded);
                // what is drawn is drawn from the same numbers with and without
                plain = plain with { Sampling = plain.Sampling with { Seed = plain.Sampling.Seed ?? Random.Shared.NextInt64() } };
                Comparison[] answers = [.. asked.Select(text => Compare(loaded, text, result.GetValue(raw), plain, result.GetRequiredValue(strengths), guards, cancellation))];
                cancellation.ThrowIfCancellationRequested();
                if (result.GetValue(json))
                    JsonOutput.Write(result, new { Layers = at, Positions = result.GetValue(positions), Answers = answers });
                else
                    Print(result.InvocationConfiguration.Output, answers);
            }
            finally
            {
                foreach (CompiledGuard guard in guards)
                    guard.Dispose();
            }
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static GuardProgram Program(SteeringVectors directions, int[] layers, GuardPositions positions, float strength) => Guard.Define(
        guard =>
        {
            foreach (int layer in layers)
                guard.At(GuardPoints.ResidPost(layer)).On(positions).Add(directions[layer], strength);
        },
        string.Create(CultureInfo.InvariantCulture, $"steer × {strength:0.####}"));

    private static Comparison Compare(
        LanguageModel model, Prompt prompt, bool raw, GenerationOptions plain, float[] strengths, CompiledGuard[] guards, CancellationToken cancellation)
    {
        int[] ids = prompt.Encode(model, raw);
        GenerationResult without = model.Generate(ids, plain, null, cancellation);
        var with = new SteeredAnswer[guards.Length];
        for (int i = 0; i < guards.Length; i++)
        {
            GenerationResult steered = model.Generate(ids, plain with { Guard = guards[i] }, null, cancellation);
            with[i] = new SteeredAnswer(strengths[i], steered.Text, steered.Ids, $"{steered.Reason}", steered.Receipt);
        }
        return new Comparison(prompt.Text ?? model.Decode(ids, skipSpecialTokens: false), new PlainAnswer(without.Text, without.Ids, $"{without.Reason}"), with);
    }

    private static void Print(TextWriter output, Comparison[] answers)
    {
        foreach (Comparison answer in answers)
        {
            output.WriteLine(answer.Prompt);
            output.WriteLine($"  without    {Indented(answer.Without.Text)}");
            foreach (SteeredAnswer steered in answer.With)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {$"× {steered.Strength:0.####}",-9}  {Indented(steered.Text)}"));
                output.WriteLine($"             [{steered.Receipt?.ToString() ?? "no edit: the strength is 0"}]");
            }
        }
    }

    private static string Indented(string text) => text.ReplaceLineEndings("\n             ");

    private sealed record Comparison(string Prompt, PlainAnswer Without, SteeredAnswer[] With);

    private sealed record PlainAnswer(string Text, int[] Ids, string Reason);

    private sealed record SteeredAnswer(float Strength, string Text, int[] Ids, string Reason, GuardReceipt? Receipt);
}
