using Managed.Families;
using Managed.Loader;

namespace Managed.Fuzzing;

/// <summary>The two containers of weights: GGUF, with what a family makes of its keys, and safetensors.</summary>
internal static class ContainerTargets
{
    private static readonly string[] s_dtypes =
        ["\"F32\"", "\"F8_E4M3\"", "\"BOOL\"", "\"I64\"", "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "[0,0]", "[4294967296,4294967296]"];

    public static IReadOnlyList<string> SafetensorsTokens { get; } = [.. FuzzTargets.JsonTokens, .. s_dtypes];

    public static FuzzTarget Gguf(string repository) => new("gguf",
        [.. FuzzTargets.Files(repository, "Tests/Fixtures/gguf-valid", "*.gguf"), .. FuzzTargets.Files(repository, "Tests/Fixtures/gguf-arch", "*.gguf")], ReadGguf)
    {
        Allowance = 2 << 20,
    };

    public static FuzzTarget Safetensors(string repository) => new("safetensors", FuzzTargets.Files(repository, "Tests/Fixtures/safetensors-valid", "*.safetensors"), ReadSafetensors)
    {
        Tokens = SafetensorsTokens,
    };

    private static void ReadGguf(FileBytes bytes, int seed)
    {
        GgufFile file = GgufFile.Read(bytes);
        foreach (GgufValue value in file.Metadata.Values)
        {
            _ = value.Content;
            _ = value.Describe();
        }

        string family = new GgufConfigSection(file).Text("general.architecture", "fixture");
        var config = new GgufConfigSection(file, family + ".");
        foreach (string key in file.Metadata.Keys)
            FuzzTargets.AskAll(config, key);
        FuzzTargets.Touch(bytes, file.Tensors.Values);
        if (family != "fixture")
            FamilyRegistry.Describe(config, family, isGguf: true, file.Tensors);
    }

    private static void ReadSafetensors(FileBytes bytes, int seed) => FuzzTargets.Touch(bytes, SafetensorsFile.Read(bytes).Tensors.Values);
}
