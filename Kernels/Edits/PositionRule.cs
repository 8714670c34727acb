namespace Managed.Kernels.Edits;

/// <summary>
/// Which positions of a conversation are meant: First ≤ position &lt; End, every `Every`-th of them. Bounds are counted from the
/// conversation's beginning or from the end of the prompt, never within a call, so that splitting a prompt changes nothing.
/// </summary>
/// <param name="First">First position.</param>
/// <param name="End">One past the last; <see cref="Unbounded"/>: no end.</param>
/// <param name="Every">1: each of them.</param>
/// <param name="FirstFromPromptEnd">1: `First` is counted from the prompt's length (−1: its last token).</param>
/// <param name="EndFromPromptEnd">1: `End` is counted from the prompt's length.</param>
internal readonly record struct PositionRule(int First, int End, int Every, int FirstFromPromptEnd, int EndFromPromptEnd)
{
    public const int Unbounded = int.MaxValue;

    public static PositionRule All => new(0, Unbounded, 1, 0, 0);

    public static PositionRule LastPromptToken => new(-1, 0, 1, 1, 1);

    public static PositionRule FromLastPromptToken => new(-1, Unbounded, 1, 1, 0);

    public static PositionRule Prompt => new(0, 0, 1, 0, 1);

    public static PositionRule Generated => new(0, Unbounded, 1, 1, 0);

    public static PositionRule From(int position) => new(position, Unbounded, 1, position < 0 ? 1 : 0, 0);

    public static PositionRule Range(int first, int end) => new(first, end, 1, first < 0 ? 1 : 0, end < 0 ? 1 : 0);

    public static PositionRule EveryNth(int n) => new(0, Unbounded, n, 0, 0);

    /// <summary>Whether the prompt's length matters.</summary>
    public bool DependsOnPrompt => FirstFromPromptEnd + EndFromPromptEnd > 0;

    /// <summary>The first position that is meant in a conversation with such a prompt; <see cref="Unbounded"/>: none.</summary>
    public int FirstIn(int promptLength)
    {
        int first = Start(promptLength);
        return first < Stop(promptLength) ? first : Unbounded;
    }

    public bool Contains(int position, int promptLength)
    {
        int first = Start(promptLength);
        return position >= first && position < Stop(promptLength) && (Every == 1 || (position - first) % Every == 0);
    }

    /// <summary>How many of the positions that are meant come up to one of them, itself included.</summary>
    public int NumberOf(int position, int promptLength) => ((position - Start(promptLength)) / Every) + 1;

    /// <summary>Whether at most one position is meant, whatever the prompt.</summary>
    public bool IsSingle => End != Unbounded && FirstFromPromptEnd == EndFromPromptEnd && End - First <= 1;

    /// <summary>Whether all positions meant are the prompt's, whatever its length.</summary>
    public bool EndsWithPrompt => EndFromPromptEnd == 1 && End <= 0;

    private int Start(int promptLength) => Math.Max(0, FirstFromPromptEnd == 1 ? promptLength + First : First);

    private int Stop(int promptLength) => EndFromPromptEnd == 1 ? promptLength + End : End;
}
