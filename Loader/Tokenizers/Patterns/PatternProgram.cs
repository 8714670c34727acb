namespace Managed.Loader.Tokenizers;

/// <summary>One step of a compiled regular expression.</summary>
internal readonly record struct PatternStep(PatternOperation Operation, int X = 0, int Y = 0, PointSet? Set = null);

internal enum PatternOperation
{
    /// <summary>One code point of the set.</summary>
    One,

    /// <summary>As many code points of the set as there are, at least X and at most Y (-1: no limit), then fewer.</summary>
    Run,

    /// <summary>Goes on at X; if that fails, at Y.</summary>
    Split,

    Jump,

    /// <summary>The anchor number X holds here.</summary>
    Anchor,

    /// <summary>The part that starts at the next step matches here (or, where X is 1, does not); goes on at Y.</summary>
    LookAhead,

    /// <summary>The part that starts at step X ends here, having begun Y code points before.</summary>
    LookBehindPositive,

    LookBehindNegative,

    /// <summary>The first way in which the part that starts at the next step matches, and no other; goes on at Y.</summary>
    Atomic,

    /// <summary>The end of the pattern or of a part.</summary>
    Accept,
}

/// <summary>Turns a pattern's tree into steps.</summary>
internal sealed class PatternCompiler
{
    private const int MaxSteps = 50_000;

    private readonly List<PatternStep> steps = [];
    private readonly Func<string, string, CheckpointException> error;

    private PatternCompiler(Func<string, string, CheckpointException> error) => this.error = error;

    public static PatternStep[] Compile(PatternNode node, Func<string, string, CheckpointException> error)
    {
        var compiler = new PatternCompiler(error);
        compiler.Emit(node);
        compiler.Add(new PatternStep(PatternOperation.Accept));
        return [.. compiler.steps];
    }

    private int Add(PatternStep step)
    {
        if (steps.Count >= MaxSteps)
            throw error("a pattern whose repetitions expand beyond reason", $"at most {MaxSteps} steps");
        steps.Add(step);
        return steps.Count - 1;
    }

    private void Emit(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.One one:
                Add(new PatternStep(PatternOperation.One, Set: one.Set));
                break;
            case PatternNode.Series series:
                series.Parts.ForEach(Emit);
                break;
            case PatternNode.Choice choice:
                EmitChoice(choice.Branches);
                break;
            case PatternNode.Repeat repeat:
                EmitRepeat(repeat);
                break;
            case PatternNode.Atomic atomic:
                EmitPart(PatternOperation.Atomic, 0, atomic.Body);
                break;
            case PatternNode.Look { Behind: false } look:
                EmitPart(PatternOperation.LookAhead, look.Negative ? 1 : 0, look.Body);
                break;
            case PatternNode.Look look:
                EmitLookBehind(look);
                break;
            case PatternNode.At at:
                Add(new PatternStep(PatternOperation.Anchor, (int)at.Anchor));
                break;
        }
    }

    private void EmitPart(PatternOperation operation, int x, PatternNode body)
    {
        int start = Add(default);
        Emit(body);
        Add(new PatternStep(PatternOperation.Accept));
        steps[start] = new PatternStep(operation, x, steps.Count);
    }

    private void EmitChoice(List<PatternNode> branches)
    {
        var exits = new List<int>();
        for (int i = 0; i < branches.Count; i++)
        {
            int split = i + 1 < branches.Count ? Add(default) : -1;
            Emit(branches[i]);
            if (split < 0)
                break;
            exits.Add(Add(default));
            steps[split] = new PatternStep(PatternOperation.Split, split + 1, steps.Count);
        }
        foreach (int exit in exits)
            steps[exit] = new PatternStep(PatternOperation.Jump, steps.Count);
    }

    private void EmitRepeat(PatternNode.Repeat repeat)
    {
        if (repeat.Body is PatternNode.One one && !repeat.Lazy)
        {
            Add(new PatternStep(PatternOperation.Run, repeat.Least, repeat.Most, one.Set));
            return;
        }
        for (int i = 0; i < repeat.Least; i++)
            Emit(repeat.Body);
        if (repeat.Most < 0)
        {
            int split = Add(default);
            Emit(repeat.Body);
            Add(new PatternStep(PatternOperation.Jump, split));
            SetSplit(split, repeat.Lazy);
            return;
        }
        var splits = new List<int>();
        for (int i = repeat.Least; i < repeat.Most; i++)
        {
            splits.Add(Add(default));
            Emit(repeat.Body);
        }
        foreach (int split in splits)
            SetSplit(split, repeat.Lazy);
    }

    /// <summary>Enter the body that follows the split or leave to the steps' present end.</summary>
    private void SetSplit(int split, bool lazy) => steps[split] = lazy
        ? new PatternStep(PatternOperation.Split, steps.Count, split + 1)
        : new PatternStep(PatternOperation.Split, split + 1, steps.Count);

    /// <summary>Every alternative has a length of its own, and is tried that far back.</summary>
    private void EmitLookBehind(PatternNode.Look look)
    {
        var branches = look.Body is PatternNode.Choice choice ? choice.Branches : [look.Body];
        var exits = new List<int>();
        for (int i = 0; i < branches.Count; i++)
        {
            int length = branches[i].FixedLength() ?? throw error("a look-behind of varying length", "alternatives of fixed length");
            int split = !look.Negative && i + 1 < branches.Count ? Add(default) : -1;
            int start = Add(default);
            Emit(branches[i]);
            Add(new PatternStep(PatternOperation.Accept));
            steps[start] = new PatternStep(
                look.Negative ? PatternOperation.LookBehindNegative : PatternOperation.LookBehindPositive, length, steps.Count);
            if (split < 0)
                continue;
            exits.Add(Add(default));
            steps[split] = new PatternStep(PatternOperation.Split, split + 1, steps.Count);
        }
        foreach (int exit in exits)
            steps[exit] = new PatternStep(PatternOperation.Jump, steps.Count);
    }
}
