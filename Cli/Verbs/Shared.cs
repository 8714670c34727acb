using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Cli.Verbs;

/// <summary>What several verbs take or print.</summary>
internal static class Shared
{
    /// <summary>How `--json` prints: snake case, numbers as they are, infinities as strings.</summary>
    public static readonly JsonSerializerOptions JsonFormat = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = JsonTypeInfoResolver.Combine(ReportJson.Default, new DefaultJsonTypeInfoResolver()),
    };

    public static Argument<string> Model() => new("model") { Description = "Checkpoint directory, GGUF file, or hub id in the cache." };

    public static Option<bool> Json() => new("--json") { Description = "Print the result as JSON." };

    /// <summary>Refuses smaller numbers.</summary>
    public static void AtLeast(this Option option, int least) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value < least)
            result.AddError($"{option.Name}: found {value}; expected at least {least}");
    });
}

/// <summary>How a model is loaded: `--precision`, `--threads`, `--context`, `--device`, `--deterministic`.</summary>
internal sealed class LoadArguments
{
    private readonly Option<Precision?> precision = new("--precision") { Description = "exact or fast: how quantised weights meet activations." };
    private readonly Option<int> threads = new("--threads") { Description = "Worker threads; 0: one per core, at most 8." };
    private readonly Option<int> context = new("--context") { Description = "Positions that the cache holds; 0: no limit." };
    private readonly Option<string> device = new("--device") { Description = $"{DeviceCatalog.Names}; `managed devices` lists what there is.", DefaultValueFactory = _ => "auto" };

    private readonly Option<bool> deterministic = new("--deterministic")
    {
        Description = "The same bits for a row in any batch, also on a GPU in fast precision, which takes longer; elsewhere they always are.",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(precision);
        command.Options.Add(deterministic);
        command.Options.Add(threads);
        command.Options.Add(context);
        threads.AtLeast(0);
        context.AtLeast(0);
        device.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && !DeviceCatalog.IsName(result.Tokens[0].Value))
                result.AddError($"--device: found '{result.Tokens[0].Value}'; expected {DeviceCatalog.Names}");
        });
        command.Options.Add(device);
    }

    public LoadOptions Read(ParseResult result) => new()
    {
        Precision = result.GetValue(precision),
        Threads = result.GetValue(threads),
        Device = result.GetValue(device)!,
        Context = result.GetValue(context),
        Deterministic = result.GetValue(deterministic),
        Tell = place => result.InvocationConfiguration.Error.WriteLine($"managed: {place}"),
        Warn = warning => result.InvocationConfiguration.Error.WriteLine($"managed: warning: {warning}"),
    };
}

/// <summary>Where token ids come from: `--text`, `--ids`, `--ids-from FILE[:key]`.</summary>
internal sealed class InputOptions
{
    private readonly Option<string> text = new("--text", "--prompt") { Description = "A text; the tokenizer adds its special tokens." };
    private readonly Option<string> ids = new("--ids") { Description = "Token ids, separated by commas." };
    private readonly Option<string> idsFrom = new("--ids-from") { Description = "Token ids from a safetensors file: FILE or FILE:tensor (default input_ids)." };

    public Option<string> Text => text;

    public void AddTo(Command command)
    {
        command.Options.Add(text);
        command.Options.Add(ids);
        command.Options.Add(idsFrom);
        command.Validators.Add(result =>
        {
            Option[] given = [.. new Option[] { text, ids, idsFrom }.Where(option => result.GetResult(option) is { Implicit: false })];
            if (given.Length != 1)
                result.AddError($"give exactly one of --text (or --prompt), --ids, --ids-from; {(given.Length == 0 ? "none" : string.Join(" and ", given.Select(option => option.Name)))} was given");
        });
    }

    public bool IsText(ParseResult result) => result.GetValue(text) is not null;

    public int[] Read(ParseResult result, LanguageModel model)
    {
        int[] found = Find(result, model);
        return found.Length > 0 ? found : throw new UsageException("the prompt has no tokens; expected a text or ids to go on from");
    }

    private int[] Find(ParseResult result, LanguageModel model) =>
        result.GetValue(text) is { } given ? model.Encode(given)
        : result.GetValue(ids) is { } list ? [.. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(ParseId)]
        : FromFile(result.GetValue(idsFrom)!);

    private static int ParseId(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id
        : throw new ArgumentException($"--ids: '{text}' is not a token id; give integers separated by commas, such as 1,2,3.");

    private static int[] FromFile(string source)
    {
        int colon = source.LastIndexOf(':');
        (string file, string key) = !File.Exists(source) && colon > 0 ? (source[..colon], source[(colon + 1)..]) : (source, "input_ids");
        using SafetensorsFile tensors = SafetensorsFile.Open(file);
        return tensors.Tensors.TryGetValue(key, out StoredTensor? tensor) ? StoredValues.ToIntegers(tensor)
            : throw new CheckpointException(file, $"tensor {key}", null, "no such tensor", $"one of {string.Join(", ", tensors.Tensors.Keys.Take(8))}");
    }
}
