using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>The bytes that a token stands for inside a text.</summary>
internal static class TokenBytesReader
{
    private const string SpaceSign = "\u2581";

    public static byte[] Read(string token, TokenSpelling spelling) => spelling switch
    {
        TokenSpelling.ByteSymbols when token.All(unit => ByteSymbols.Byte(unit) >= 0) =>
            [.. token.Select(unit => (byte)ByteSymbols.Byte(unit))],
        TokenSpelling.SpaceSigns when ByteTokens.Parse(token) is { } value => [value],
        TokenSpelling.SpaceSigns => Encoding.UTF8.GetBytes(token.Replace(SpaceSign, " ", StringComparison.Ordinal)),
        TokenSpelling.ContinuingPrefix => Encoding.UTF8.GetBytes(
            token.StartsWith("##", StringComparison.Ordinal) ? token[2..] : " " + token),
        _ => Encoding.UTF8.GetBytes(token),
    };
}
