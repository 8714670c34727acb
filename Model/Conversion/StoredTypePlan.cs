using Managed.Loader;

namespace Managed.Conversion;

/// <summary>Which type each tensor gets.</summary>
/// <param name="Wanted">What the user asked for; null keeps what is there, as far as the format can hold it.</param>
/// <param name="ToGguf">GGUF keeps vectors in F32.</param>
/// <param name="Note">Told where a tensor gets another type than asked for.</param>
internal sealed record StoredTypePlan(TensorType? Wanted, bool ToGguf, Action<string> Note)
{
    /// <summary>The types that a conversion can write.</summary>
    public static TensorType[] Writable { get; } = [TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_K];

    /// <param name="source">The tensor.</param>
    /// <param name="gguf">Its name in GGUF, whichever way the conversion goes.</param>
    public TensorType For(StoredTensor source, string gguf)
    {
        if (ToGguf && source.Shape.Length < 2)
            return TensorType.F32;
        if (Wanted is not { } wanted)
            return source.Type is TensorType.F32 or TensorType.F16 or TensorType.BF16 ? source.Type : Plain(source);
        bool outer = gguf is "token_embd.weight" or "output.weight";
        TensorType chosen = outer && wanted is (TensorType.Q4_0 or TensorType.Q4_K) ? TensorType.Q8_0 : wanted;
        TensorType fitting = Fitting(chosen, source.Shape.Length == 0 ? 1 : source.Shape[^1]);
        if (fitting != chosen)
            Note($"{gguf}: rows of {source.Shape[^1]} are not whole {chosen} blocks of {TensorTypes.Of(chosen).BlockElements}; written as {fitting}");
        return fitting;
    }

    private TensorType Plain(StoredTensor source)
    {
        if (!TensorTypes.Of(source.Type).IsPlain && ToGguf)
            return source.Type;
        Note($"{source.Name}: {source.Type} becomes F32, which holds its values exactly");
        return TensorType.F32;
    }

    private static TensorType Fitting(TensorType wanted, long columns)
    {
        if (columns % TensorTypes.Of(wanted).BlockElements == 0)
            return wanted;
        return wanted == TensorType.Q4_K && columns % 32 == 0 ? TensorType.Q8_0 : TensorType.F16;
    }
}
