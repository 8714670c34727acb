using System.Collections.Immutable;

namespace Managed.Constraints.Json;

/// <summary>The kinds of JSON value that schemas tell apart.</summary>
internal enum JsonKind { Null, False, True, Number, String, Array, Object }

/// <summary>A schema that a value must satisfy, or must not.</summary>
internal readonly record struct SchemaLiteral(SchemaNode Schema, bool Holds)
{
    /// <summary>A number that no other literal has.</summary>
    public int Id => 2 * Schema.Id + (Holds ? 1 : 0);
}

/// <summary>What one schema says about an array's elements: those at the first places, and all others (null: nothing).</summary>
internal sealed record ArrayPart(IReadOnlyList<SchemaLiteral?> First, SchemaLiteral? Rest);

/// <summary>How many elements must satisfy a schema.</summary>
internal sealed record ContainsPart(SchemaLiteral Item, long Min, long Max);

/// <summary>What one schema says about an object's members: by name, by pattern, and about names that neither covers (null: nothing).</summary>
internal sealed record ObjectPart(
    IReadOnlyList<(string Name, SchemaLiteral Value)> Names, IReadOnlyList<(string Pattern, Dfa Names, SchemaLiteral Value)> Patterns, SchemaLiteral? Others);

/// <summary>
/// All that one way of satisfying a schema asks of a value of one kind. Keywords turn drafts into drafts: into none where they
/// contradict, into several where there is a choice.
/// </summary>
internal sealed record Draft(JsonKind Kind)
{
    /// <summary>Whether a number must be whole.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Automata all of which must accept the string's text, or the number as it is written.</summary>
    public ImmutableList<Dfa> Texts { get; init; } = [];

    /// <summary>Bounds on code points, elements or members.</summary>
    public long MinSize { get; init; }
    public long MaxSize { get; init; } = long.MaxValue;

    public ImmutableList<ArrayPart> Arrays { get; init; } = [];
    public ContainsPart? Contains { get; init; }

    /// <summary>Where the array is asked to have no two equal elements.</summary>
    public SchemaNode? Unique { get; init; }

    public ImmutableList<ObjectPart> Objects { get; init; } = [];
    public ImmutableSortedSet<string> Required { get; init; } = ImmutableSortedSet<string>.Empty.WithComparer(StringComparer.Ordinal);

    /// <summary>Automata all of which must accept each member's name.</summary>
    public ImmutableList<Dfa> MemberNames { get; init; } = [];

    public Draft With(Dfa text) => this with { Texts = Texts.Add(text) };
    public Draft AtLeast(long size) => this with { MinSize = Math.Max(MinSize, size) };
    public Draft AtMost(long size) => this with { MaxSize = Math.Min(MaxSize, size) };
    public Draft With(ArrayPart part) => this with { Arrays = Arrays.Add(part) };
    public Draft With(ObjectPart part) => this with { Objects = Objects.Add(part) };
    public Draft Require(string name) => this with { Required = Required.Add(name) };

    /// <summary>The draft with a demand on one member, if it is there.</summary>
    public Draft Member(string name, SchemaLiteral value) => With(new ObjectPart([(name, value)], [], null));
}
