namespace Managed.Loader.Tokenizers;

/// <summary>What is done to the tokens of a whole text at the end.</summary>
internal interface IPostProcessor
{
    /// <param name="tokens">The text's tokens.</param>
    /// <param name="symbol">A token's text by its id.</param>
    /// <param name="addSpecialTokens">Whether special tokens may be put around them.</param>
    TokenList Process(TokenList tokens, Func<int, string> symbol, bool addSpecialTokens);

    /// <summary>The ids of the special tokens that it may put there.</summary>
    IEnumerable<int> Ids { get; }
}

/// <summary>Several post-processors in turn.</summary>
internal sealed class PostProcessorSequence(IReadOnlyList<IPostProcessor> parts) : IPostProcessor
{
    public IEnumerable<int> Ids => parts.SelectMany(part => part.Ids);

    public TokenList Process(TokenList tokens, Func<int, string> symbol, bool addSpecialTokens) =>
        parts.Aggregate(tokens, (current, part) => part.Process(current, symbol, addSpecialTokens));
}

/// <summary>Special tokens before and behind the text's own.</summary>
internal sealed class FramePostProcessor(int[] before, int[] behind) : IPostProcessor
{
    public IEnumerable<int> Ids => before.Concat(behind);

    public TokenList Process(TokenList tokens, Func<int, string> symbol, bool addSpecialTokens)
    {
        if (!addSpecialTokens || (before.Length == 0 && behind.Length == 0))
            return tokens;
        var output = new TokenList();
        foreach (int id in before)
            output.Add(id, (0, 0)); // they stand for no part of the text
        output.AddRange(tokens);
        foreach (int id in behind)
            output.Add(id, (0, 0));
        return output;
    }
}

/// <summary>Special tokens around the text's own, in any order and number, as a list of parts: an id, or null for the text.</summary>
internal sealed class TemplatePostProcessor(IReadOnlyList<int[]?> parts) : IPostProcessor
{
    public IEnumerable<int> Ids => parts.SelectMany(ids => ids ?? []);

    public TokenList Process(TokenList tokens, Func<int, string> symbol, bool addSpecialTokens)
    {
        if (!addSpecialTokens)
            return tokens;
        var output = new TokenList();
        foreach (int[]? ids in parts)
        {
            if (ids is null)
            {
                output.AddRange(tokens);
                continue;
            }
            foreach (int id in ids)
                output.Add(id, (0, 0));
        }
        return output;
    }
}

/// <summary>Leaves the spaces at the ends of byte-level tokens out of their offsets.</summary>
internal sealed class TrimOffsetsPostProcessor(bool addPrefixSpace) : IPostProcessor
{
    public IEnumerable<int> Ids => [];

    public TokenList Process(TokenList tokens, Func<int, string> symbol, bool addSpecialTokens)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            string text = tokens.Texts.GetValueOrDefault(i) ?? symbol(tokens.Ids[i]);
            int leading = text.TakeWhile(IsSpace).Count();
            int trailing = text.Reverse().TakeWhile(IsSpace).Count();
            var (start, end) = tokens.Offsets[i];
            if (leading > 0)
            {
                if ((i == 0 || start == 0) && addPrefixSpace)
                    leading--; // the space that was put in front is not in the text
                start = Math.Min(start + leading, end);
            }
            if (trailing > 0 && end >= trailing)
                end = Math.Max(end - trailing, start);
            tokens.Offsets[i] = (start, end);
        }
        return tokens;
    }

    private static bool IsSpace(char unit) => unit == (char)ByteSymbols.Symbol((byte)' ') || char.IsWhiteSpace(unit);
}
