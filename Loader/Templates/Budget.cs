namespace Managed.Loader.Templates;

/// <summary>
/// The work that the rendering on this thread may still do. It is held per thread, because comparing and hashing
/// happen inside collections that cannot hand it down.
/// </summary>
internal sealed class Budget
{
    private const int CharactersPerUnit = 32;
    private const int CharactersScannedPerUnit = 512;

    [ThreadStatic] private static Budget? s_current;

    private readonly TemplateLimits limits;
    private long left;

    private Budget(TemplateLimits limits) => (this.limits, left) = (limits, limits.Work);

    public static TemplateLimits Limits => s_current?.limits ?? TemplateLimits.Default;

    /// <summary>Runs one rendering on a fresh budget; renderings may nest.</summary>
    public static T Run<T>(TemplateLimits limits, Func<T> rendering)
    {
        Budget? outer = s_current;
        s_current = new Budget(limits);
        try { return rendering(); }
        finally { s_current = outer; }
    }

    public static void Spend(long units)
    {
        if (s_current is { } budget && (budget.left -= units) < 0)
            throw TemplateException.Runtime($"the template does too much work: more than {budget.limits.Work} steps");
    }

    /// <summary>Refuses a text that has grown beyond the limit; its parts were paid for one by one.</summary>
    public static void CheckText(long length)
    {
        if (length > Limits.Text)
            throw TemplateException.Runtime($"the template builds too long a text: more than {Limits.Text} characters");
    }

    /// <summary>Pays for a string of that many characters, before it is built where it may be huge.</summary>
    public static void SpendText(long length)
    {
        CheckText(length);
        Spend(1 + length / CharactersPerUnit);
    }

    /// <summary>Pays for looking through a text, which is much cheaper than building one.</summary>
    public static void SpendScan(int length) => Spend(length / CharactersScannedPerUnit);

    /// <summary>Pays for a search: a long text may almost match at every place.</summary>
    public static void SpendSearch(int length, int sought) => Spend(length / CharactersScannedPerUnit + ((long)length * sought >> 12));

    /// <summary>Pays for a list of that many elements, before it is built.</summary>
    public static void SpendItems(long count)
    {
        if (count > Limits.Text)
            throw TemplateException.Runtime($"the template builds too long a list: more than {Limits.Text} elements");
        Spend(1 + count);
    }
}
