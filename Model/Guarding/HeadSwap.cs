using Managed.Kernels;

namespace Managed;

/// <summary>What makes a row's logits in place of the model's own head.</summary>
/// <param name="Matrix">[vocabulary, width]; null: the model's own, with `Down` and `Up` added.</param>
/// <param name="Down">[rank, width], for a low-rank change; null: none.</param>
/// <param name="Up">[vocabulary, rank].</param>
internal sealed record HeadSwap(Weight? Matrix, Weight? Down = null, Weight? Up = null);
