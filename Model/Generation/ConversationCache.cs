using Managed.Cache;
using Managed.Kernels;

namespace Managed;

/// <summary>The sequences of one conversation: the model's own, and that of a draft model where there is one.</summary>
internal sealed class ConversationCache : IDisposable
{
    private readonly Dictionary<(LanguageModel, bool Drafts), Sequence> sequences = []; // a model may draft for itself

    /// <summary>
    /// A sequence that holds as much of a prompt as it can keep, at most all but the last token, whose logits are wanted.
    /// Pages of another adapter, precision or set of hooks are not kept, nor those that another guard has shaped.
    /// </summary>
    public Sequence Prepare(
        LanguageModel model, ReadOnlySpan<int> ids, Adapter? adapter, Precision precision, int row, bool drafts = false, CompiledGuard? guard = null)
    {
        if (!sequences.TryGetValue((model, drafts), out Sequence? sequence))
            sequences[(model, drafts)] = sequence = model.Transformer.Cache.Create();
        CacheOrigin origin = model.OriginOf(adapter, precision);
        int common = sequence.Origin == origin ? sequence.Tokens.CommonPrefixLength(ids) : 0;
        GuardOrigin guarded = guard?.OriginOf(ids.Length) ?? GuardOrigin.None;
        bool deciding = guard?.Decide is not null;
        bool same = guarded.Fingerprint == sequence.Guard.Fingerprint && guarded.PromptLength == sequence.Guard.PromptLength;
        if (!same)
            common = Math.Min(common, Math.Min(guarded.First, sequence.Guard.First));
        if (deciding)
            common = Math.Min(common, guard!.Decide!.Program.FirstPosition(ids.Length));
        sequence.Truncate(Math.Min(common, ids.Length - 1));
        if (same && sequence.Edits is { } edits)
        {
            (edits.Program, edits.PromptLength) = (guard!.Edits!, ids.Length);
        }
        else
        {
            sequence.Edits?.Dispose();
            sequence.Edits = deciding ? guard!.Decide!.CreateState(model, ids.Length) : guard?.CreateState(ids.Length);
        }
        (sequence.Guard, sequence.Head) = (guarded, guard?.Head);
        (sequence.Origin, sequence.Adapter, sequence.Row) = (origin, adapter, row);
        return sequence;
    }

    public void Dispose()
    {
        foreach (Sequence sequence in sequences.Values)
            sequence.Dispose();
        sequences.Clear();
    }
}
