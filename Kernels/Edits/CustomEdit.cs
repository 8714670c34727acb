namespace Managed.Kernels.Edits;

/// <summary>A user's C# in the forward pass.</summary>
internal abstract class CustomEdit
{
    /// <summary>Changes one token's row in place.</summary>
    /// <param name="stream">The row.</param>
    /// <param name="position">The token's position in the conversation.</param>
    /// <param name="registers">The row's registers as far as they are written.</param>
    public abstract void Apply(Span<float> stream, int position, ReadOnlySpan<float> registers);

    /// <summary>Shows the struct that the code is, with its type; null where it is none.</summary>
    public virtual TResult? Open<TResult>(IRowEditVisitor<TResult> visitor) where TResult : class => null;
}

/// <summary>A user's code as a struct: compiled into whatever runs it, a kernel of a GPU included.</summary>
internal interface IRowEdit
{
    /// <inheritdoc cref="CustomEdit.Apply"/>
    void Apply(Span<float> stream, int position, ReadOnlySpan<float> registers);
}

/// <summary>Is shown a user's struct.</summary>
internal interface IRowEditVisitor<TResult> where TResult : class
{
    /// <summary>What becomes of it; null: nothing.</summary>
    TResult? Visit<TEdit>(TEdit edit) where TEdit : struct, IRowEdit;
}

/// <summary>A user's struct.</summary>
internal sealed class StructEdit<TEdit>(TEdit edit) : CustomEdit where TEdit : struct, IRowEdit
{
    private readonly TEdit edit = edit;

    public override void Apply(Span<float> stream, int position, ReadOnlySpan<float> registers)
    {
        TEdit own = edit; // what it changes in itself is forgotten, here as on a GPU
        own.Apply(stream, position, registers);
    }

    public override TResult? Open<TResult>(IRowEditVisitor<TResult> visitor) where TResult : class => visitor.Visit(edit);

    public override string ToString() => $"{edit}";
}
