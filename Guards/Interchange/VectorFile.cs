using Managed.Loader;

namespace Managed.Guards.Interchange;

/// <summary>Reads and writes directions in the formats of other tools; in memory they always stand at the output of their block.</summary>
public static class VectorFile
{
    /// <summary>Reads a file of directions.</summary>
    /// <param name="path">The file.</param>
    /// <param name="reading">What the file does not say; null: nothing is needed.</param>
    /// <returns>The directions; what was found and translated stands in their notes, under `convention`.</returns>
    /// <exception cref="CheckpointException">The file is damaged, or not of this kind: file, field, what was found and expected.</exception>
    public static SteeringVectors Read(string path, VectorReading? reading = null)
    {
        reading ??= new VectorReading();
        return (reading.Format ?? Recognise(path)) switch
        {
            VectorFormat.Gguf => GgufControlVector.Read(path, reading),
            VectorFormat.Svec => SvecFile.Read(path, reading),
            VectorFormat.Npy => NumpyVectors.ReadArray(path, reading),
            VectorFormat.Npz => NumpyVectors.ReadArchive(path, reading),
            _ => SafetensorsVectors.Read(path, reading),
        };
    }

    /// <summary>Writes directions so that the format's own tools read them; the file is there as a whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="vectors">The directions.</param>
    /// <param name="format">The format.</param>
    /// <param name="place">Which block the numbers of a `.svec` stand for; the other formats mean the output of the block of that number.</param>
    /// <returns>What the format could not hold, a sentence each; empty where it holds everything.</returns>
    /// <exception cref="GuardException">There is nothing that the format can hold.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static IReadOnlyList<string> Write(string path, SteeringVectors vectors, VectorFormat format, VectorPlace place = VectorPlace.Measured)
    {
        if (vectors.Layers.Count == 0)
            throw new GuardException($"{path}: found no directions to write; expected at least one.");
        return format switch
        {
            VectorFormat.Gguf => GgufControlVector.Write(path, vectors),
            VectorFormat.Svec => SvecFile.Write(path, vectors, place),
            VectorFormat.Npy => NumpyVectors.WriteArray(path, vectors),
            VectorFormat.Npz => NumpyVectors.WriteArchive(path, vectors),
            _ => SafetensorsVectors.Write(path, vectors),
        };
    }

    /// <summary>The format of a file by its first bytes, or by its name where those say nothing.</summary>
    internal static VectorFormat Recognise(string path)
    {
        using FileBytes bytes = FileBytes.Open(path);
        ReadOnlySpan<byte> start = bytes.Slice(0, (int)Math.Min(bytes.Length, 16));
        return start.StartsWith("GGUF"u8) ? VectorFormat.Gguf
            : start.StartsWith(NpyArray.Magic) ? VectorFormat.Npy
            : start.StartsWith("PK"u8) ? VectorFormat.Npz
            : start.Length > 8 && start[8] == '{' && start[7] == 0 ? VectorFormat.Safetensors
            : start.TrimStart(" \t\r\n\uFEFF"u8).StartsWith("{"u8) ? VectorFormat.Svec
            : ByExtension(Path.GetExtension(path)) ?? throw new CheckpointException(path, "first bytes", 0, start.IsEmpty ? "an empty file" : Convert.ToHexString(start),
                "GGUF, safetensors, .npy, .npz or the JSON of a .svec");
    }

    // A damaged file is better refused by the reader of its kind.
    private static VectorFormat? ByExtension(string extension) =>
        extension.Length > 1 && Enum.TryParse(extension[1..], ignoreCase: true, out VectorFormat format) && Enum.IsDefined(format) ? format : null;
}
