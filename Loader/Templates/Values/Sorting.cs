namespace Managed.Loader.Templates;

/// <summary>A stable merge sort. The framework's own sorts wrap what a comparison throws and refuse orders that NaN makes inconsistent.</summary>
internal static class Sorting
{
    public static List<T> Sort<T>(IEnumerable<T> items, Func<T, object?> key, bool reverse = false)
    {
        var source = items.Select(i => (Key: key(i), Item: i)).ToArray();
        var target = new (object? Key, T Item)[source.Length];
        for (int width = 1; width < source.Length; width *= 2)
        {
            for (int from = 0; from < source.Length; from += 2 * width)
                Merge(source, target, from, Math.Min(from + width, source.Length), Math.Min(from + 2 * width, source.Length), reverse);
            (source, target) = (target, source);
        }
        return [.. source.Select(p => p.Item)];
    }

    private static void Merge<T>((object? Key, T Item)[] source, (object? Key, T Item)[] target, int from, int middle, int end, bool reverse)
    {
        int left = from, right = middle;
        for (int i = from; i < end; i++)
        {
            bool takeRight = left == middle || (right < end && Precedes(source[right].Key, source[left].Key, reverse));
            target[i] = takeRight ? source[right++] : source[left++];
        }
    }

    private static bool Precedes(object? a, object? b, bool reverse) => reverse ? Comparison.Holds("<", b, a) : Comparison.Holds("<", a, b);
}
