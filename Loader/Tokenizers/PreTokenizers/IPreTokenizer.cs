namespace Managed.Loader.Tokenizers;

/// <summary>A text and the pieces it is split into; what lies in no piece is dropped.</summary>
internal sealed record TextPieces(AlignedText Text, List<(int From, int To)> Pieces);

/// <summary>What splits a text into pieces that the model sees one by one; it may rewrite them too.</summary>
internal interface IPreTokenizer
{
    TextPieces Apply(TextPieces pieces);
}

/// <summary>Several pre-tokenisers in turn, each on the pieces of the one before.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> parts) : IPreTokenizer
{
    public TextPieces Apply(TextPieces pieces) => parts.Aggregate(pieces, (current, part) => part.Apply(current));
}
