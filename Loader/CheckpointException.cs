namespace Managed.Loader;

/// <summary>A file that cannot be read as a checkpoint: what was found, what was expected, and where.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Describes a defect of one field of one file.</summary>
    /// <param name="file">Path of the file.</param>
    /// <param name="field">The key, tensor or part of the file that is wrong.</param>
    /// <param name="offset">Byte offset at which the field starts; null where no single byte is to blame.</param>
    /// <param name="found">What the file holds.</param>
    /// <param name="expected">What would have been right.</param>
    /// <param name="cause">The exception behind this one, if any.</param>
    public CheckpointException(string file, string field, long? offset, string found, string expected, Exception? cause = null)
        : base(Describe(file, field, offset, found, expected), cause)
    {
        File = file;
        Field = field;
        Offset = offset;
        Found = found;
        Expected = expected;
    }

    /// <summary>Path of the file.</summary>
    public string File { get; }

    /// <summary>The key, tensor or part of the file that is wrong.</summary>
    public string Field { get; }

    /// <summary>Byte offset at which the field starts; null where no single byte is to blame.</summary>
    public long? Offset { get; }

    /// <summary>What the file holds.</summary>
    public string Found { get; }

    /// <summary>What would have been right.</summary>
    public string Expected { get; }

    private static string Describe(string file, string field, long? offset, string found, string expected)
    {
        string at = offset is { } o ? $" at byte {o}" : "";
        return $"{file}: {field}{at}: found {found}; expected {expected}.";
    }
}
