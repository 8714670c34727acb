using Managed.Loader;
using Managed.Tests.FamilyMappers;
using Managed.Tests.Models;
using Managed.Weights;

namespace Managed.Tests.RealModels;

/// <summary>One golden file of fixtures/interp, computed in float64, and the tolerance that its README asks for.</summary>
internal sealed class InterpGoldens(string file) : IDisposable
{
    private readonly SafetensorsFile tensors = SafetensorsFile.Open(Find($"{file}.safetensors"));

    /// <summary>Names of a model and its task, as the files are called.</summary>
    public static readonly string[] Tasks = ["hearth-craft", "hearth-refusal", "hearth-shield-adapter", "gpt2-random", "gemma2-random"];

    /// <summary>Those of hearth.</summary>
    public static readonly string[] HearthTasks = [.. Tasks.Where(task => task.StartsWith("hearth", StringComparison.Ordinal))];

    /// <summary>The model of a task; the adapter is merged.</summary>
    public static LanguageModel Load(string task)
    {
        LanguageModel model = LanguageModel.Load(task.StartsWith("hearth", StringComparison.Ordinal) ? TestModels.HearthPath : FixtureSets.Folder(task.Split('-')[0]));
        if (task.StartsWith("hearth-shield", StringComparison.Ordinal))
        {
            using Adapter shield = model.LoadAdapter(Path.Combine(SharedFolder.Repository, "models", "hearth-shield"));
            model.Merge(shield);
        }
        return model;
    }

    /// <summary>A file or folder of fixtures/interp: shared's, or the repository's own where it has it; else the test is skipped.</summary>
    public static string Find(string path)
    {
        string shared = $"fixtures/interp/{path}", own = SharedFolder.Fixture($"interp/{path}");
        return SharedFolder.TryFind(shared) is null && Path.Exists(own) ? own : SharedFolder.Require(shared);
    }

    public float[] Singles(string name) => StoredValues.ToSingle(tensors.Tensors[name]);

    public int[] Integers(string name) => StoredValues.ToIntegers(tensors.Tensors[name]);

    public int[] Shape(string name) => [.. tensors.Tensors[name].Shape.Select(size => (int)size)];

    public string Metadata(string key) => tensors.Metadata[key];

    /// <summary>max |value − golden| / max(1, max |golden|) is within a tolerance.</summary>
    public void Check(string name, ReadOnlySpan<float> values, double tolerance) => Check(name, values, Singles(name), tolerance);

    public static void Check(string what, ReadOnlySpan<float> values, ReadOnlySpan<float> golden, double tolerance)
    {
        double largest = 1;
        foreach (float value in golden)
            largest = Math.Max(largest, Math.Abs(value));
        Assert.That(Errors.Largest(values, golden) / largest, Is.LessThanOrEqualTo(tolerance), what);
    }

    public void Dispose() => tensors.Dispose();
}
