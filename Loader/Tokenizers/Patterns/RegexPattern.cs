namespace Managed.Loader.Tokenizers;

/// <summary>A regular expression over code points. Time is bounded: states that have failed once are not tried again.</summary>
internal sealed class RegexPattern : ITextPattern
{
    private readonly PatternStep[] steps;
    private readonly Func<string, string, CheckpointException> error;
    private readonly string pattern;
    private Matcher? idle;

    private RegexPattern(string pattern, PatternStep[] steps, Func<string, string, CheckpointException> error)
    {
        this.pattern = pattern;
        this.steps = steps;
        this.error = error;
    }

    /// <param name="pattern">The regular expression; see <see cref="PatternParser"/> for its syntax.</param>
    /// <param name="error">Makes the exception out of what was found and what was expected.</param>
    public static RegexPattern Parse(string pattern, Func<string, string, CheckpointException> error) =>
        new(pattern, PatternCompiler.Compile(PatternParser.Parse(pattern, error), error), error);

    public bool TryFind(ReadOnlySpan<int> text, int from, out int start, out int end)
    {
        var matcher = Interlocked.Exchange(ref idle, null) ?? new Matcher();
        if (from == 0 || matcher.Budget == 0)
            matcher.Budget = 10_000_000L + 2_000L * text.Length; // for the whole text, not for each match
        for (start = from; start <= text.Length; start++)
        {
            end = matcher.Match(steps, text, 0, start);
            if (end == Matcher.OutOfBudget)
                throw error($"the pattern '{pattern}', which takes too many steps on this text", "a pattern without heavy backtracking");
            if (end >= 0)
            {
                idle = matcher;
                return true;
            }
        }
        idle = matcher;
        end = 0;
        return false;
    }

    /// <summary>The backtracking machine and its stack.</summary>
    private sealed class Matcher
    {
        public const int OutOfBudget = -2;
        private const int Free = 2_000; // steps before failed states are remembered

        private (int Step, int At, int Least)[] stack = new (int, int, int)[64];
        private int top;

        public long Budget { get; set; }

        /// <summary>Where the match that starts at `at` ends; -1 where there is none.</summary>
        public int Match(PatternStep[] steps, ReadOnlySpan<int> text, int step, int at)
        {
            int bottom = top;
            HashSet<long>? seen = null;
            int taken = 0;
            while (true)
            {
                bool fails = false;
                if (++taken > Free && (seen ??= []).Add(((long)step << 32) | (uint)at) == false)
                {
                    fails = true;
                }
                else
                {
                    var now = steps[step];
                    switch (now.Operation)
                    {
                        case PatternOperation.One:
                            fails = at >= text.Length || !now.Set!.Contains(text[at]);
                            at++;
                            step++;
                            break;
                        case PatternOperation.Run:
                            int limit = now.Y < 0 ? text.Length : (int)Math.Min(text.Length, (long)at + now.Y);
                            int least = at + now.X;
                            int end = at;
                            while (end < limit && now.Set!.Contains(text[end]))
                                end++;
                            Budget -= (end - at) >> 3;
                            fails = end < least;
                            step++;
                            if (end > least)
                                Push(step, end - 1, least);
                            at = end;
                            break;
                        case PatternOperation.Split:
                            Push(now.Y, at, at);
                            step = now.X;
                            break;
                        case PatternOperation.Jump:
                            step = now.X;
                            break;
                        case PatternOperation.Anchor:
                            fails = !Holds((Anchor)now.X, text, at);
                            step++;
                            break;
                        case PatternOperation.Accept:
                            Budget -= taken;
                            top = bottom;
                            return Budget < 0 ? OutOfBudget : at;
                        default:
                            int inner = Part(steps, text, now, step, at);
                            if (inner == OutOfBudget)
                                return OutOfBudget;
                            fails = inner < 0;
                            at = inner;
                            step = now.Y;
                            break;
                    }
                }
                if (!fails)
                    continue;
                if (top == bottom || taken > Budget)
                {
                    Budget -= taken;
                    top = bottom;
                    return Budget < 0 ? OutOfBudget : -1;
                }
                ref var frame = ref stack[top - 1];
                (step, at) = (frame.Step, frame.At);
                if (frame.At > frame.Least)
                    frame.At--;
                else
                    top--;
            }
        }

        /// <summary>Matches a part that is a small pattern of its own; returns where to go on, or -1.</summary>
        private int Part(PatternStep[] steps, ReadOnlySpan<int> text, PatternStep now, int step, int at)
        {
            int from = now.Operation is PatternOperation.LookBehindPositive or PatternOperation.LookBehindNegative ? at - now.X : at;
            int end = from < 0 ? -1 : Match(steps, text, step + 1, from);
            if (end == OutOfBudget)
                return OutOfBudget;
            return now.Operation switch
            {
                PatternOperation.Atomic => end,
                PatternOperation.LookAhead => end >= 0 != (now.X == 1) ? at : -1,
                PatternOperation.LookBehindPositive => end == at ? at : -1,
                _ => end == at ? -1 : at,
            };
        }

        private void Push(int step, int at, int least)
        {
            if (top == stack.Length)
                Array.Resize(ref stack, top * 2);
            stack[top++] = (step, at, least);
        }

        private static bool Holds(Anchor anchor, ReadOnlySpan<int> text, int at) => anchor switch
        {
            Anchor.LineStart => at == 0 || (text[at - 1] == '\n' && at < text.Length),
            Anchor.LineEnd => at == text.Length || text[at] == '\n',
            Anchor.TextStart => at == 0,
            Anchor.TextEnd => at == text.Length,
            Anchor.TextEndOrLastNewline => at == text.Length || (at == text.Length - 1 && text[at] == '\n'),
            _ => (IsWordAt(text, at - 1) != IsWordAt(text, at)) == (anchor == Anchor.WordBoundary),
        };

        private static bool IsWordAt(ReadOnlySpan<int> text, int at) =>
            (uint)at < (uint)text.Length && UnicodeFacts.IsWord(text[at]);
    }
}
