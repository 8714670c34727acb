using System.Numerics;

namespace Managed.Loader.Templates;

/// <summary>Which elements [start:stop:step] takes of a sequence of known length.</summary>
internal readonly record struct SliceRange(int Start, int Count, int Step)
{
    public static SliceRange Of(object? start, object? stop, object? step, int length)
    {
        BigInteger stride = Bound(step) ?? 1;
        if (stride == 0)
            throw TemplateException.Value("slice step cannot be zero");
        bool forward = stride > 0;
        int lowest = forward ? 0 : -1, highest = forward ? length : length - 1;
        int from = Clamp(Bound(start), forward ? lowest : highest);
        int to = Clamp(Bound(stop), forward ? highest : lowest);
        int by = (int)BigInteger.Max(-int.MaxValue, BigInteger.Min(int.MaxValue, stride));
        long distance = forward ? (long)to - from : (long)from - to;
        int count = distance <= 0 ? 0 : (int)((distance - 1) / Math.Abs((long)by) + 1);
        return new SliceRange(from, count, by);

        int Clamp(BigInteger? bound, int missing)
        {
            if (bound is not { } value)
                return missing;
            if (value < 0)
                value += length;
            return value < lowest ? lowest : value > highest ? highest : (int)value;
        }
    }

    private static BigInteger? Bound(object? value)
    {
        if (value is null)
            return null;
        if (value is Undefined undefined)
            throw undefined.Error();
        return Number.TryInteger(value, out var integer)
            ? integer
            : throw TemplateException.Type("slice indices must be integers or None or have an __index__ method");
    }
}
