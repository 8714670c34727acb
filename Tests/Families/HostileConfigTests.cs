using System.Text;
using System.Text.Json.Nodes;
using Managed.Architectures;
using Managed.Families;
using Managed.Loader;

namespace Managed.Tests.FamilyMappers;

/// <summary>Whatever a key of a configuration is changed to, a checkpoint is described or refused; nothing else happens.</summary>
public sealed class HostileConfigTests
{
    private static readonly string[] s_values =
        ["0", "1", "-1", "3", "7", "1152921504606846976", "1e308", "1e-308", "0.3", "\"x\"", "null", "true", "false", "[]", "[1,\"a\"]", "[0,0,0,0]", "{}", "{\"factor\":0}"];

    private static IEnumerable<string> Folders => FixtureSets.Folders;

    [TestCaseSource(nameof(Folders))]
    public void Any_value_under_any_key_is_read_or_refused(string name)
    {
        using Checkpoint checkpoint = FixtureSets.Open(name, gguf: false);
        IFamily family = FamilyRegistry.Find(checkpoint);
        JsonObject root = JsonNode.Parse(File.ReadAllText(Path.Combine(FixtureSets.Folder(name), "config.json")))!.AsObject();
        int refused = 0;
        foreach ((string key, string? inner) in Keys(root).ToArray())
            foreach (string? value in s_values.Append(null))
                refused += IsRefused(checkpoint, family, Changed(root, key, inner, value)) ? 1 : 0;
        Assert.That(refused, Is.GreaterThan(20));
    }

    private static bool IsRefused(Checkpoint checkpoint, IFamily family, JsonObject config)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            var source = new FamilySource(JsonConfigSection.Parse("config.json", Encoding.UTF8.GetBytes(config.ToJsonString())), false, checkpoint.Tensors) { Family = checkpoint.Family };
            Architecture architecture = family.Describe(source);
            TensorCheck.Check(source, architecture, family.Locate(source, architecture));
            return false;
        }
        catch (CheckpointException)
        {
            return true;
        }
        finally
        {
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(16 << 20), config.ToJsonString());
        }
    }

    private static IEnumerable<(string Key, string? Inner)> Keys(JsonObject root)
    {
        foreach ((string key, JsonNode? node) in root)
        {
            yield return (key, null);
            if (node is JsonObject section)
                foreach ((string inner, _) in section)
                    yield return (key, inner);
        }
    }

    private static JsonObject Changed(JsonObject root, string key, string? inner, string? value)
    {
        var copy = root.DeepClone().AsObject();
        JsonObject at = inner is null ? copy : copy[key]!.AsObject();
        at.Remove(inner ?? key);
        if (value is not null)
            at[inner ?? key] = JsonNode.Parse(value);
        return copy;
    }
}
