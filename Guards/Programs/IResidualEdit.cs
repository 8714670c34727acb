using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>
/// A user's own edit: a struct, so that it is compiled into the kernel that runs it, on the processor and on a GPU. It sees one token's
/// row at a time and keeps nothing from row to row.
/// </summary>
public interface IResidualEdit
{
    /// <summary>Changes a row in place.</summary>
    /// <param name="stream">The row.</param>
    /// <param name="at">Where it stands.</param>
    void Apply(Span<float> stream, ResidualEditContext at);
}

/// <summary>Where a user's edit is called.</summary>
public readonly ref struct ResidualEditContext
{
    internal ResidualEditContext(int position, ReadOnlySpan<float> registers)
    {
        Position = position;
        Registers = registers;
    }

    /// <summary>The token's position in the conversation.</summary>
    public int Position { get; }

    /// <summary>The guard's registers in declared order; NaN where nothing has been written yet.</summary>
    public ReadOnlySpan<float> Registers { get; }
}

/// <summary>A user's callback on one token's row.</summary>
public delegate void ResidualCallback(Span<float> stream, ResidualEditContext at);

/// <summary>A user's struct as kernels know it.</summary>
internal readonly struct ResidualRowEdit<TEdit>(TEdit edit) : IRowEdit where TEdit : struct, IResidualEdit
{
    private readonly TEdit edit = edit;

    public void Apply(Span<float> stream, int position, ReadOnlySpan<float> registers)
    {
        TEdit own = edit;
        own.Apply(stream, new ResidualEditContext(position, registers));
    }

    public override string ToString() => $"{typeof(TEdit).Name} {edit}";
}

internal sealed class CallbackEdit(ResidualCallback callback) : CustomEdit
{
    public override void Apply(Span<float> stream, int position, ReadOnlySpan<float> registers) => callback(stream, new ResidualEditContext(position, registers));

    public override string ToString() => $"callback {callback.Method.Name}";
}
