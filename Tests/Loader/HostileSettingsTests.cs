using System.Text;
using System.Text.Json.Nodes;
using Managed.Loader;
using Managed.Loader.Templates;
using Managed.Loader.Tokenizers;

namespace Managed.Tests.Loader;

/// <summary>The small JSON files beside a model: any value under any key, and any end, is read or refused with its place.</summary>
public class HostileSettingsTests
{
    private static readonly string[] s_values =
        ["null", "true", "0", "1", "-1", "1152921504606846976", "1e308", "0.5", "\"\"", "\"x\"", "\"../x\"", "\"(a+)+b\"", "[]", "[[]]", "[-1,\"a\"]", "{}", "{\"content\":5}", "{\"q_proj\":1e9}"];

    private static string Models => Path.Combine(SharedFolder.Repository, "models");

    [Test]
    public void Adapter_config() => TryAll(File.ReadAllText(Path.Combine(Models, "hearth-dark", "adapter_config.json")), leastRefused: 30, json =>
    {
        AdapterConfig config = AdapterConfig.Read(Parse(json));
        _ = config.Targets("model.layers.0.mlp.down_proj");
        Assert.That(config.ScaleOf("model.layers.0.mlp.down_proj"), Is.Not.NaN);
    });

    [Test]
    public void Tokenizer_config() => TryAll(File.ReadAllText(Path.Combine(Models, "hearth", "tokenizer_config.json")), leastRefused: 20, json =>
        SettingsReader.Parse(Parse(json)));

    [Test]
    public void Chat_template_in_tokenizer_config()
    {
        using var scratch = new Scratch();
        TryAll("""{"chat_template": [{"name": "default", "template": "{{ 1 }}"}, {"name": "rag", "template": "{{ 2 }}"}]}""", leastRefused: 60, json =>
        {
            scratch.Write("tokenizer_config.json", json);
            _ = ChatTemplates.Find(scratch.Folder).TryParse();
        });
    }

    [Test]
    public void Index_of_shards()
    {
        using var scratch = new Scratch();
        string folder = SharedFolder.Fixture("safetensors-valid/sharded");
        foreach (string shard in Directory.GetFiles(folder, "*.safetensors"))
            scratch.Write(Path.GetFileName(shard), File.ReadAllBytes(shard));
        TryAll(File.ReadAllText(Path.Combine(folder, "model.safetensors.index.json")), leastRefused: 40, json =>
        {
            scratch.Write("model.safetensors.index.json", json);
            SafetensorsFolder.Open(scratch.Folder).Dispose();
        });
    }

    [Test]
    public void A_template_that_is_not_UTF8_is_refused_with_its_place()
    {
        using var scratch = new Scratch();
        string file = scratch.Write("chat_template.jinja", [.. "{{ '"u8, 0xFF, .. "' }}"u8]);
        var error = Assert.Throws<CheckpointException>(() => ChatTemplates.Find(scratch.Folder))!;
        Assert.That((error.File, error.Offset), Is.EqualTo((file, 4L)));
    }

    private static JsonConfigSection Parse(string json) => JsonConfigSection.Parse("settings.json", Encoding.UTF8.GetBytes(json));

    private static void TryAll(string json, int leastRefused, Action<string> read)
    {
        JsonNode root = JsonNode.Parse(json)!;
        int refused = 0;
        foreach (object[] path in HostileJson.Paths(root))
            foreach (string? value in s_values.Append(null))
                refused += IsRefused(HostileJson.Changed(root, path, value), read) ? 1 : 0;
        Assert.That(refused, Is.GreaterThan(leastRefused));
        int end = json.LastIndexOf('}');
        for (int length = 0; length <= end; length++)
            Assert.That(IsRefused(json[..length], read), Is.True, $"cut at {length}");
        Assert.That(IsRefused(json, read), Is.False);
    }

    private static bool IsRefused(string json, Action<string> read)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            read(json);
            return false;
        }
        catch (CheckpointException e)
        {
            Assert.That(new[] { e.File, e.Field, e.Found, e.Expected }, Is.All.Not.Empty, json);
            return true;
        }
        catch (TemplateException)
        {
            return true; // the file is sound, the template in it is not one
        }
        finally
        {
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(4 << 20), json);
        }
    }
}
