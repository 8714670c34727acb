namespace Managed.Kernels;

/// <summary>
/// What makes two steps the same row of operations on the same memory, so that a device may record the first and play it for the second:
/// a token of each sequence, no hooks, nothing for the host to do in between.
/// </summary>
/// <param name="Sequences">Sequences, each with one token.</param>
/// <param name="Logits">Which logits are wanted, as a number.</param>
/// <param name="Precision">How weights meet activations.</param>
/// <param name="Rotation">A number for the rotary tables of the step, the same for all its sequences.</param>
internal readonly record struct StepKey(int Sequences, int Logits, Precision Precision, int Rotation);
