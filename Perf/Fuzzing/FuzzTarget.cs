using Managed.Loader;

namespace Managed.Fuzzing;

/// <summary>A reader that is fed damaged files.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Seeds">Sound files.</param>
/// <param name="Tokens">Words of the format, for edits that keep its grammar alive.</param>
/// <param name="BytesPerByte">How much may be allocated for each byte of the file, beside a fixed allowance.</param>
/// <param name="Read">Opens the bytes and uses all that it gets; the number says which seed the file was made from.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, IReadOnlyList<string> Tokens, int BytesPerByte, Action<FileBytes, int> Read);
