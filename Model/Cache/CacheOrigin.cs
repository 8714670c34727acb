using Managed.Kernels;

namespace Managed.Cache;

/// <summary>
/// What shaped a sequence's keys and values besides its tokens. Two texts with the same beginning may share pages only
/// where all of this is equal: keys that another adapter, another precision or other hooks computed are other keys.
/// </summary>
/// <param name="Adapter">The low-rank adapter; null: none.</param>
/// <param name="Precision">How quantised weights met activations.</param>
/// <param name="Hooks">Version of the model's hooks.</param>
/// <param name="Weights">Version of the model's weights, which merging an adapter changes.</param>
internal readonly record struct CacheOrigin(Adapter? Adapter, Precision Precision, long Hooks, int Weights);

/// <summary>
/// The guard that shaped a sequence from a position on. Before that position the cache is as without any guard, so that pages
/// may be shared; from it on only texts of the same guard, and of the same prompt's length where the guard counts from the prompt's end, share them.
/// </summary>
/// <param name="Fingerprint">Of everything that the guard does; null: no guard.</param>
/// <param name="PromptLength">Where the prompt ended; −1: it makes no difference.</param>
/// <param name="First">The first position that was read or edited.</param>
internal readonly record struct GuardOrigin(string? Fingerprint, int PromptLength, int First)
{
    /// <summary>No guard.</summary>
    public static GuardOrigin None => new(null, -1, int.MaxValue);
}
