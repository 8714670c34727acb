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
