using Managed.Guards.Evaluation;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Guards.Published;

/// <summary>
/// A guardian from the disk: the checkpoint of a model that was trained as one (<see cref="SlmGuardian"/>), or a file
/// `*.guardian.json` that says what a chat model is asked (<see cref="ChatGuardian"/>). Frees what it loaded.
/// </summary>
public sealed class GuardianFile : IDisposable
{
    /// <summary>What "format" must say.</summary>
    public const string Format = "managed-guardian/1";

    private readonly List<IDisposable> owned = [];
    private readonly List<string> named = [];

    private GuardianFile(string path) => Path = path;

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>What reports call it: the file's `name`, or the checkpoint's folder.</summary>
    public string Name { get; private set; } = "";

    /// <summary>SHA-256 over its files: the checkpoint's, or the file and what it names.</summary>
    public string Hash { get; private set; } = "";

    /// <summary>The guardian.</summary>
    public IGuardian Guardian { get; private set; } = null!;

    /// <summary>Loads a guardian.</summary>
    /// <param name="path">A checkpoint, or `*.guardian.json`.</param>
    /// <param name="target">The model that it stands before; a file that names no model of its own has this one read.</param>
    /// <param name="options">How a model of its own is loaded.</param>
    /// <param name="maxTokens">Tokens of a response at most.</param>
    /// <exception cref="GuardException">The file, or what it names, cannot be used: what was found, what was expected.</exception>
    /// <exception cref="CheckpointException">The checkpoint cannot be read.</exception>
    public static GuardianFile Load(string path, LanguageModel target, LoadOptions options, int maxTokens)
    {
        var loaded = new GuardianFile(path);
        try
        {
            if (path.EndsWith(".json", StringComparison.Ordinal))
                loaded.Read(target, options, maxTokens);
            else
            {
                loaded.Name = System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(path));
                var slm = new SlmGuardian(loaded.Own(LanguageModel.Load(path, options)), new SlmGuardianOptions { MaxTokens = maxTokens, Precision = options.Precision });
                loaded.Guardian = loaded.Own(slm);
            }
            loaded.Hash = EvaluationSettings.HashOf(path) + string.Concat(loaded.named.Select(file => $" {EvaluationSettings.HashOf(file)[..16]}"));
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Frees the guardian and the model that was loaded for it.</summary>
    public void Dispose()
    {
        for (int i = owned.Count - 1; i >= 0; i--)
            owned[i].Dispose();
        owned.Clear();
    }

    private void Read(LanguageModel target, LoadOptions options, int maxTokens)
    {
        try
        {
            var file = new GuardSection(JsonValue.ReadFile(Path), "guardian");
            string format = file.Text("format") ?? "none";
            if (format != Format)
                throw new GuardException($"format: found {format}; expected \"{Format}\".");
            file.Skip("what");
            Name = file.Text("name") ?? System.IO.Path.GetFileName(Path).Split('.')[0];
            LanguageModel model = file.Text("model") is { } own ? Own(LanguageModel.Load(Beside(own), options)) : target;
            var defaults = new ChatGuardianOptions();
            Guardian = new ChatGuardian(model, defaults with
            {
                Name = Name,
                System = file.Text("system"),
                Ask = file.Text("ask") ?? defaults.Ask,
                SafeWords = Words(file, "safe"),
                HarmfulWords = Words(file, "harmful"),
                Probe = file.Section("probe") is { } probe ? Probe(probe) : null,
                Threshold = file.Number("threshold") ?? defaults.Threshold,
                Response = file.Text("response") is { } guard ? Guard.Load(Beside(guard)) : null,
                Refusal = file.Text("refusal") ?? defaults.Refusal,
                MaxTokens = maxTokens,
            });
            file.End();
        }
        catch (GuardException wrong)
        {
            throw new GuardException($"{Path}: {wrong.Message}", wrong);
        }
    }

    private static string[] Words(GuardSection file, string name) =>
        [.. (file.List(name) ?? []).Select(word => word.AsText() ?? throw file.Wrong(name, word.Describe(), "words"))];

    private LinearProbe Probe(GuardSection section)
    {
        string vectors = section.Text("vectors") ?? throw section.Wrong("vectors", "nothing", "the safetensors file that holds the probe");
        string weight = section.Text("weight") ?? throw section.Wrong("weight", "nothing", "the name of the probe's weights"), bias = section.Text("bias") ?? throw section.Wrong("bias", "nothing", "the name of its bias");
        section.End();
        using SafetensorsFile file = SafetensorsFile.Open(Beside(vectors));
        float[] Values(string name) => file.Tensors.TryGetValue(name, out StoredTensor? tensor) ? StoredValues.ToSingle(tensor)
            : throw new GuardException($"probe: found no tensor {name} in {vectors}; expected one of {string.Join(", ", file.Tensors.Keys.Take(8))}.");
        float[] weights = Values(weight), biases = Values(bias);
        return biases.Length == 1 && weights.Concat(biases).All(float.IsFinite) ? new LinearProbe(weights, biases[0])
            : throw new GuardException($"probe: found {biases.Length} biases, or numbers that are not finite, in {vectors}; expected finite weights and one bias.");
    }

    private string Beside(string relative)
    {
        named.Add(System.IO.Path.GetFullPath(relative, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!));
        return named[^1];
    }

    private T Own<T>(T item) where T : IDisposable
    {
        owned.Add(item);
        return item;
    }
}
