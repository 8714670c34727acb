using Managed.Loader;

namespace Managed.Fuzzing;

/// <summary>A reader that is fed damaged files.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Seeds">Sound files.</param>
/// <param name="Read">Opens the bytes and uses all that it gets; the number says which seed the file was made from.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, Action<FileBytes, int> Read)
{
    /// <summary>Words of the format, which edits of single bytes put in here and there.</summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];

    /// <summary>Values that edits of JSON put in the place of others; none where the format is no JSON.</summary>
    public IReadOnlyList<string> JsonValues { get; init; } = [];

    /// <summary>Whether some of the sound files are refused all the same, such as templates that raise.</summary>
    public bool MayRefuseSeeds { get; init; }

    /// <summary>How much may be allocated whatever the file's length, in bytes.</summary>
    public int Allowance { get; init; } = 128 << 10;

    /// <summary>How much may be allocated for each byte of the file, beside <see cref="Allowance"/>.</summary>
    public int BytesPerByte { get; init; } = 64;
}
