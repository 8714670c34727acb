namespace Managed.Loader.Tokenizers;

/// <summary>Recognises the files that tokenizers come in.</summary>
internal static class TokenizerFiles
{
    private const long MaxFile = 1L << 30;

    public static Tokenizer Open(string path)
    {
        if (Directory.Exists(path))
            return OpenDirectory(path);
        if (!File.Exists(path))
            throw new CheckpointException(path, "the path", null, "nothing", "a checkpoint directory, a tokenizer.json, a SentencePiece model or a GGUF file");
        return OpenFile(path, null);
    }

    /// <summary>The tokenizer in the metadata of a GGUF file.</summary>
    public static Tokenizer Open(GgufFile file) => new(GgufTokenizerBuilder.Build(GgufVocabulary.Read(file)));

    private static Tokenizer OpenDirectory(string directory)
    {
        foreach (string name in (string[])["tokenizer.json", "tokenizer.model"])
        {
            string file = Path.Combine(directory, name);
            if (File.Exists(file))
                return OpenFile(file, SettingsReader.Read(directory));
        }
        throw new CheckpointException(directory, "the directory", null, "neither of the two", "tokenizer.json or tokenizer.model");
    }

    private static Tokenizer OpenFile(string path, TokenizerSettings? settings)
    {
        long length = new FileInfo(path).Length;
        if (GgufFile.Recognise(path))
        {
            using var gguf = GgufFile.Open(path);
            return Open(gguf);
        }
        if (length > MaxFile)
            throw new CheckpointException(path, "the file", null, $"{length} bytes", $"a tokenizer of at most {MaxFile} bytes");
        byte[] bytes = File.ReadAllBytes(path);
        return new Tokenizer(LooksLikeJson(bytes)
            ? TokenizerJsonReader.Read(path, bytes) with { Settings = settings ?? SettingsReader.ReadBeside(path) }
            : SentencePieceReader.Read(path, bytes, settings));
    }

    /// <summary>Whether JSON begins here. A SentencePiece model begins with a line feed too (a field's tag), but then comes a length and another tag.</summary>
    private static bool LooksLikeJson(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];
        bytes = bytes.TrimStart(" \t\r\n"u8);
        return bytes.Length > 0 && bytes[0] is (byte)'{' or (byte)'[';
    }
}
