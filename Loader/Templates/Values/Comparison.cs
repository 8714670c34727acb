using System.Runtime.CompilerServices;

namespace Managed.Loader.Templates;

/// <summary>Equality, order and truth of values, as Python has them.</summary>
internal static class Comparison
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long integer => integer != 0,
        double real => real != 0,
        System.Numerics.BigInteger => true, // zero is always a long
        _ => Sequences.TryLength(value) is not 0,
    };

    public static bool AreEqual(object? left, object? right)
    {
        if (ReferenceEquals(left, right))
            return left is not double real || !double.IsNaN(real);
        Budget.Spend(1);
        if (Number.Is(left))
            return Number.Is(right) && Number.Compare(left, right) == 0;
        if (Kind.Text(left) is { } text)
        {
            if (Kind.Text(right) is not { } other || text.Length != other.Length)
                return false;
            Budget.SpendScan(text.Length);
            return text == other;
        }
        switch (left, right)
        {
            case (Undefined, Undefined):
                return true;
            case (ListValue, ListValue) or (TupleValue, TupleValue):
                return SameItems(((SequenceValue)left!).Items, ((SequenceValue)right!).Items);
            case (DictValue a, DictValue b):
                RuntimeHelpers.EnsureSufficientExecutionStack();
                return a.Count == b.Count && a.All(e => b.TryGet(e.Key, out object? value) && AreEqual(e.Value, value));
            case (RangeValue a, RangeValue b):
                return a.Count == b.Count && (a.Count == 0 || (a.Start == b.Start && (a.Count == 1 || a.Step == b.Step)));
            case (BytesValue a, BytesValue b):
                return a.Bytes.AsSpan().SequenceEqual(b.Bytes);
            case (DictView { TypeName: not "dict_values" } a, DictView { TypeName: not "dict_values" } b):
                return a.Dict.Count == b.Dict.Count && a.Items.All(item => Sequences.Contains(b, item));
            default:
                return false;
        }
    }

    private static bool SameItems(IReadOnlyList<object?> left, IReadOnlyList<object?> right)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (left.Count != right.Count)
            return false;
        for (int i = 0; i < left.Count; i++)
            if (!AreEqual(left[i], right[i]))
                return false;
        return true;
    }

    /// <summary>Whether left stands to right as the operator says, one of == != &lt; &lt;= &gt; &gt;=.</summary>
    public static bool Holds(string operation, object? left, object? right)
    {
        switch (operation)
        {
            case "==": return AreEqual(left, right);
            case "!=": return !AreEqual(left, right);
        }
        return Order(left, right, operation) is { } order && operation switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }

    /// <summary>Which comes first when sorting.</summary>
    public static int Order(object? left, object? right) => Order(left, right, "<") ?? 0;

    // null: a NaN stands in no order to anything
    private static int? Order(object? left, object? right, string operation)
    {
        Budget.Spend(1);
        if ((left as Undefined ?? right as Undefined) is { } undefined)
            throw undefined.Error();
        if (Number.Is(left) && Number.Is(right))
            return Number.Compare(left, right);
        if (Kind.Text(left) is { } text && Kind.Text(right) is { } other)
            return PythonText.Compare(text, other);
        if (left is ListValue && right is ListValue || left is TupleValue && right is TupleValue)
            return OrderItems(((SequenceValue)left).Items, ((SequenceValue)right).Items, operation);
        if (left is BytesValue a && right is BytesValue b)
            return a.Bytes.AsSpan().SequenceCompareTo(b.Bytes);
        throw TemplateException.Type(
            $"'{operation}' not supported between instances of '{Kind.Name(left)}' and '{Kind.Name(right)}'");
    }

    private static int? OrderItems(IReadOnlyList<object?> left, IReadOnlyList<object?> right, string operation)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        for (int i = 0; i < Math.Min(left.Count, right.Count); i++)
            if (!AreEqual(left[i], right[i]))
                return Order(left[i], right[i], operation);
        return left.Count.CompareTo(right.Count);
    }
}
