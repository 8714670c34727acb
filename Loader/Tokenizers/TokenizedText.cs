namespace Managed.Loader.Tokenizers;

/// <summary>A text as tokens.</summary>
/// <param name="Ids">The tokens' ids.</param>
/// <param name="Tokens">The tokens as the vocabulary spells them.</param>
/// <param name="Offsets">
/// The part of the text that each token stands for, in code points (not UTF-16 units): the end is exclusive.
/// Tokens that a tokenizer adds stand for (0, 0); the tokens of a character's single bytes each for the whole character.
/// </param>
internal sealed record TokenizedText(int[] Ids, string[] Tokens, (int Start, int End)[] Offsets);
