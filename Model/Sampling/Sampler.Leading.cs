using Managed.Kernels.Guidance;

namespace Managed.Sampling;

/// <summary>Choices of which the sampler sees but the tokens that lead, and those that its first steps change: the same tokens as from all logits.</summary>
internal sealed partial class Sampler
{
    private const int LongestPause = 64; // tokens for which no list is asked for, where lists kept leaving the choice open

    private int[] named = [];
    private int pause, pauses; // tokens until a list is asked for again; what they were at first

    /// <summary>What the sampler has to see.</summary>
    public LeadingPlan Plan { get; }

    /// <summary>Puts the tokens that its first steps may change behind the stages of the newest choice, to be told.</summary>
    public void SetAside(LogitChoices choices, ReadOnlySpan<int> ids, int promptLength) => choices.SetAside(Named(new SamplingContext(ids, promptLength)));

    /// <summary>Whether the next token is to be chosen of a list; else all logits are needed. Asked once for each token.</summary>
    public bool WantsList()
    {
        if (pause == 0)
            return Plan.Listed > 0;
        pause--;
        return false;
    }

    /// <summary>Chooses the next token from those that lead and those that were set aside.</summary>
    /// <param name="list">These tokens, behind the row's own stages.</param>
    /// <param name="ids">Prompt and generated tokens.</param>
    /// <param name="promptLength">How many of them are the prompt's.</param>
    /// <returns>The token that <see cref="Choose"/> would give; −1: the others have to be seen.</returns>
    /// <exception cref="GenerationException">No token is left.</exception>
    public int ChooseLeading(TokenList list, ReadOnlySpan<int> ids, int promptLength)
    {
        var context = new SamplingContext(ids, promptLength) { Random = random };
        candidates.Load(list);
        Run(steps.AsSpan(0, Plan.OpenSteps), context);
        candidates.Complete(list, Plan.Sharpness);
        int id = Finish(context);
        pause = pauses = id >= 0 ? 0 : Math.Clamp(2 * pauses, 1, LongestPause);
        return id;
    }

    // The tokens that the first steps may change, ascending.
    private ReadOnlySpan<int> Named(in SamplingContext context)
    {
        int count = 0;
        Span<int> seen = candidates.Tallies;
        foreach (ILogitStep step in steps.AsSpan(0, Plan.LocalSteps))
        {
            ReadOnlySpan<int> changes = ((ILocalStep)step).Changes(context);
            if (named.Length < count + changes.Length)
                Array.Resize(ref named, 2 * (count + changes.Length));
            foreach (int id in changes)
                if (id < seen.Length && seen[id]++ == 0)
                    named[count++] = id;
        }
        foreach (int id in named.AsSpan(0, count))
            seen[id] = 0;
        named.AsSpan(0, count).Sort();
        return named.AsSpan(0, count);
    }

    // Where tokens that are not seen may come, the next step has to drop them all, or the draw to end before them; −1: neither is certain.
    private int Finish(in SamplingContext context)
    {
        int next = Plan.OpenSteps;
        if (candidates.HasUnseen)
        {
            if (next == steps.Length)
                return candidates.TryDraw(random.Uniform(context.Ids.Length, RandomPurpose.Token));
            if (!((ILeadingStep)steps[next]).SeesAllThatStay(candidates))
                return -1;
            steps[next++].Apply(candidates, context);
            candidates.DropUnseen();
        }
        Run(steps.AsSpan(next), context);
        return Pick(context.Ids);
    }
}
