namespace Managed.Loader.Tokenizers;

/// <summary>What turns a piece of text into tokens of a vocabulary.</summary>
internal interface ITokenModel
{
    Vocabulary Vocabulary { get; }

    /// <summary>Adds the tokens of the code points from..to of `text`.</summary>
    void Tokenize(AlignedText text, int from, int to, TokenList output);
}
