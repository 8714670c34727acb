using System.Globalization;
using System.Text.RegularExpressions;

namespace Managed.Loader;

/// <summary>The parts of a GGUF model that was split over several files, "name-00001-of-00003.gguf" and so on.</summary>
internal static partial class GgufSplit
{
    private const int MostParts = 99_999; // five digits

    /// <summary>Opens every part of the model that `path` belongs to, the first part first; just the one file where it was never split.</summary>
    public static List<GgufFile> Open(string path)
    {
        var parts = new List<GgufFile> { GgufFile.Open(path) };
        try
        {
            if (parts[0].Metadata.ContainsKey("split.count"))
                OpenOthers(path, parts);
            return parts;
        }
        catch
        {
            parts.ForEach(part => part.Dispose());
            throw;
        }
    }

    private static void OpenOthers(string path, List<GgufFile> parts)
    {
        var keys = new GgufConfigSection(parts[0]);
        int count = keys.Count("split.count", most: MostParts);
        if (count <= 1)
            return;
        Match name = PartName().Match(path);
        if (!name.Success || int.Parse(name.Groups["count"].Value, CultureInfo.InvariantCulture) != count)
            throw keys.Error("split.count", $"{count} parts, while the file's name says otherwise", $"a name that ends in -00001-of-{count:D5}.gguf");
        GgufFile given = parts[0];
        parts.Clear();
        long tensors = 0;
        for (int number = 0; number < count; number++)
        {
            string partPath = $"{name.Groups["start"].Value}-{number + 1:D5}-of-{count:D5}.gguf";
            bool isGiven = Path.GetFullPath(partPath) == Path.GetFullPath(path);
            if (!isGiven && !File.Exists(partPath))
                throw keys.Error("split.count", $"{count} parts, but no file {Path.GetFileName(partPath)}", "all parts in one folder");
            GgufFile part = isGiven ? given : GgufFile.Open(partPath);
            parts.Add(part);
            CheckPart(part, number, count);
            tensors += part.Tensors.Count;
        }

        long expected = new GgufConfigSection(parts[0]).Integer("split.tensors.count", tensors);
        if (expected != tensors)
            throw keys.Error("split.tensors.count", $"{expected}, while the parts hold {tensors}", "the same number");
    }

    private static void CheckPart(GgufFile part, int number, int count)
    {
        var keys = new GgufConfigSection(part);
        int claimed = keys.Count("split.no", most: MostParts);
        if (claimed != number)
            throw keys.Error("split.no", $"{claimed}", $"{number}, as the file's name says");
        if (keys.Count("split.count", most: MostParts) != count)
            throw keys.Error("split.count", $"{keys.Count("split.count")}", $"{count}, as in the other parts");
    }

    [GeneratedRegex(@"^(?<start>.*)-(?<number>\d{5})-of-(?<count>\d{5})\.gguf$", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex PartName();
}
