using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>
/// The tokens that a step acts on, by their position in the conversation: never by their place in a call, so that it makes no
/// difference how a prompt is cut into pieces.
/// </summary>
public readonly record struct GuardPositions
{
    internal GuardPositions(PositionRule rule) => Rule = rule;

    internal PositionRule Rule { get; }

    /// <summary>The names that stand for a rule in files.</summary>
    internal static (string Name, GuardPositions Positions)[] Named { get; } =
    [
        ("last_prompt", LastPromptToken), ("from_last_prompt", FromLastPromptToken), ("prompt", Prompt), ("generated", Generated), ("all", All),
    ];

    /// <summary>The prompt's last token alone.</summary>
    public static GuardPositions LastPromptToken => new(PositionRule.LastPromptToken);

    /// <summary>The prompt's last token and every token after it.</summary>
    public static GuardPositions FromLastPromptToken => new(PositionRule.FromLastPromptToken);

    /// <summary>The whole prompt.</summary>
    public static GuardPositions Prompt => new(PositionRule.Prompt);

    /// <summary>What comes after the prompt.</summary>
    public static GuardPositions Generated => new(PositionRule.Generated);

    /// <summary>Every token.</summary>
    public static GuardPositions All => new(PositionRule.All);

    /// <summary>Every token from a position on; below 0: counted from the prompt's end, −1 is its last token.</summary>
    public static GuardPositions From(int position) => new(PositionRule.From(position));

    /// <summary>Positions first ≤ p &lt; end; numbers below 0 are counted from the prompt's end.</summary>
    public static GuardPositions Range(int first, int end) => new(PositionRule.Range(first, end));

    /// <summary>Every n-th token from the first on.</summary>
    /// <exception cref="GuardException">n is not positive.</exception>
    public static GuardPositions EveryNth(int n) =>
        new(PositionRule.EveryNth(n >= 1 ? n : throw new GuardException($"every: found {n}; expected 1 or more.")));

    /// <summary>In words.</summary>
    public override string ToString()
    {
        PositionRule rule = Rule;
        foreach ((string name, GuardPositions positions) in Named)
            if (positions.Rule == rule)
                return name switch
                {
                    "last_prompt" => "the last prompt token",
                    "from_last_prompt" => "the last prompt token and every token after it",
                    "prompt" => "every prompt token",
                    "generated" => "every generated token",
                    _ => "every token"
                };
        string first = Bound(rule.First, rule.FirstFromPromptEnd);
        string every = rule.Every == 1 ? "every token" : $"every {rule.Every}th token";
        return rule.End == PositionRule.Unbounded ? $"{every} from {first} on" : $"{every} from {first} to before {Bound(rule.End, rule.EndFromPromptEnd)}";
    }

    private static string Bound(int position, int fromPromptEnd) =>
        fromPromptEnd == 0 ? $"position {position}" : position == 0 ? "the prompt's end" : position < 0 ? $"{-position} before the prompt's end" : $"{position} after the prompt's end";
}
