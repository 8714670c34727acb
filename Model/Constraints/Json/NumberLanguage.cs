using System.Numerics;

namespace Managed.Constraints.Json;

/// <summary>
/// Sets of numbers as automata over how JSON writes them. A number that is compared with anything is written without an exponent,
/// which every value allows: a narrower spelling of the same values.
/// </summary>
internal static class NumberLanguage
{
    private const int MaxStates = 40_000;
    private static readonly int[] Classes = [.. "-.".Append('/').Append(':').Concat("0123456789").Select(c => (int)c).Append(0).Distinct().Order()];

    /// <summary>Every JSON number.</summary>
    public static Dfa All { get; } = Of(@"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?");

    /// <summary>Whole numbers, among them 1.0 and 1e2.</summary>
    public static Dfa Whole { get; } = Of(@"-?(0|[1-9][0-9]*)(\.0+)?([eE]\+?[0-9]{1,2})?");

    /// <summary>Whole numbers without an exponent.</summary>
    public static Dfa PlainWhole { get; } = Of(@"-?(0|[1-9][0-9]*)(\.0+)?");

    /// <summary>Numbers without an exponent.</summary>
    public static Dfa Plain { get; } = Of(@"-?(0|[1-9][0-9]*)(\.[0-9]+)?");

    private static Dfa Of(string pattern) => Nfa.TryCompile(RegexParser.FullMatch(pattern))!;

    /// <summary>The plain numbers that are not in a set of plain numbers.</summary>
    public static Dfa Except(Dfa numbers) => Dfa.TryIntersect([Plain, numbers.Complement()], MaxStates)!;

    // A state: [phase, negative, digits read (as far as they matter), comparison so far].
    private const int Start = 0, AfterMinus = 1, AfterZero = 2, InWhole = 3, AfterPoint = 4, InFraction = 5;

    /// <summary>The plain numbers x for which `keep` holds of the sign of x − bound.</summary>
    public static Dfa Compared(DecimalNumber bound, Func<int, bool> keep)
    {
        int Sign(StateVector s)
        {
            int magnitude = s[0] is InFraction ? Final(s[3], s[2], bound.Fraction.Length) : WholeSign(s, bound);
            if (s[0] is AfterZero or InWhole && magnitude == 0 && bound.Fraction.Length > 0)
                magnitude = -1;
            bool negative = s[1] == 1;
            if (bound.Negative)
                return negative ? -magnitude : 1;
            return !negative ? magnitude : bound.IsZero ? -magnitude : -1;
        }
        return Dfa.TryExplore(new StateVector([Start, 0, 0, 0]), Classes, (s, c) => Next(s, c, bound),
            s => s[0] is AfterZero or InWhole or InFraction && keep(Sign(s)) ? 0 : Dfa.Dead, MaxStates)!;
    }

    // Equal so far, but digits of the bound remain: the bound is larger.
    private static int Final(int comparison, int read, int length) => comparison == 0 && read < length ? -1 : comparison;

    private static int WholeSign(StateVector s, DecimalNumber bound) => s[2] != bound.Whole.Length ? s[2].CompareTo(bound.Whole.Length) : s[3];

    private static StateVector? Next(StateVector s, int c, DecimalNumber bound)
    {
        bool digit = c is >= '0' and <= '9';
        switch (s[0])
        {
            case Start when c == '-':
                return new([AfterMinus, 1, 0, 0]);
            case Start or AfterMinus when c == '0':
                return new([AfterZero, s[1], 0, 0]);
            case Start or AfterMinus or InWhole when digit:
                int limit = bound.Whole.Length + 1, read = s[2];
                int comparison = s[3] != 0 || read >= bound.Whole.Length ? s[3] : c.CompareTo(bound.Whole[read]);
                return read + 1 >= limit ? new([InWhole, s[1], limit, 1]) : new([InWhole, s[1], read + 1, comparison]);
            case AfterZero or InWhole when c == '.':
                return new([AfterPoint, s[1], 0, WholeSign(s, bound)]);
            case AfterPoint or InFraction when digit:
                if (s[3] != 0)
                    return new([InFraction, s[1], bound.Fraction.Length, s[3]]);
                int against = s[2] < bound.Fraction.Length ? bound.Fraction[s[2]] : '0';
                int result = c.CompareTo(against);
                return new([InFraction, s[1], result != 0 ? bound.Fraction.Length : Math.Min(s[2] + 1, bound.Fraction.Length), result]);
            default:
                return null;
        }
    }

    /// <summary>The plain numbers of one value.</summary>
    public static Dfa Equal(DecimalNumber value) => Compared(value, sign => sign == 0);

    /// <summary>The plain numbers that are whole multiples of `step`; null where that takes too many states.</summary>
    public static Dfa? TryMultiples(DecimalNumber step)
    {
        if (step.Scaled > MaxStates)
            return null;
        int scale = step.Fraction.Length, modulus = (int)step.Scaled;
        // A state: [phase, value of the digits modulo `modulus`, fraction digits read].
        return Dfa.TryExplore(new StateVector([Start, 0, 0]), Classes, (s, c) =>
        {
            bool digit = c is >= '0' and <= '9';
            int residue = (s[1] * 10 + (c - '0')) % modulus;
            return s[0] switch
            {
                Start when c == '-' => new([AfterMinus, 0, 0]),
                Start or AfterMinus when c == '0' => new([AfterZero, 0, 0]),
                Start or AfterMinus or InWhole when digit => new([InWhole, residue, 0]),
                AfterZero or InWhole when c == '.' => new([AfterPoint, s[1], 0]),
                AfterPoint or InFraction when digit && s[2] < scale => new([InFraction, residue, s[2] + 1]),
                AfterPoint or InFraction when c == '0' => new([InFraction, s[1], scale]),
                _ => null,
            };
        }, s => s[0] is AfterZero or InWhole or InFraction && s[1] * BigInteger.Pow(10, scale - s[2]) % modulus == 0 ? 0 : Dfa.Dead, MaxStates);
    }
}
