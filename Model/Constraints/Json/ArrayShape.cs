namespace Managed.Constraints.Json;

/// <summary>
/// What may stand at one place of an array: an element that counts towards `contains`, or one that does not. Without `contains`
/// there are only the latter.
/// </summary>
internal sealed record ArraySlot(ValueRule? Counted, ValueRule Other);

/// <summary>JSON arrays: what stands at the first places, what at all others, how many there are, and how many of them count for `contains`.</summary>
internal sealed class ArrayShape
{
    private readonly IReadOnlyList<ArraySlot> first;
    private readonly ArraySlot rest;
    private readonly long min, minCounted, maxCounted;
    private long max;

    public ArrayShape(IReadOnlyList<ArraySlot> first, ArraySlot rest, long min, long max, long minCounted, long maxCounted)
    {
        (this.first, this.rest) = (first, rest);
        (this.min, this.max, this.minCounted, this.maxCounted) = (min, max, minCounted, maxCounted);
    }

    public IEnumerable<ValueRule> Rules =>
        first.Append(rest).SelectMany(slot => slot.Counted is null ? [slot.Other] : new[] { slot.Counted, slot.Other }).Distinct();

    /// <summary>Whether some array fits, given which rules some value satisfies.</summary>
    public bool IsSatisfiable(Func<ValueRule, bool> satisfiable) => CanEndFrom(0, 0, satisfiable);

    /// <summary>Ends arrays before the first place at which nothing can stand. Called once all rules know whether anything satisfies them.</summary>
    public void Finish()
    {
        for (int i = 0; i <= first.Count && i < max; i++)
            if (!Possible(Slot(i).Counted) && !Possible(Slot(i).Other))
                max = i;
    }

    private static bool Possible(ValueRule? rule) => rule is { Satisfiable: true };

    private ArraySlot Slot(long index) => index < first.Count ? first[(int)index] : rest;

    public Frame Begin() => new ArrayFrame(this, Place.Open, 0, 0, 0);

    // Whether an array that has `index` elements, `counted` of which count, can be completed.
    private bool CanEndFrom(long index, long counted, Func<ValueRule, bool> possible)
    {
        if (index > max || counted > maxCounted)
            return false;
        long most = counted;
        for (; index < max && (index < min || most < minCounted); index++)
        {
            if (counted > maxCounted)
                return false;
            if (index >= first.Count && minCounted == 0 && possible(rest.Other)) // all further places are alike
                return true;
            var slot = Slot(index);
            bool counts = slot.Counted is { } rule && possible(rule), plain = possible(slot.Other);
            if (!counts && !plain)
                break;
            most += counts ? 1 : 0;
            counted += plain ? 0 : 1;
        }
        return index >= min && most >= minCounted && counted <= maxCounted;
    }

    private enum Place { Open, Element, AfterElement }

    private sealed class ArrayFrame(ArrayShape shape, Place place, long index, long counted, int space) : Frame
    {
        public override void Arrive(ParseStep step)
        {
            if (place == Place.Element || place == Place.Open && space == 0 && CanAdd)
            {
                var slot = shape.Slot(index);
                if (CanAddCounted(slot))
                    step.Call(slot.Counted!, After(counted + 1));
                if (CanAddOther(slot))
                    step.Call(slot.Other, After(counted));
            }
        }

        public override void Read(byte value, ParseStep step)
        {
            if (place == Place.Element)
                return; // the element's own rule reads
            if (WhiteSpace.Is(value))
            {
                if (WhiteSpace.Next(space, value) is >= 0 and int next)
                    step.Go(new ArrayFrame(shape, place, index, counted, next));
            }
            else if (value == ']' && index >= shape.min && counted >= shape.minCounted)
                step.Go(EndFrame.Instance);
            else if (value == ',' && place == Place.AfterElement && CanAdd)
                step.Go(new ArrayFrame(shape, Place.Element, index, counted, 0));
        }

        private bool CanAdd => CanAddCounted(shape.Slot(index)) || CanAddOther(shape.Slot(index));

        private bool CanAddCounted(ArraySlot slot) => Possible(slot.Counted) && shape.CanEndFrom(index + 1, counted + 1, Possible);

        private bool CanAddOther(ArraySlot slot) => index < shape.max && Possible(slot.Other) && shape.CanEndFrom(index + 1, counted, Possible);

        // Counts no further than matters, so that long arrays stay in few states.
        private ArrayFrame After(long countedNow) => new(shape, Place.AfterElement,
            shape.max == long.MaxValue ? Math.Min(index + 1, Math.Max(shape.min, shape.first.Count)) : index + 1,
            shape.maxCounted == long.MaxValue ? Math.Min(countedNow, shape.minCounted) : countedNow, 0);

        private (ArrayShape, Place, long, long, int) Key => (shape, place, index, counted, space);
        public override bool Equals(object? other) => other is ArrayFrame frame && frame.Key == Key;
        public override int GetHashCode() => HashCode.Combine(shape, place, index, counted, space);
    }
}
