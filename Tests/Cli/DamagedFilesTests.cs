using ScratchFolder = Managed.Tests.Loader.Scratch;

namespace Managed.Tests.CliTests;

/// <summary>Whatever is asked of a damaged file, the answer is one line that names it, and exit code 2.</summary>
public class DamagedFilesTests
{
    /// <summary>Sound as containers: their tensors and keys can be listed, only no model can be made of them.</summary>
    private static readonly string[] s_soundContainers = ["no-architecture.gguf", "llama-no-block-count.gguf", "llama-no-tensors.gguf"];

    private static readonly string s_config = Path.Combine(SharedFolder.Repository, "models", "hearth", "config.json");

    public static IEnumerable<string> GgufFiles => Directory.GetFiles(SharedFolder.Fixture("gguf-damaged"), "*.gguf").Select(path => Path.GetFileName(path)).Order();

    public static IEnumerable<string> SafetensorsFiles => Directory.GetFiles(SharedFolder.Fixture("safetensors-damaged"), "*.safetensors").Select(path => Path.GetFileName(path)).Order();

    public static IEnumerable<string> SafetensorsFolders => Directory.GetDirectories(SharedFolder.Fixture("safetensors-damaged")).Select(path => Path.GetFileName(path)).Order();

    [TestCaseSource(nameof(GgufFiles))]
    public void A_damaged_GGUF_file_is_refused_by_every_verb(string file)
    {
        string path = SharedFolder.Fixture($"gguf-damaged/{file}");
        Refused(path, "inspect", path);
        Refused(path, "run", path, "--ids", "1", "--max-tokens", "1", "--json");
        Refused(path, "tokenize", path, "--text", "x");
        if (!s_soundContainers.Contains(file))
            Refused(path, "dump", path, "--list");
        using var scratch = new ScratchFolder();
        Refused(path, "convert", path, scratch.File("out"));
        Assert.That(Directory.GetFileSystemEntries(scratch.Folder), Is.Empty, "nothing may be left half-written");
    }

    [TestCaseSource(nameof(SafetensorsFiles))]
    public void A_damaged_safetensors_file_is_refused_by_every_verb(string file)
    {
        string path = SharedFolder.Fixture($"safetensors-damaged/{file}");
        Refused(path, "dump", path, "--list");
        Refused(path, "verify", Path.GetDirectoryName(s_config)!, "--expected", path);
        using var scratch = new ScratchFolder();
        string weights = scratch.Write("model.safetensors", File.ReadAllBytes(path));
        RefusedFolder(scratch, weights);
    }

    [TestCaseSource(nameof(SafetensorsFolders))]
    public void A_damaged_index_is_refused_by_every_verb(string folder)
    {
        string path = SharedFolder.Fixture($"safetensors-damaged/{folder}");
        Refused(path, "dump", path, "--list");
        using var scratch = new ScratchFolder();
        foreach (string file in Directory.GetFiles(path))
            scratch.Write(Path.GetFileName(file), File.ReadAllBytes(file));
        RefusedFolder(scratch, scratch.File("model.safetensors.index.json"));
    }

    private static void RefusedFolder(ScratchFolder scratch, string named)
    {
        scratch.Write("config.json", File.ReadAllBytes(s_config));
        Refused(named, "inspect", scratch.Folder);
        Refused(named, "run", scratch.Folder, "--ids", "1", "--max-tokens", "1");
        Refused(named, "convert", scratch.Folder, scratch.File("out.gguf"));
        Assert.That(File.Exists(scratch.File("out.gguf")), Is.False);
    }

    private static void Refused(string named, params string[] arguments) =>
        Assert.That(CommandLine.RunRefused(arguments), Does.Contain(named).And.Contain("found ").And.Contain("expected "), string.Join(' ', arguments));
}
