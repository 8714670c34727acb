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
        return OpenFile(path, SettingsReader.ReadBeside(path));
    }

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

    private static Tokenizer OpenFile(string path, TokenizerSettings settings)
    {
        long length = new FileInfo(path).Length;
        using (var stream = File.OpenRead(path))
        {
            Span<byte> start = stackalloc byte[4];
            int count = stream.ReadAtLeast(start, 4, throwOnEndOfStream: false);
            if (length > MaxFile)
                throw new CheckpointException(path, "the file", null, $"{length} bytes", $"a tokenizer of at most {MaxFile} bytes");
            _ = start[..count];
        }
        byte[] bytes = File.ReadAllBytes(path);
        return new Tokenizer(TokenizerJsonReader.Read(path, bytes) with { Settings = settings });
    }
}
