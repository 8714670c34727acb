namespace ILGPU;

/// <summary>A view of one element.</summary>
/// <typeparam name="T">The element type.</typeparam>
public readonly struct VariableView<T>
    where T : unmanaged
{
    /// <summary>Bytes of the element.</summary>
    public static readonly int VariableSize = ArrayView<T>.ElementSize;

    /// <summary>The first element of a view.</summary>
    public VariableView(ArrayView<T> baseView) => BaseView = baseView;

    /// <summary>The view behind it.</summary>
    public ArrayView<T> BaseView { get; }

    /// <summary>Whether it views anything.</summary>
    public bool IsValid => BaseView.IsValid;

    /// <summary>The element.</summary>
    public ref T Value => ref BaseView[0L];

    /// <summary>A part of the element, at a distance from its first byte.</summary>
    public VariableView<TOther> SubView<TOther>(int offsetInBytes)
        where TOther : unmanaged
        => new(BaseView.Cast<byte>().SubView((long)offsetInBytes, Interop.SizeOf<TOther>()).Cast<TOther>());
}
