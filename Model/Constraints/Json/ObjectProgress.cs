namespace Managed.Constraints.Json;

/// <summary>
/// The members that an object already has: the declared ones, the names of the others, how many of the others have names that this
/// state does not know (see <see cref="ParseNode.Nameless"/>), and how many there are in all, as far as that matters. Immutable.
/// </summary>
internal sealed record ObjectProgress(ObjectShape Shape, NameBits Declared, NameSet Others, int Unknown, long Count)
{
    public bool CanClose => Count >= Shape.Min && Shape.Required.CountWithout(Declared) == 0;

    public bool CanOpenName => Shape.CanName(this, Shape.Names.Start, Others.All, Unknown);

    /// <summary>The object with one more member; null if it has the name already. A null name is one that is not known.</summary>
    public ObjectProgress? With(int label, string? name, in NameSet.NameRange same)
    {
        long count = Shape.IsBounded ? Count + 1 : Math.Min(Count + 1, Shape.Min);
        if (Shape.IsDeclared(label))
            return Declared[label] ? null : this with { Declared = Declared.With(label), Count = count };
        if (same.IsName)
            return null;
        return name is null ? this with { Unknown = Unknown + 1, Count = count } : this with { Others = Others.With(name), Count = count };
    }
}
