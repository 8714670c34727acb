using Managed.Loader;

namespace Managed.Guards.Sae;

/// <summary>Tells the layouts of sparse autoencoders apart.</summary>
internal static class SaeFiles
{
    private static readonly string[] s_pickles = [".pt", ".pth", ".bin", ".pkl"];

    public static SparseAutoencoder Load(string path, string? hookPoint)
    {
        if (!Directory.Exists(path))
            return Path.GetExtension(path).Equals(".npz", StringComparison.OrdinalIgnoreCase) ? GemmaScopeFile.Read(path, hookPoint)
                : throw new CheckpointException(path, "sparse autoencoder", null, Path.Exists(path) ? "a file" : "no such file or folder", Expected);
        bool Holds(string name) => File.Exists(Path.Combine(path, name));
        if (Holds(SaeLensFolder.WeightsFile))
            return SaeLensFolder.Read(path, hookPoint);
        if (Holds(SparsifyFolder.WeightsFile))
            return SparsifyFolder.Read(path, hookPoint);
        if (Holds(GemmaScopeFile.FileName))
            return GemmaScopeFile.Read(Path.Combine(path, GemmaScopeFile.FileName), hookPoint);
        string? pickle = Directory.EnumerateFiles(path).Select(Path.GetFileName).FirstOrDefault(name => s_pickles.Contains(Path.GetExtension(name)));
        throw new CheckpointException(path, "sparse autoencoder", null,
            pickle is null ? "a folder without weights" : $"{pickle}, a pickle, which can run code when it is read and is never opened", Expected);
    }

    private static string Expected => $"a folder with {SaeLensFolder.WeightsFile} (SAELens), {SparsifyFolder.WeightsFile} (sparsify) or {GemmaScopeFile.FileName} (Gemma Scope)";
}
