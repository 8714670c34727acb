namespace Managed.Loader.Tokenizers;

/// <summary>Reads the tables of the Unicode Character Database that travel inside the assembly.</summary>
internal static class UnicodeResource
{
    /// <summary>The fields of every line that is not a comment.</summary>
    public static IEnumerable<string[]> Lines(string name)
    {
        using Stream stream = typeof(UnicodeResource).Assembly.GetManifestResourceStream($"Managed.Unicode.{name}")
            ?? throw new InvalidOperationException($"The assembly carries no table {name}.");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            if (line.Length > 0 && line[0] != '#')
                yield return line.Split(' ');
    }

    public static int Decimal(string digits) => int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);

    public static int Hex(ReadOnlySpan<char> digits) =>
        int.Parse(digits, System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
}
