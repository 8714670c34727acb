using System.Numerics.Tensors;
using Managed.Cache;
using Managed.Kernels;

namespace Managed;

public sealed partial class LanguageModel
{
    /// <summary>The most likely continuation, token by token from the cache, with this model's hooks; end tokens do not stop it.</summary>
    internal int[] GreedyContinuation(ReadOnlySpan<int> prompt, int count, Precision precision)
    {
        var ids = new int[count];
        using Sequence sequence = Transformer.Cache.Create();
        Precision before = Transformer.Precision;
        Transformer.Precision = precision;
        try
        {
            ReadOnlyMemory<int> next = prompt.ToArray();
            for (int i = 0; i < count; i++)
            {
                Rows logits = Transformer.Forward([new StepInput(sequence, next)], LogitsWanted.Last, hooks);
                ids[i] = TensorPrimitives.IndexOfMax<float>(Transformer.View(logits).Row(0));
                next = ids.AsMemory(i, 1);
            }
        }
        finally
        {
            Transformer.Precision = before;
        }
        return ids;
    }
}
